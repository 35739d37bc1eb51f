/**
 * AES-128/256-GCM and ChaCha20-Poly1305 by `node:crypto`, packet by packet and never with a
 * promise. Deno compares the tag in constant time (`ct_eq` in its ext/node/ops/crypto/cipher.rs).
 *
 * @module
 */

import type { CipherChaCha20Poly1305Types, CipherGCMTypes } from "node:crypto";
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
import { nodeCrypto } from "./node_crypto.ts";

const options = { authTagLength: tagLength };

/** An AEAD cipher in either direction. */
export class NodeAead implements DataCipher {
  readonly kind = "aead";
  readonly macLength = tagLength;
  // The type of ChaCha20's overload; GCM's differs in its literal names only.
  readonly #algorithm: CipherChaCha20Poly1305Types;
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(nonceLength);
  #destroyed = false;

  /** The material is copied. Its lengths have been checked. */
  constructor(algorithm: CipherGCMTypes | CipherChaCha20Poly1305Types, material: KeyMaterial) {
    this.#algorithm = algorithm as CipherChaCha20Poly1305Types;
    this.#key = material.cipherKey.slice();
    this.#nonce.set(material.hmacKey, packetIdLength);
  }

  seal(run: PacketRun, first: number, end: number, aadLength: number): void {
    checkAssociatedDataLength(aadLength);
    if (this.#destroyed) throw new VpnError("the key was destroyed before");
    const { offset, length } = run;
    const bytes = run.memory.bytes;
    for (let i = first; i < end; i++) {
      if (!packetFits(run, i, aadLength + tagLength)) throw unsealable(run, i);
      const text = offset[i];
      const tag = text - tagLength;
      setPacketId(this.#nonce, bytes, tag);
      const cipher = nodeCrypto().createCipheriv(this.#algorithm, this.#key, this.#nonce, options);
      cipher.setAAD(bytes.subarray(tag - aadLength, tag), { plaintextLength: length[i] });
      bytes.set(cipher.update(bytes.subarray(text, text + length[i])), text);
      cipher.final();
      bytes.set(cipher.getAuthTag(), tag);
    }
  }

  open(run: PacketRun, first: number, end: number, aadLength: number): void {
    checkAssociatedDataLength(aadLength);
    const { offset, length, authentic } = run;
    const bytes = run.memory.bytes;
    for (let i = first; i < end; i++) {
      authentic[i] = 0;
      if (this.#destroyed || !packetFits(run, i, aadLength + tagLength)) continue;
      const text = offset[i];
      const tag = text - tagLength;
      setPacketId(this.#nonce, bytes, tag);
      const decipher = nodeCrypto().createDecipheriv(
        this.#algorithm,
        this.#key,
        this.#nonce,
        options,
      );
      decipher.setAAD(bytes.subarray(tag - aadLength, tag), { plaintextLength: length[i] });
      decipher.setAuthTag(bytes.subarray(tag, text));
      const plain = decipher.update(bytes.subarray(text, text + length[i]));
      try {
        decipher.final();
      } catch {
        continue; // A wrong tag: node:crypto has no other way to say it.
      }
      bytes.set(plain, text);
      authentic[i] = 1;
    }
  }

  destroy(): void {
    this.#destroyed = true;
    wipe(this.#key, this.#nonce);
  }
}
