/**
 * Keys of tls-crypt-v2: a server's key, and for each client a key of its own that the client sends
 * to the server wrapped under the server's, so that the server need not store it.
 *
 * ```text
 * server key file  128 bytes = cipher key (64) | HMAC key (64); Ke and Ka: the first 32 of each
 * client key file  Kc (256) | WKc
 * WKc              T (32) | AES-256-CTR(Ke, T[0..16], Kc | metadata) | length of WKc (2)
 * T                HMAC-SHA256(Ka, length of WKc | Kc | metadata)
 * metadata         type (1) | text of the user's (type 0), or seconds since 1970 (8; type 1)
 * ```
 *
 * Source: OpenVPN's `doc/tls-crypt-v2.txt`; `tls_crypt.h`, `tls_crypt.c`
 * (`tls_crypt_v2_wrap_client_key`, `tls_crypt_v2_unwrap_client_key`).
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHmac, hash } from "node:crypto";
import { concatBytes, constantTimeEqual, randomBytes, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { StaticKey, staticKeyLength } from "./static_key.ts";

/** Bytes of a server key: one half of a static key. */
export const serverKeyLength = 128;

/** Most bytes of a wrapped client key (TLS_CRYPT_V2_MAX_WKC_LEN). */
export const maximumWrappedKeyLength = 1024;

const cipherKeyLength = 32;
const hmacKeyOffset = 64;
const tagLength = 32;
const ivLength = 16;
const lengthLength = 2;

/** Bytes of a wrapped client key without any metadata. */
const minimumWrappedKeyLength = tagLength + staticKeyLength + lengthLength;

/** Most bytes of metadata, its type included (TLS_CRYPT_V2_MAX_METADATA_LEN). */
export const maximumMetadataLength = maximumWrappedKeyLength - minimumWrappedKeyLength;

/** The first byte of a client key's metadata. */
export const MetadataType = {
  /** What the issuer wanted to say, free in form. */
  USER: 0,
  /** When the key was made: seconds since 1970, 8 bytes. */
  TIMESTAMP: 1,
} as const;

/** A text or file is not a key of tls-crypt-v2. */
export class TlsCryptV2KeyError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "TlsCryptV2KeyError";

  /** @param kind Which key it should have been. */
  constructor(message: string, kind: "server" | "client") {
    super(
      `not a tls-crypt-v2 ${kind} key: ${message}`,
      kind === "server"
        ? "make one with: vpn --genkey tls-crypt-v2-server FILE"
        : "make one with: vpn --tls-crypt-v2 SERVER-KEY --genkey tls-crypt-v2-client FILE",
    );
  }
}

/** What a client key's metadata says. */
export interface ClientKeyMetadata {
  /** See `MetadataType`; other numbers are for scripts. */
  readonly type: number;
  /** What follows the type. */
  readonly value: Uint8Array;
}

/** A client's key, as a server knows it. */
export interface ClientKey {
  /** Kc. */
  readonly key: StaticKey;
  /** WKc, in which it came. */
  readonly wrapped: Uint8Array;
  /** Absent when there is none, as old tools leave it. */
  readonly metadata: ClientKeyMetadata | undefined;
}

/** What a client key file holds. */
export interface TlsCryptV2ClientKey {
  /** Kc. */
  readonly key: StaticKey;
  /** WKc, for the server. */
  readonly wrapped: Uint8Array;
}

/** A server's key: wraps and unwraps those of clients. It does not show its bytes when printed. */
export class TlsCryptV2ServerKey {
  readonly #bytes: Uint8Array;

