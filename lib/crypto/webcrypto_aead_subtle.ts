/**
 * AES-GCM by WebCrypto, one call per packet and all of a batch in flight at once. The engine uses
 * it for AES-192, which Deno's `node:crypto` does not have.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import { wipe } from "../base/bytes.ts";
import type { DataCipher, KeyMaterial, PacketRun } from "./engine.ts";
import {
  checkAssociatedDataLength,
  nonceLength,
  packetFits,
  packetIdLength,
  setPacketId,
  tagLength,
  unsealable,
} from "./engine_packets.ts";

/** The material is copied before this returns. Its lengths have been checked. */
export async function createSubtleGcm(material: KeyMaterial): Promise<DataCipher> {
  const implicitIv = material.hmacKey.slice();
  const raw = new Uint8Array(material.cipherKey);
  const usages: KeyUsage[] = ["encrypt", "decrypt"];
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, usages);
  wipe(raw);
  return new SubtleGcm(key, implicitIv);
}

class SubtleGcm implements DataCipher {
  readonly kind = "aead";
  readonly macLength = tagLength;
  #key: CryptoKey | undefined;
  readonly #implicitIv: Uint8Array;

  constructor(key: CryptoKey, implicitIv: Uint8Array) {
    this.#key = key;
    this.#implicitIv = implicitIv;
  }

  async seal(run: PacketRun, first: number, end: number, aadLength: number): Promise<void> {
    checkAssociatedDataLength(aadLength);
    const key = this.#key;
    if (key === undefined) throw new VpnError("the key was destroyed before");
    for (let i = first; i < end; i++) {
      if (!packetFits(run, i, aadLength + tagLength)) throw unsealable(run, i);
    }
    const bytes = run.memory.bytes;
    const inFlight: Promise<void>[] = [];
    for (let i = first; i < end; i++) {
      const text = run.offset[i];
      const length = run.length[i];
      const parameters = this.#parameters(bytes, text - tagLength, aadLength);
      const plain = bytes.subarray(text, text + length);
      inFlight.push(
        crypto.subtle.encrypt(parameters, key, plain).then((result) => {
          const sealed = new Uint8Array(result); // text, then tag
          bytes.set(sealed.subarray(0, length), text);
          bytes.set(sealed.subarray(length), text - tagLength);
        }),
      );
    }
    await Promise.all(inFlight);
  }

  async open(run: PacketRun, first: number, end: number, aadLength: number): Promise<void> {
    checkAssociatedDataLength(aadLength);
    const key = this.#key;
    const { authentic } = run;
    const bytes = run.memory.bytes;
    const inFlight: Promise<void>[] = [];
    for (let i = first; i < end; i++) {
      authentic[i] = 0;
      if (key === undefined || !packetFits(run, i, aadLength + tagLength)) continue;
      const text = run.offset[i];
      const tag = text - tagLength;
      const length = run.length[i];
      const sealed = new Uint8Array(length + tagLength);
      sealed.set(bytes.subarray(text, text + length));
      sealed.set(bytes.subarray(tag, text), length);
      inFlight.push(
        crypto.subtle.decrypt(this.#parameters(bytes, tag, aadLength), key, sealed).then(
          (plain) => {
            bytes.set(new Uint8Array(plain), text);
            authentic[i] = 1;
          },
          () => {}, // A wrong tag: WebCrypto says it by rejecting; `authentic` is 0 already.
        ),
      );
    }
    await Promise.all(inFlight);
  }

  #parameters(bytes: Uint8Array<ArrayBuffer>, tag: number, aadLength: number): AesGcmParams {
    const iv = new Uint8Array(nonceLength);
    iv.set(this.#implicitIv, packetIdLength);
    setPacketId(iv, bytes, tag);
    const additionalData = bytes.subarray(tag - aadLength, tag);
    return { name: "AES-GCM", iv, additionalData, tagLength: tagLength * 8 };
  }

  destroy(): void {
    this.#key = undefined;
    wipe(this.#implicitIv);
  }
}
