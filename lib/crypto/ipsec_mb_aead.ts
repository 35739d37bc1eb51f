/**
 * AES-GCM and ChaCha20-Poly1305 by libIPSec_MB, burst by burst.
 *
 * @module
 */

import { burstCapacity, type IpsecMbAeadContext } from "deno-tun";
import type { DataCipher, PacketRun } from "./engine.ts";
import {
  checkAssociatedDataLength,
  macIsAt,
  packetFits,
  packetIdLength,
  tagLength,
  unsealable,
} from "./engine_packets.ts";
import { burstFailed } from "./ipsec_mb_error.ts";

/** One key, one direction. */
export class IpsecMbAeadCipher implements DataCipher {
  readonly kind = "aead";
  readonly macLength = tagLength;
  readonly #context: IpsecMbAeadContext;
  /** Which packet of the run is in each slot, when opening. */
  readonly #packet = new Int32Array(burstCapacity);

  /** @param context With the implicit IV; is closed by `destroy`. */
  constructor(context: IpsecMbAeadContext) {
    this.#context = context;
  }

  seal(run: PacketRun, first: number, end: number, aadLength: number): void {
    checkAssociatedDataLength(aadLength);
    for (let i = first; i < end; i += burstCapacity) {
      this.#sealBurst(run, i, Math.min(i + burstCapacity, end), aadLength);
    }
  }

  #sealBurst(run: PacketRun, first: number, end: number, aadLength: number): void {
    for (let i = first; i < end; i++) {
      if (!packetFits(run, i, aadLength + tagLength)) throw unsealable(run, i);
      this.#put(i - first, run, i, aadLength);
    }
    if (!this.#context.run(end - first)) throw burstFailed();
  }

  open(run: PacketRun, first: number, end: number, aadLength: number): void {
    checkAssociatedDataLength(aadLength);
    run.authentic.fill(0, first, end);
    for (let i = first; i < end;) i = this.#openBurst(run, i, end, aadLength);
  }

  /** Opens as many packets as a burst takes, and returns the number of the next one. */
  #openBurst(run: PacketRun, first: number, end: number, aadLength: number): number {
    let count = 0;
    let i = first;
    for (; i < end && count < burstCapacity; i++) {
      if (!packetFits(run, i, aadLength + tagLength)) continue;
      this.#put(count, run, i, aadLength);
      this.#packet[count] = i;
      count++;
    }
    if (count > 0 && this.#context.run(count)) this.#markAuthentic(run, count);
    return i;
  }

  #put(slot: number, run: PacketRun, i: number, aadLength: number): void {
    const { memory } = run;
    const text = run.offset[i];
    const tag = text - tagLength;
    const nonceHead = memory.view.getUint32(tag - packetIdLength, true);
    this.#context.put(
      slot,
      memory,
      nonceHead,
      tag - aadLength,
      aadLength,
      tag,
      text,
      run.length[i],
    );
  }

  #markAuthentic(run: PacketRun, count: number): void {
    for (let slot = 0; slot < count; slot++) {
      const i = this.#packet[slot];
      const tag = run.offset[i] - tagLength;
      const right = macIsAt(run.memory.bytes, tag, this.#context.tag(slot), tagLength);
      run.authentic[i] = right ? 1 : 0;
    }
  }

  destroy(): void {
    this.#context.close();
  }
}