  /**
   * @param bytes 128, copied.
   * @throws {TlsCryptV2KeyError} for another length.
   */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== serverKeyLength) {
      throw new TlsCryptV2KeyError(
        `${bytes.length} bytes where ${serverKeyLength} are expected`,
        "server",
      );
    }
    this.#bytes = Uint8Array.from(bytes);
  }

  /** A new random key. */
  static generate(): TlsCryptV2ServerKey {
    const bytes = randomBytes(serverKeyLength);
    const key = new TlsCryptV2ServerKey(bytes);
    wipe(bytes);
    return key;
  }

  /** A copy of the whole key. */
  bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /**
   * WKc, for a client's key.
   *
   * @throws {RangeError} for metadata that is too long.
   */
  wrap(key: StaticKey, metadata: ClientKeyMetadata | undefined): Uint8Array<ArrayBuffer> {
    const metadataLength = metadata === undefined ? 0 : 1 + metadata.value.length;
    if (metadataLength > maximumMetadataLength) {
      throw new RangeError(`metadata of ${metadataLength} bytes: at most ${maximumMetadataLength}`);
    }
    const wrapped = new Uint8Array(minimumWrappedKeyLength + metadataLength);
    const lengthOffset = wrapped.length - lengthLength;
    new DataView(wrapped.buffer).setUint16(lengthOffset, wrapped.length);
    const keyBytes = key.bytes();
    const plain = metadata === undefined
      ? keyBytes
      : concatBytes(keyBytes, Uint8Array.of(metadata.type), metadata.value);
    const tag = this.#tag(wrapped.subarray(lengthOffset), plain);
    const cipher = createCipheriv("aes-256-ctr", this.#cipherKey, tag.subarray(0, ivLength));
    wrapped.set(tag);
    wrapped.set(cipher.update(plain), tagLength);
    cipher.final();
    wipe(keyBytes, plain);
    return wrapped;
  }

  /**
   * The client's key in a WKc.
   *
   * @returns undefined when it was not wrapped under this key.
   */
  unwrap(wrapped: Uint8Array): ClientKey | undefined {
    if (wrapped.length < minimumWrappedKeyLength) return undefined;
    if (wrappedKeyLength(wrapped) !== wrapped.length) return undefined;
    const lengthOffset = wrapped.length - lengthLength;
    const iv = wrapped.subarray(0, ivLength);
    const decipher = createDecipheriv("aes-256-ctr", this.#cipherKey, iv);
    const plain = decipher.update(wrapped.subarray(tagLength, lengthOffset));
    decipher.final();
    const tag = this.#tag(wrapped.subarray(lengthOffset), plain);
    const authentic = constantTimeEqual(tag, wrapped.subarray(0, tagLength));
    const key = authentic ? readPlain(plain, Uint8Array.from(wrapped)) : undefined;
    wipe(plain);
    return key;
  }

  /** Overwrites the key. */
  wipe(): void {
    wipe(this.#bytes);
  }

  get #cipherKey(): Uint8Array {
    return this.#bytes.subarray(0, cipherKeyLength);
  }

  #tag(length: Uint8Array, plain: Uint8Array): Uint8Array {
    const key = this.#bytes.subarray(hmacKeyOffset, hmacKeyOffset + 32);
    return createHmac("sha256", key).update(length).update(plain).digest();
  }
}

function readPlain(plain: Uint8Array, wrapped: Uint8Array): ClientKey {
  const metadata = plain.length === staticKeyLength ? undefined : {
    type: plain[staticKeyLength],
    value: Uint8Array.from(plain.subarray(staticKeyLength + 1)),
  };
  return { key: new StaticKey(plain.subarray(0, staticKeyLength)), wrapped, metadata };
}

/**
 * The length of the wrapped key at a packet's end, as its last two bytes say.
 *
 * @returns undefined when that can't be one, or is longer than what there is.
 */
export function wrappedKeyLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < minimumWrappedKeyLength) return undefined;
  const length = bytes[bytes.length - 2] << 8 | bytes[bytes.length - 1];
  const possible = length >= minimumWrappedKeyLength && length <= maximumWrappedKeyLength &&
    length <= bytes.length;
  return possible ? length : undefined;
}

/** By what a client's key is named in logs and revoked: SHA-256 of its wrapped form, in hex. */
export function clientKeyFingerprint(wrapped: Uint8Array): string {
  return hash("sha256", wrapped, "hex");
}

