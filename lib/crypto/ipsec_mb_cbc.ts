/**
 * AES-CBC with HMAC by libIPSec_MB, burst by burst.
 *
 * @module
 */

import { burstCapacity, type CbcHmacContext, longestMessage } from "deno-tun";
import type { DataCipher, PacketRun } from "./engine.ts";
import { blockLength, blocksFit, macIsAt, RandomBlocks, unsealable } from "./engine_packets.ts";
import { burstFailed } from "./ipsec_mb_error.ts";

/** One key, one direction. */
export class IpsecMbCbcHmac implements DataCipher {
  readonly kind = "cbc-hmac";
  readonly macLength: number;
  readonly #context: CbcHmacContext;
  readonly #random = new RandomBlocks();
  /** Which packet of the run is in each slot, when opening. */
  readonly #packet = new Int32Array(burstCapacity);

  /** @param context Is closed by `destroy`. */
  constructor(context: CbcHmacContext) {
    this.#context = context;
    this.macLength = context.macLength;
  }

  seal(run: PacketRun, first: number, end: number): void {
    for (let i = first; i < end; i += burstCapacity) {
      this.#sealBurst(run, i, Math.min(i + burstCapacity, end));
    }
  }

  #sealBurst(run: PacketRun, first: number, end: number): void {
    const { memory, offset, length } = run;
    const context = this.#context;
    for (let i = first; i < end; i++) {
      if (!this.#fits(run, i)) throw unsealable(run, i);
      this.#random.write(memory.bytes, offset[i] - blockLength);
      context.put(i - first, memory, offset[i], length[i]);
    }
    const count = end - first;
    if (!context.encrypt(count) || !context.authenticate(count)) throw burstFailed();
  }

  open(run: PacketRun, first: number, end: number): void {
    run.authentic.fill(0, first, end);
    for (let i = first; i < end;) i = this.#openBurst(run, i, end);
  }

  /** Opens as many packets as a burst takes, and returns the number of the next one. */
  #openBurst(run: PacketRun, first: number, end: number): number {
    const { memory, offset, length } = run;
    let count = 0;
    let i = first;
    for (; i < end && count < burstCapacity; i++) {
      if (!this.#fits(run, i)) continue;
      this.#context.put(count, memory, offset[i], length[i]);
      this.#packet[count] = i;
      count++;
    }
    if (count > 0 && this.#context.authenticate(count)) this.#decryptAuthentic(run, count);
    return i;
  }

  /** Only what is authentic is decrypted, in as few calls as that allows. */
  #decryptAuthentic(run: PacketRun, count: number): void {
    let firstGood = 0;
    for (let slot = 0; slot <= count; slot++) {
      if (slot < count && this.#isAuthentic(run, slot)) continue;
      if (slot > firstGood && this.#context.decrypt(firstGood, slot)) {
        for (let good = firstGood; good < slot; good++) run.authentic[this.#packet[good]] = 1;
      }
      firstGood = slot + 1;
    }
  }

  #isAuthentic(run: PacketRun, slot: number): boolean {
    const mac = run.offset[this.#packet[slot]] - blockLength - this.macLength;
    return macIsAt(run.memory.bytes, mac, this.#context.mac(slot), this.macLength);
  }

  /** The library's lanes count in 16 bits; no UDP datagram is that long. */
  #fits(run: PacketRun, i: number): boolean {
    return blocksFit(run, i, this.macLength + blockLength) &&
      run.length[i] <= longestMessage - blockLength;
  }

  destroy(): void {
    this.#context.close();
  }
}
