/**
 * OpenSSL's libcrypto: ciphers and HMAC on packets in a `PinnedMemory`, in place.
 *
 * The library is opened at the first call and only if it is there: `libcrypto.so.3`, else
 * `libcrypto.so.1.1`; both have all functions used here. `HMAC_CTX` is deprecated in 3.0 and used
 * all the same: it is in both versions and faster per packet than `EVP_MAC` (0.97 against 1.02 µs
 * for HMAC-SHA256 of 1,424 bytes).
 *
 * @module
 */

import { cString } from "./libc.ts";
import { checkFunctions, lazyLibrary } from "./lazy_library.ts";
import { type LibCryptoSymbols, libcryptoSymbols } from "./libcrypto_symbols.ts";
import type { PinnedMemory } from "./memory.ts";

// include/openssl/evp.h, crypto.h
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;
const EVP_MAX_KEY_LENGTH = 64;
const EVP_MAX_BLOCK_LENGTH = 32;
const EVP_MAX_MD_SIZE = 64;
const OPENSSL_VERSION = 0;

/** What a cipher context does: `enc` of `EVP_CipherInit_ex`. */
const encFlag = { decrypt: 0, encrypt: 1, unchanged: -1 } as const;

/** libcrypto, opened. Contexts made from it are not freed by themselves: `close` them. */
export class LibCrypto {
  static #opened: LibCrypto | undefined;
  readonly #symbols: LibCryptoSymbols;

  private constructor(symbols: LibCryptoSymbols) {
    this.#symbols = symbols;
  }

