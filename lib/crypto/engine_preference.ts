/**
 * Several engines as one: each key goes to the first that supports its cipher and digest.
 *
 * @module
 */

import type { CryptoEngine, DataCipher, KeyMaterial } from "./engine.ts";
import { checkedAlgorithms } from "./engine_packets.ts";

/**
 * Engines in order of preference.
 *
 * ipsec-mb first, openssl next: measured in one run for packets of 1,408 bytes, through FFI, on one
 * core of an AMD EPYC (Zen 4) with OpenSSL 3.0 and libIPSec_MB 1.3, in µs per packet (seal, open):
 *
 * |                    | openssl    | ipsec-mb, bursts of 1 | of 8       | of 32      |
 * |--------------------|------------|-----------------------|------------|------------|
 * | AES-256-CBC SHA256 | 2.42, 1.22 | 2.57, 1.20            | 0.74, 0.63 | 0.64, 0.60 |
 * | AES-128-CBC SHA1   | 1.95, 1.11 | 2.35, 1.08            | 0.70, 0.61 | 0.41, 0.37 |
 * | AES-256-CBC SHA512 | 3.55, 2.40 | 7.97, 5.47            | 0.91, 0.82 | 0.85, 0.82 |
 * | AES-256-GCM        | 0.60, 0.60 | 0.22, 0.37            | 0.20, 0.24 | 0.19, 0.22 |
 * | CHACHA20-POLY1305  | 0.89, 0.93 | 0.56, 0.71            | 0.54, 0.59 | 0.54, 0.57 |
 */
export class EnginePreference implements CryptoEngine {
  /** Of all engines. */
  readonly name: string;
  readonly #engines: readonly CryptoEngine[];

  /** @param engines The most preferred one first; `undefined` for one that is not there. */
  constructor(engines: readonly (CryptoEngine | undefined)[]) {
    this.#engines = engines.filter((engine) => engine !== undefined);
    this.name = this.#engines.map((engine) => engine.name).join(", ");
  }

  supports(cipher: string, auth: string): boolean {
    return this.#engines.some((engine) => engine.supports(cipher, auth));
  }

  createCipher(
    direction: "seal" | "open",
    material: KeyMaterial,
  ): DataCipher | Promise<DataCipher> {
    checkedAlgorithms(this, material);
    const { cipher, auth } = material;
    const engine = this.#engines.find((candidate) => candidate.supports(cipher, auth));
    if (engine === undefined) throw new Error(`${this.name} lack what they support`);
    return engine.createCipher(direction, material);
  }
}
