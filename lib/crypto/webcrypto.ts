/**
 * The engine that is always there: what Deno has built in, WebCrypto and `node:crypto`.
 *
 * Which of the two does what is chosen by measurement (Deno 2.9.6, µs per 1,400-byte packet) and
 * by what they have:
 *
 * | | |
 * |---|---|
 * | AES-128/256-GCM | `node:crypto`, 11–12 whatever the batch; WebCrypto takes 31 for one packet and, with 32 in flight, 10.5 but 15 of processor time |
 * | AES-192-GCM | WebCrypto, all packets in flight at once: `node:crypto` has none |
 * | CHACHA20-POLY1305 | `node:crypto`, 5–7; WebCrypto has none, and `@noble/ciphers` takes 17 |
 * | CBC | many packets as one stream: `node:crypto` up to 16 KB, WebCrypto above and for AES-192 |
 * | HMAC | `node:crypto`, from copies of two keyed digests: 3.4; its `createHmac` takes 5.5, WebCrypto 5.7 with 32 in flight |
 *
 * Both APIs return their results in new arrays, so that this engine allocates on the packet path.
 *
 * @module
 */

import type { CryptoEngine, DataCipher, KeyMaterial } from "./engine.ts";
import { checkedAlgorithms, findAlgorithms } from "./engine_packets.ts";
import { createCbcHmac } from "./webcrypto_cbc.ts";
import { NodeAead } from "./webcrypto_aead_node.ts";
import { createSubtleGcm } from "./webcrypto_aead_subtle.ts";
import { hasKeyedDigest } from "./webcrypto_hmac.ts";

/** WebCrypto and `node:crypto`. */
export class WebCryptoEngine implements CryptoEngine {
  readonly name = "webcrypto";

  supports(cipher: string, auth: string): boolean {
    const algorithms = findAlgorithms(cipher, auth);
    if (algorithms === undefined) return false;
    return algorithms.kind === "aead" || hasKeyedDigest(algorithms.digest.nodeName);
  }

  createCipher(
    direction: "seal" | "open",
    material: KeyMaterial,
  ): DataCipher | Promise<DataCipher> {
    const algorithms = checkedAlgorithms(this, material);
    if (algorithms.kind === "cbc-hmac") {
      return createCbcHmac(direction, algorithms.cipher, algorithms.digest, material);
    }
    switch (algorithms.cipher.name) {
      case "AES-128-GCM":
        return new NodeAead("aes-128-gcm", material);
      case "AES-256-GCM":
        return new NodeAead("aes-256-gcm", material);
      case "CHACHA20-POLY1305":
        return new NodeAead("chacha20-poly1305", material);
      default:
        return createSubtleGcm(material);
    }
  }
}
