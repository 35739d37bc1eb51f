/**
 * The three messages of the handshake, as pure functions of what goes into them.
 *
 * ```text
 * message1  client  IV (16) | AES-256-CBC(sharedSecret, IV, session key), unpadded (32) | R_A (32)
 * message2  server  R_B (32) | hex SHA-256(message1 | "SRVR" | sharedSecret) (64)
 * message3  client  hex SHA-256(message1 | message2 | "CLNT" | sharedSecret) (64)
 * ```
 *
 * They are those of the program that the protocol comes from, byte for byte; docs/psk.md says what
 * they do and do not protect. AES comes from `node:crypto`, as WebCrypto's AES-CBC always pads.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { concatBytes, constantTimeEqual } from "../../base/bytes.ts";
import { ChannelError } from "../connection/errors.ts";

/** Lengths in bytes. */
export const MessageLength = {
  iv: 16,
  sessionKey: 32,
  nonce: 32,
  /** A SHA-256 in hexadecimal. */
  hash: 64,
  message1: 80,
  message2: 96,
  message3: 64,
} as const;

/** The longest shared secret, in bytes: it is an AES-256 key. */
export const maximumSecret = 32;

const space = 0x20;
const ascii = new TextEncoder();

/** A shared secret as the messages need it: with spaces up to 32 bytes. */
export type PaddedSecret = Uint8Array<ArrayBuffer>;

/**
 * Pads a shared secret.
 *
 * @throws {ChannelError} `malformed` when it is empty or longer than 32 bytes.
 */
export function padSecret(secret: Uint8Array | string): PaddedSecret {
  const bytes = typeof secret === "string" ? ascii.encode(secret) : secret;
  if (bytes.length === 0 || bytes.length > maximumSecret) {
    throw new ChannelError(
      "malformed",
      `a shared secret of ${bytes.length} bytes cannot be a key`,
      `take one of 1 to ${maximumSecret} bytes`,
    );
  }
  const padded = new Uint8Array(maximumSecret).fill(space);
  padded.set(bytes);
  return padded;
}

/** SHA-256 of the parts as 64 lower-case hexadecimal ASCII characters. */
export function hexSha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return ascii.encode(hash.digest("hex"));
}

/** AES-256-CBC without padding, of whole blocks. */
export function cbcEncrypt(
  key: Uint8Array,
  iv: Uint8Array,
  text: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
  return concatBytes(cipher.update(text), cipher.final());
}

/** The reverse of `cbcEncrypt`. */
export function cbcDecrypt(
  key: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const cipher = createDecipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
  return concatBytes(cipher.update(sealed), cipher.final());
}

/** What the client draws for a handshake. */
export interface ClientRandom {
  /** 16 bytes. */
  readonly iv: Uint8Array;
  /** 32 bytes. */
  readonly sessionKey: Uint8Array<ArrayBuffer>;
  /** R_A, 32 bytes. */
  readonly nonce: Uint8Array;
}

/** message1, 80 bytes. */
export function makeMessage1(
  secret: PaddedSecret,
  { iv, sessionKey, nonce }: ClientRandom,
): Uint8Array<ArrayBuffer> {
  return concatBytes(iv, cbcEncrypt(secret, iv, sessionKey), nonce);
}

/** message2, 96 bytes; `nonce` is R_B. */
export function makeMessage2(
  secret: PaddedSecret,
  message1: Uint8Array,
  nonce: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concatBytes(nonce, serverHash(secret, message1));
}

/** Whether message2 comes from someone who has the secret and received message1 as it was sent. */
export function verifyMessage2(
  secret: PaddedSecret,
  message1: Uint8Array,
  message2: Uint8Array,
): boolean {
  const hash = message2.subarray(MessageLength.nonce);
  return constantTimeEqual(hash, serverHash(secret, message1));
}

function serverHash(secret: PaddedSecret, message1: Uint8Array): Uint8Array<ArrayBuffer> {
  return hexSha256(message1, ascii.encode("SRVR"), secret);
}

/** message3, 64 bytes. */
export function makeMessage3(
  secret: PaddedSecret,
  message1: Uint8Array,
  message2: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return hexSha256(message1, message2, ascii.encode("CLNT"), secret);
}

/** Whether message3 comes from someone who has the secret and saw both messages as they were. */
export function verifyMessage3(
  secret: PaddedSecret,
  message1: Uint8Array,
  message2: Uint8Array,
  message3: Uint8Array,
): boolean {
  return constantTimeEqual(message3, makeMessage3(secret, message1, message2));
}

/** The session key in a message1 that `verifyMessage3` has confirmed. */
export function openSessionKey(
  secret: PaddedSecret,
  message1: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { iv, sessionKey } = MessageLength;
  return cbcDecrypt(secret, message1.subarray(0, iv), message1.subarray(iv, iv + sessionKey));
}

/** R_A of a message1. */
export function clientNonce(message1: Uint8Array): Uint8Array {
  return message1.subarray(MessageLength.iv + MessageLength.sessionKey);
}

/** R_B of a message2. */
export function serverNonce(message2: Uint8Array): Uint8Array {
  return message2.subarray(0, MessageLength.nonce);
}
