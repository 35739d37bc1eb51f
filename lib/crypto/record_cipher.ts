/**
 * AES-256-CBC with PKCS#7 padding and HMAC-SHA256 over what comes out of it, for records of a
 * stream: encrypt-then-MAC where the MAC does not travel by itself, so that sealing and checking
 * need its value.
 *
 * Each cipher has one key for one direction and a memory of its own, in which it works in place:
 *
 * ```text
 * IV (16) | text (length) | room for the padding (1 to 16)
 * ```
 *
 * @module
 */

import { type CbcContext, type HmacContext, LibCrypto, PinnedMemory } from "deno-tun";
import { wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";

/** Length of AES's block, and so of the IV, in bytes. */
export const recordBlockLength = 16;

/** Length of HMAC-SHA256, in bytes. */
export const recordMacLength = 32;

/** What makes the ciphers; `auto` takes OpenSSL's libcrypto where it is installed. */
export type RecordEngine = "auto" | "openssl" | "webcrypto";

/** The keys of one direction, 32 bytes each. */
export interface RecordKeys {
  /** For AES-256-CBC. */
  readonly cipherKey: Uint8Array<ArrayBuffer>;
  /** For HMAC-SHA256. */
  readonly macKey: Uint8Array<ArrayBuffer>;
}

/** One direction; see the module's page. */
export interface RecordCipher {
  /** What it is made of. */
  readonly engine: "openssl" | "webcrypto";
  /** The memory it works in. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Draws an IV and encrypts.
   *
   * @param offset Of the IV.
   * @param length Of the text behind it, in bytes.
   * @returns Length of the ciphertext, in bytes.
   */
  encrypt(offset: number, length: number): number | Promise<number>;
  /** Puts the HMAC of the `length` bytes at `offset` into `mac` (32 bytes). */
  authenticate(offset: number, length: number, mac: Uint8Array): void | Promise<void>;
  /**
   * Decrypts; to be asked for authentic records only.
   *
   * @param length Of the ciphertext behind the IV: a positive multiple of 16.
   * @returns Length of the text in bytes; -1 when its padding is wrong.
   */
  decrypt(offset: number, length: number): number | Promise<number>;
  /** Frees contexts, wipes memory. */
  destroy(): void;
}

/**
 * A cipher for one direction.
 *
 * @param size Of its memory, in bytes.
 * @throws {VpnError} when OpenSSL is asked for and not there.
 */
export async function createRecordCipher(
  choice: RecordEngine,
  direction: "encrypt" | "decrypt",
  keys: RecordKeys,
  size: number,
): Promise<RecordCipher> {
  if (choice === "webcrypto") return await WebCryptoRecordCipher.create(keys, size);
  const library = openLibrary(choice);
  if (library !== undefined) return new OpenSslRecordCipher(library, direction, keys, size);
  return await WebCryptoRecordCipher.create(keys, size);
}

/** What a choice comes to on this machine. @throws {VpnError} as `createRecordCipher`. */
export function recordEngine(choice: RecordEngine): "openssl" | "webcrypto" {
  return choice !== "webcrypto" && openLibrary(choice) !== undefined ? "openssl" : "webcrypto";
}

function openLibrary(choice: RecordEngine): LibCrypto | undefined {
  let library: LibCrypto | undefined;
  try {
    library = LibCrypto.open();
  } catch (error) {
    // Without --allow-ffi there is still WebCrypto, unless OpenSSL was asked for.
    if (choice === "openssl" || !(error instanceof Deno.errors.NotCapable)) throw error;
  }
  if (library !== undefined || choice !== "openssl") return library;
  throw new VpnError(
    "the engine openssl needs libcrypto.so.3 or libcrypto.so.1.1, which is not here",
    "install OpenSSL (Debian: apt-get install libssl3) or choose webcrypto",
  );
}

/** Length of the text in front of PKCS#7 padding (RFC 5652, section 6.3); -1 when it is wrong. */
function unpaddedLength(bytes: Uint8Array, offset: number, length: number): number {
  const padding = bytes[offset + length - 1];
  if (padding < 1 || padding > recordBlockLength || padding > length) return -1;
  for (let i = 1; i <= padding; i++) if (bytes[offset + length - i] !== padding) return -1;
  return length - padding;
}

class OpenSslRecordCipher implements RecordCipher {
  readonly engine = "openssl";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #memory: PinnedMemory;
  readonly #cbc: CbcContext;
  readonly #hmac: HmacContext;

  constructor(
    library: LibCrypto,
    direction: "encrypt" | "decrypt",
    { cipherKey, macKey }: RecordKeys,
    size: number,
  ) {
    this.#memory = new PinnedMemory(size);
    this.bytes = this.#memory.bytes;
    this.#hmac = library.hmac("SHA256", macKey);
    try {
      this.#cbc = library.cbc("AES-256-CBC", direction, cipherKey);
    } catch (error) {
      this.#hmac.close();
      throw error;
    }
  }

  encrypt(offset: number, length: number): number {
    const text = offset + recordBlockLength;
    const padding = recordBlockLength - length % recordBlockLength;
    this.bytes.fill(padding, text + length, text + length + padding);
    // A random block goes through the cipher in front of the text; what it becomes is as random and
    // serves as the IV that the text is chained to (NIST SP 800-38A, appendix C).
    crypto.getRandomValues(this.bytes.subarray(offset, text));
    if (!this.#cbc.update(this.#memory, offset, recordBlockLength + length + padding)) {
      throw failed();
    }
    return length + padding;
  }

  authenticate(offset: number, length: number, mac: Uint8Array): void {
    if (!this.#hmac.digest(this.#memory, offset, length, mac)) throw failed();
  }

  decrypt(offset: number, length: number): number {
    // The IV goes through the cipher too and becomes garbage; the text is chained to what it was.
    if (!this.#cbc.update(this.#memory, offset, recordBlockLength + length)) throw failed();
    return unpaddedLength(this.bytes, offset + recordBlockLength, length);
  }

  destroy(): void {
    this.#cbc.close();
    this.#hmac.close();
    wipe(this.bytes);
  }
}

function failed(): VpnError {
  return new VpnError("libcrypto could not work on a record, or its key was destroyed before");
}

class WebCryptoRecordCipher implements RecordCipher {
  readonly engine = "webcrypto";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #cipherKey: CryptoKey;
  readonly #macKey: CryptoKey;

  private constructor(cipherKey: CryptoKey, macKey: CryptoKey, size: number) {
    this.#cipherKey = cipherKey;
    this.#macKey = macKey;
    this.bytes = new Uint8Array(size);
  }

  static async create(keys: RecordKeys, size: number): Promise<WebCryptoRecordCipher> {
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const [cipherKey, macKey] = await Promise.all([
      crypto.subtle.importKey("raw", keys.cipherKey, "AES-CBC", false, ["encrypt", "decrypt"]),
      crypto.subtle.importKey("raw", keys.macKey, hmac, false, ["sign"]),
    ]);
    return new WebCryptoRecordCipher(cipherKey, macKey, size);
  }

  async encrypt(offset: number, length: number): Promise<number> {
    const text = offset + recordBlockLength;
    const iv = this.bytes.subarray(offset, text);
    crypto.getRandomValues(iv);
    const algorithm = { name: "AES-CBC", iv };
    const plain = this.bytes.subarray(text, text + length);
    const sealed = await crypto.subtle.encrypt(algorithm, this.#cipherKey, plain);
    this.bytes.set(new Uint8Array(sealed), text);
    return sealed.byteLength;
  }

  async authenticate(offset: number, length: number, mac: Uint8Array): Promise<void> {
    const covered = this.bytes.subarray(offset, offset + length);
    mac.set(new Uint8Array(await crypto.subtle.sign("HMAC", this.#macKey, covered)));
  }

  async decrypt(offset: number, length: number): Promise<number> {
    const text = offset + recordBlockLength;
    const algorithm = { name: "AES-CBC", iv: this.bytes.subarray(offset, text) };
    const sealed = this.bytes.subarray(text, text + length);
    let plain: ArrayBuffer;
    try {
      plain = await crypto.subtle.decrypt(algorithm, this.#cipherKey, sealed);
    } catch {
      return -1; // WebCrypto has looked at the padding itself.
    }
    this.bytes.set(new Uint8Array(plain), text);
    return plain.byteLength;
  }

  destroy(): void {
    wipe(this.bytes);
  }
}
