/**
 * Intel's Multi-Buffer Crypto for IPsec Library: AES-CBC with HMAC on many packets side by side,
 * AES-GCM and ChaCha20-Poly1305, in place, on packets in a `PinnedMemory`.
 *
 * The library is opened at the first call and only if it is there: `libIPSec_MB.so.1`, version 1.3
 * to 1.5, on x86-64. Everything here belongs to the thread that opened it.
 *
 * @module
 */

import { type IpsecMbAead, IpsecMbAeadContext } from "./ipsec_mb_aead.ts";
import { CbcHmacContext, type IpsecMbDigest } from "./ipsec_mb_cbc_hmac.ts";
import { JobTable } from "./ipsec_mb_jobs.ts";
import { IpsecMbLibrary } from "./ipsec_mb_library.ts";
import { selfTest } from "./ipsec_mb_self_test.ts";

/** libIPSec_MB, opened and tested. Contexts made from it hold keys: `close` them. */
export class IpsecMb {
  static #opened: IpsecMb | undefined;
  readonly #library: IpsecMbLibrary;
  readonly #jobs: JobTable;

  private constructor(library: IpsecMbLibrary) {
    this.#library = library;
    this.#jobs = new JobTable(library);
    selfTest(library, this.#jobs);
  }

  /**
   * The library.
   *
   * @throws {IpsecMbUnavailable} where it is absent, of another version or fails its test, or the
   * processor is not fit for it.
   * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
   */
  static open(): IpsecMb {
    return IpsecMb.#opened ??= new IpsecMb(new IpsecMbLibrary());
  }

  /** For instance `v1.3.0`. */
  get version(): string {
    return this.#library.version;
  }

  /**
   * A context for AES-CBC without padding, and HMAC.
   *
   * @param cipherKey 16, 24 or 32 bytes; copied.
   * @param hmacKey 1 byte to the digest's block size; copied.
   * @throws {RangeError} for a key of another length.
   */
  cbcHmac(
    direction: "encrypt" | "decrypt",
    cipherKey: Uint8Array,
    digest: IpsecMbDigest,
    hmacKey: Uint8Array,
  ): CbcHmacContext {
    return new CbcHmacContext(this.#library, this.#jobs, direction, cipherKey, digest, hmacKey);
  }

  /**
   * A context for an AEAD cipher with a 12-byte nonce and a 16-byte tag.
   *
   * @param key GCM: 16, 24 or 32 bytes; CHACHA20_POLY1305: 32; copied.
   * @param nonceTail The last 8 bytes of every nonce; copied.
   * @throws {RangeError} for a key or a tail of another length.
   */
  aead(
    cipher: IpsecMbAead,
    direction: "encrypt" | "decrypt",
    key: Uint8Array,
    nonceTail: Uint8Array,
  ): IpsecMbAeadContext {
    return new IpsecMbAeadContext(this.#library, this.#jobs, cipher, direction, key, nonceTail);
  }
}
