/**
 * The engine that calls Intel's Multi-Buffer library, where it is installed on x86-64: AES-CBC with
 * HMAC-SHA1 or SHA-2, AES-GCM, ChaCha20-Poly1305. It never returns a promise.
 *
 * A run of packets is cut into bursts. Calls per burst: AEAD one; CBC two, one for the cipher of
 * all packets and one for their HMACs.
 *
 * @module
 */

import { IpsecMb, type IpsecMbDigest } from "deno-tun";
import type { CipherInfo } from "./cipher_table.ts";
import type { CryptoEngine, DataCipher, KeyMaterial } from "./engine.ts";
import { checkedAlgorithms, findAlgorithms } from "./engine_packets.ts";
import { IpsecMbAeadCipher } from "./ipsec_mb_aead.ts";
import { IpsecMbCbcHmac } from "./ipsec_mb_cbc.ts";

/** The library's digests, by OpenVPN's names. */
const digests: ReadonlyMap<string, IpsecMbDigest> = new Map(
  (["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] as const).map((name) => [name, name]),
);

/** libIPSec_MB, called through FFI. */
export class IpsecMbEngine implements CryptoEngine {
  readonly name = "ipsec-mb";
  readonly #library: IpsecMb;

  private constructor(library: IpsecMb) {
    this.#library = library;
  }

  /**
   * The engine.
   *
   * @throws {IpsecMbUnavailable} of deno-tun, where there is no library that can be used.
   * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
   */
  static open(): IpsecMbEngine {
    return new IpsecMbEngine(IpsecMb.open());
  }

  /** For instance `1.3.0`. */
  get version(): string {
    return this.#library.version;
  }

  supports(cipher: string, auth: string): boolean {
    const algorithms = findAlgorithms(cipher, auth);
    if (algorithms === undefined) return false;
    return algorithms.kind === "aead" || digests.has(algorithms.digest.name);
  }

  createCipher(direction: "seal" | "open", material: KeyMaterial): DataCipher {
    const algorithms = checkedAlgorithms(this, material);
    const { cipherKey, hmacKey } = material;
    const way = direction === "seal" ? "encrypt" : "decrypt";
    if (algorithms.kind === "aead") {
      const cipher = aeadName(algorithms.cipher);
      return new IpsecMbAeadCipher(this.#library.aead(cipher, way, cipherKey, hmacKey));
    }
    const digest = digests.get(algorithms.digest.name);
    if (digest === undefined) throw new Error(`${this.name} lacks what it supports`);
    return new IpsecMbCbcHmac(this.#library.cbcHmac(way, cipherKey, digest, hmacKey));
  }
}

function aeadName(cipher: CipherInfo): "GCM" | "CHACHA20_POLY1305" {
  return cipher.name === "CHACHA20-POLY1305" ? "CHACHA20_POLY1305" : "GCM";
}