/** The metadata of a key made at a time: seconds since 1970. */
export function timestampMetadata(seconds: number): ClientKeyMetadata {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigInt64(0, BigInt(Math.floor(seconds)));
  return { type: MetadataType.TIMESTAMP, value };
}

/** When a key was made: seconds since 1970; undefined when its metadata does not say. */
export function metadataTimestamp(metadata: ClientKeyMetadata | undefined): number | undefined {
  if (metadata?.type !== MetadataType.TIMESTAMP || metadata.value.length < 8) return undefined;
  const { buffer, byteOffset } = metadata.value;
  return Number(new DataView(buffer, byteOffset).getBigInt64(0));
}

/** A new client key under a server's key, as `openvpn --genkey tls-crypt-v2-client` makes it. */
export function generateTlsCryptV2ClientKey(
  serverKey: TlsCryptV2ServerKey,
  metadata: ClientKeyMetadata = timestampMetadata(Date.now() / 1000),
): TlsCryptV2ClientKey {
  const bytes = randomBytes(staticKeyLength);
  const key = new StaticKey(bytes);
  wipe(bytes);
  return { key, wrapped: serverKey.wrap(key, metadata) };
}

/**
 * Reads a server key's file or inline block.
 *
 * @throws {TlsCryptV2KeyError} that says what is wrong with it.
 */
export function parseTlsCryptV2ServerKey(text: string): TlsCryptV2ServerKey {
  const bytes = readKeyBlock(text, "server");
  const key = new TlsCryptV2ServerKey(bytes);
  wipe(bytes);
  return key;
}

/** The text of a server key's file. */
export function formatTlsCryptV2ServerKey(key: TlsCryptV2ServerKey): string {
  const bytes = key.bytes();
  const text = writeKeyBlock(bytes, "server");
  wipe(bytes);
  return text;
}

/**
 * Reads a client key's file or inline block.
 *
 * @throws {TlsCryptV2KeyError} that says what is wrong with it.
 */
export function parseTlsCryptV2ClientKey(text: string): TlsCryptV2ClientKey {
  const bytes = readKeyBlock(text, "client");
  try {
    const wrapped = bytes.slice(staticKeyLength);
    if (wrappedKeyLength(wrapped) !== wrapped.length) {
      throw new TlsCryptV2KeyError("its wrapped part is not whole", "client");
    }
    return { key: new StaticKey(bytes.subarray(0, staticKeyLength)), wrapped };
  } finally {
    wipe(bytes);
  }
}

/** The text of a client key's file. */
export function formatTlsCryptV2ClientKey({ key, wrapped }: TlsCryptV2ClientKey): string {
  const keyBytes = key.bytes();
  const bytes = concatBytes(keyBytes, wrapped);
  const text = writeKeyBlock(bytes, "client");
  wipe(keyBytes, bytes);
  return text;
}

function boundary(word: "BEGIN" | "END", kind: "server" | "client"): string {
  return `-----${word} OpenVPN tls-crypt-v2 ${kind} key-----`;
}

function readKeyBlock(text: string, kind: "server" | "client"): Uint8Array {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  const start = lines.indexOf(boundary("BEGIN", kind));
  if (start < 0) {
    throw new TlsCryptV2KeyError(`the line "${boundary("BEGIN", kind)}" is missing`, kind);
  }
  const end = lines.indexOf(boundary("END", kind), start);
  if (end < 0) {
    throw new TlsCryptV2KeyError(`the line "${boundary("END", kind)}" is missing`, kind);
  }
  try {
    return Uint8Array.fromBase64(lines.slice(start + 1, end).join(""), {
      lastChunkHandling: "strict",
    });
  } catch {
    // The error of the runtime's would quote what is a key.
    throw new TlsCryptV2KeyError("what stands between the two lines is not base64", kind);
  }
}

function writeKeyBlock(bytes: Uint8Array, kind: "server" | "client"): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return [boundary("BEGIN", kind), ...lines, boundary("END", kind), ""].join("\n");
}