  /**
   * The library, or undefined where the system has none that can be loaded.
   *
   * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
   */
  static open(): LibCrypto | undefined {
    if (LibCrypto.#opened !== undefined) return LibCrypto.#opened;
    for (const name of ["libcrypto.so.3", "libcrypto.so.1.1"]) {
      try {
        checkFunctions(name, libcryptoSymbols);
        return LibCrypto.#opened = new LibCrypto(lazyLibrary(name, libcryptoSymbols));
      } catch (error) {
        // Without the permission nobody can know whether the library is there.
        if (error instanceof Deno.errors.NotCapable) throw error;
      }
    }
    return undefined;
  }

  /** For instance `OpenSSL 3.0.19 27 Jan 2026`. */
  get version(): string {
    const text = this.#symbols.OpenSSL_version(OPENSSL_VERSION);
    return text === null ? "" : Deno.UnsafePointerView.getCString(text);
  }

  /** Whether the library's providers can do this cipher, by OpenSSL's or OpenVPN's name. */
  hasCipher(name: string): boolean {
    const context = this.#newCipher(name, new Uint8Array(EVP_MAX_KEY_LENGTH), "encrypt");
    if (context === undefined) return false;
    this.#symbols.EVP_CIPHER_CTX_free(context);
    return true;
  }

  /** Whether the library's providers can make HMACs with this digest. */
  hasDigest(name: string): boolean {
    const context = this.#newHmac(name, new Uint8Array(EVP_MAX_MD_SIZE));
    if (context === undefined) return false;
    this.#symbols.HMAC_CTX_free(context);
    return true;
  }

  /**
   * A context for an AEAD cipher with a 12-byte nonce and a 16-byte tag.
   *
   * @param key As long as the cipher wants; the library copies it.
   * @throws {Error} when the library cannot do the cipher.
   */
  aead(name: string, direction: "encrypt" | "decrypt", key: Uint8Array): AeadContext {
    const context = this.#newCipher(name, key, direction);
    if (context === undefined) throw new Error(`libcrypto cannot do the cipher ${name}`);
    return new AeadContext(this.#symbols, context);
  }

  /**
   * A context for a block cipher in CBC mode, without padding, with a random chaining value.
   *
   * @param key As long as the cipher wants; the library copies it.
   * @throws {Error} when the library cannot do the cipher.
   */
  cbc(name: string, direction: "encrypt" | "decrypt", key: Uint8Array): CbcContext {
    const context = this.#newCipher(name, key, direction);
    if (context === undefined) throw new Error(`libcrypto cannot do the cipher ${name}`);
    if (this.#symbols.EVP_CIPHER_CTX_set_padding(context, 0) !== 1) {
      this.#symbols.EVP_CIPHER_CTX_free(context);
      throw new Error(`libcrypto cannot do the cipher ${name} without padding`);
    }
    return new CbcContext(this.#symbols, context);
  }

  /**
   * A context for HMACs.
   *
   * @param key 1 to 64 bytes; the library copies it.
   * @throws {Error} when the library cannot do the digest.
   */
  hmac(digest: string, key: Uint8Array): HmacContext {
    const context = this.#newHmac(digest, key);
    if (context === undefined) throw new Error(`libcrypto cannot do HMACs with ${digest}`);
    if (sizePointers.length === 0) sizePointers = new Array(sizePointerCount).fill(undefined);
    return new HmacContext(this.#symbols, context);
  }

  #newCipher(
    name: string,
    key: Uint8Array,
    direction: "encrypt" | "decrypt",
  ): Deno.PointerObject | undefined {
    const cipher = this.#symbols.EVP_get_cipherbyname(cString(name));
    if (cipher === null) return undefined;
    const context = this.#symbols.EVP_CIPHER_CTX_new();
    if (context === null) return undefined;
    // The library reads as much as the cipher wants: never past the end of a key that is too short.
    const keyCopy = new Uint8Array(EVP_MAX_KEY_LENGTH);
    keyCopy.set(key.subarray(0, EVP_MAX_KEY_LENGTH));
    const iv = crypto.getRandomValues(new Uint8Array(EVP_MAX_BLOCK_LENGTH));
    const enc = encFlag[direction];
    const result = this.#symbols.EVP_CipherInit_ex(context, cipher, null, keyCopy, iv, enc);
    keyCopy.fill(0);
    if (result === 1) return context;
    this.#symbols.EVP_CIPHER_CTX_free(context);
    return undefined;
  }

  #newHmac(digest: string, key: Uint8Array): Deno.PointerObject | undefined {
    if (key.length === 0 || key.length > EVP_MAX_MD_SIZE) return undefined;
    const md = this.#symbols.EVP_get_digestbyname(cString(digest));
    if (md === null) return undefined;
    const context = this.#symbols.HMAC_CTX_new();
    if (context === null) return undefined;
    if (this.#symbols.HMAC_Init_ex(context, key, key.length, md, null) === 1) return context;
    this.#symbols.HMAC_CTX_free(context);
    return undefined;
  }
}

/** One AEAD cipher (12-byte nonce, 16-byte tag) with one key in one direction. */
export class AeadContext {
  readonly #symbols: LibCryptoSymbols;
  #context: Deno.PointerObject | null;
  readonly #written = new Int32Array(1);
  readonly #rest = new Uint8Array(EVP_MAX_BLOCK_LENGTH);

  /** Use `LibCrypto.aead`. */
  constructor(symbols: LibCryptoSymbols, context: Deno.PointerObject) {
    this.#symbols = symbols;
    this.#context = context;
  }

  /**
   * Encrypts `length` bytes at `text` in place and writes their tag to `tag`. Offsets are in bytes
   * from the start of `memory`; that they lie inside of it is the caller's duty.
   *
   * @param nonce 12 bytes.
   * @param aad Offset of the associated data, of `aadLength` bytes, above 0.
   * @returns False when the library failed or the context is closed: the text must not be sent.
   */
  seal(
    memory: PinnedMemory,
    nonce: Uint8Array,
    aad: number,
    aadLength: number,
    tag: number,
    text: number,
    length: number,
  ): boolean {
    const context = this.#context;
    if (context === null) return false;
    const { EVP_CipherInit_ex, EVP_CIPHER_CTX_ctrl } = this.#symbols;
    return EVP_CipherInit_ex(context, null, null, null, nonce, encFlag.unchanged) === 1 &&
      this.#run(context, memory, aad, aadLength, text, length) &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, memory.pointerAt(tag)) === 1;
  }

  /**
   * Decrypts in place; parameters as with `seal`.
   *
   * @returns Whether the tag is right. If not, the text is undefined and must not be used.
   */
  open(
    memory: PinnedMemory,
    nonce: Uint8Array,
    aad: number,
    aadLength: number,
    tag: number,
    text: number,
    length: number,
  ): boolean {
    const context = this.#context;
    if (context === null) return false;
    const { EVP_CipherInit_ex, EVP_CIPHER_CTX_ctrl } = this.#symbols;
    return EVP_CipherInit_ex(context, null, null, null, nonce, encFlag.unchanged) === 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, memory.pointerAt(tag)) === 1 &&
      this.#run(context, memory, aad, aadLength, text, length);
  }

  #run(
    context: Deno.PointerObject,
    memory: PinnedMemory,
    aad: number,
    aadLength: number,
    text: number,
    length: number,
  ): boolean {
    const { EVP_CipherUpdate, EVP_CipherFinal_ex } = this.#symbols;
    const written = this.#written;
    if (EVP_CipherUpdate(context, null, written, memory.pointerAt(aad), aadLength) !== 1) {
      return false;
    }
    if (length > 0) {
      const pointer = memory.pointerAt(text);
      if (EVP_CipherUpdate(context, pointer, written, pointer, length) !== 1) return false;
      if (written[0] !== length) return false;
    }
    return EVP_CipherFinal_ex(context, this.#rest, written) === 1;
  }

  /** Frees the context and wipes its key. Closing it again does nothing. */
  close(): void {
    if (this.#context !== null) this.#symbols.EVP_CIPHER_CTX_free(this.#context);
    this.#context = null;
  }
}

/** One block cipher in CBC mode with one key in one direction. */
export class CbcContext {
  readonly #symbols: LibCryptoSymbols;
  #context: Deno.PointerObject | null;
  readonly #written = new Int32Array(1);

  /** Use `LibCrypto.cbc`. */
  constructor(symbols: LibCryptoSymbols, context: Deno.PointerObject) {
    this.#symbols = symbols;
    this.#context = context;
  }

  /**
   * Runs `length` bytes at `offset` (both in bytes; a multiple of 16, above 0) through the cipher,
   * in place. The stream goes on where the last call ended: its last ciphertext block is what the
   * first block here is chained to.
   *
   * @returns False when the library failed or the context is closed.
   */
  update(memory: PinnedMemory, offset: number, length: number): boolean {
    const context = this.#context;
    if (context === null) return false;
    const pointer = memory.pointerAt(offset);
    const { EVP_CipherUpdate } = this.#symbols;
    return EVP_CipherUpdate(context, pointer, this.#written, pointer, length) === 1 &&
      this.#written[0] === length;
  }

  /** Frees the context and wipes its key. Closing it again does nothing. */
  close(): void {
    if (this.#context !== null) this.#symbols.EVP_CIPHER_CTX_free(this.#context);
    this.#context = null;
  }
}

/** HMACs with one key. */
export class HmacContext {
  /** Length of the HMAC, in bytes. */
  readonly size: number;
  readonly #symbols: LibCryptoSymbols;
  #context: Deno.PointerObject | null;

  /** Use `LibCrypto.hmac`. */
  constructor(symbols: LibCryptoSymbols, context: Deno.PointerObject) {
    this.#symbols = symbols;
    this.#context = context;
    this.size = symbols.HMAC_size(context);
  }

  /**
   * The HMAC of the `length` bytes (above 0) at `offset`.
   *
   * @param mac Where it goes: `size` bytes or more.
   * @returns False when `mac` is too short, the library failed or the context is closed.
   */
  digest(memory: PinnedMemory, offset: number, length: number, mac: Uint8Array): boolean {
    const context = this.#context;
    if (context === null || mac.length < this.size) return false;
    const { HMAC_Init_ex, HMAC_Update, HMAC_Final } = this.#symbols;
    // No key and no digest: both stay, and the state begins anew.
    return HMAC_Init_ex(context, null, 0, null, null) === 1 &&
      HMAC_Update(context, memory.pointerAt(offset), sizeAsPointer(length)) === 1 &&
      HMAC_Final(context, mac, null) === 1;
  }

  /** Frees the context and wipes its key. Closing it again does nothing. */
  close(): void {
    if (this.#context !== null) this.#symbols.HMAC_CTX_free(this.#context);
    this.#context = null;
  }
}

// No packet is longer than a UDP datagram, so that the table stays small; half a megabyte all the
// same, which is made with the first HMAC.
const sizePointerCount = 65536;
let sizePointers: (Deno.PointerObject | undefined)[] = [];

/** A `size_t` above 0 for a "pointer" parameter; see libcrypto_symbols.ts. */
function sizeAsPointer(size: number): Deno.PointerObject {
  const known = sizePointers[size];
  if (known !== undefined) return known;
  const made = size > 0 ? Deno.UnsafePointer.create<unknown>(BigInt(size)) : null;
  if (made === null) throw new RangeError(`${size} is not a size above 0`);
  if (size < sizePointers.length) sizePointers[size] = made;
  return made;
}
