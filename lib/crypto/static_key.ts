/**
 * Static keys: 2,048 bits that peers share in a file, for tls-auth ("dissipation key") and
 * tls-crypt.
 *
 * ```text
 * 256 bytes = 2 × { cipher key (64) | HMAC key (64) }
 * ```
 *
 * Source: OpenVPN's `crypto.c` (`read_key_file`, `key_direction_state_init`), `crypto.h`
 * (`struct key2`).
 *
 * @module
 */

import { randomBytes, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";

/** Bytes of a static key. */
export const staticKeyLength = 256;

const halfLength = 128;
const hmacKeyOffset = 64;

/** `key-direction`; undefined: both sides send and receive with the first half. */
export type KeyDirection = 0 | 1 | undefined;

/** The text is not a static key. */
export class StaticKeyError extends VpnError {
  override readonly name = "StaticKeyError";

  constructor(message: string) {
    super(`not a static key: ${message}`, "make one with: openvpn --genkey secret FILE");
  }
}

/** A static key. It does not show its bytes when printed. */
export class StaticKey {
  readonly #bytes: Uint8Array;

  /**
   * @param bytes Copied.
   * @throws {StaticKeyError} when there are not 256.
   */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== staticKeyLength) {
      throw new StaticKeyError(`${bytes.length} bytes where ${staticKeyLength} are expected`);
    }
    // Not slice(): a Buffer's is a view.
    this.#bytes = Uint8Array.from(bytes);
  }

  /** A copy of the whole key. */
  bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** A copy of the start of the cipher key of half 0 or 1; `length` is at most 64 bytes. */
  cipherKey(half: 0 | 1, length: number): Uint8Array {
    return this.#slice(half * halfLength, length);
  }

  /** A copy of the start of the HMAC key of half 0 or 1; `length` is at most 64 bytes. */
  hmacKey(half: 0 | 1, length: number): Uint8Array {
    return this.#slice(half * halfLength + hmacKeyOffset, length);
  }

  /** Overwrites the key. */
  wipe(): void {
    wipe(this.#bytes);
  }

  #slice(offset: number, length: number): Uint8Array {
    if (length > hmacKeyOffset) throw new RangeError(`a key of ${length} bytes: at most 64`);
    return this.#bytes.slice(offset, offset + length);
  }
}

/** Which half of the key each direction uses. */
export function keyHalves(direction: KeyDirection): { readonly send: 0 | 1; receive: 0 | 1 } {
  if (direction === undefined) return { send: 0, receive: 0 };
  return direction === 0 ? { send: 0, receive: 1 } : { send: 1, receive: 0 };
}

const header = "-----BEGIN OpenVPN Static key V1-----";
const footer = "-----END OpenVPN Static key V1-----";

/**
 * Reads a key file or inline block. What stands in front of the header and behind the footer is
 * comment.
 *
 * @throws {StaticKeyError} that names the line and what is wrong with it.
 */
export function parseStaticKey(text: string): StaticKey {
  const lines = text.split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => line.trim() === header);
  if (start < 0) throw new StaticKeyError(`the line "${header}" is missing`);
  const bytes = new Uint8Array(staticKeyLength);
  let digits = 0;
  for (let i = start + 1; i < lines.length; i++) {
    if (lines[i].trim() === footer) return finish(bytes, digits);
    const hex = lines[i].replace(/\s/g, "");
    const stranger = /[^0-9a-fA-F]/.exec(hex);
    if (stranger !== null) {
      wipe(bytes);
      throw new StaticKeyError(`line ${i + 1} has a character that is no hexadecimal digit`);
    }
    for (const digit of hex) {
      // Digits beyond the last byte fall off the array's end; they are counted.
      bytes[digits >> 1] |= parseInt(digit, 16) << (digits % 2 === 0 ? 4 : 0);
      digits++;
    }
  }
  wipe(bytes);
  throw new StaticKeyError(`the line "${footer}" is missing`);
}

function finish(bytes: Uint8Array, digits: number): StaticKey {
  try {
    if (digits !== staticKeyLength * 2) {
      throw new StaticKeyError(
        `${digits} hexadecimal digits where ${staticKeyLength * 2} are expected`,
      );
    }
    return new StaticKey(bytes);
  } finally {
    wipe(bytes);
  }
}

/** The text of a key file, as `openvpn --genkey` writes it. */
export function formatStaticKey(key: StaticKey): string {
  const bytes = key.bytes();
  const lines: string[] = [];
  for (let i = 0; i < staticKeyLength; i += 16) lines.push(bytes.subarray(i, i + 16).toHex());
  wipe(bytes);
  return ["#", "# 2048 bit OpenVPN static key", "#", header, ...lines, footer, ""].join("\n");
}

/** The text of a file with a new random key. */
export function generateStaticKey(): string {
  const bytes = randomBytes(staticKeyLength);
  const key = new StaticKey(bytes);
  wipe(bytes);
  const text = formatStaticKey(key);
  key.wipe();
  return text;
}
