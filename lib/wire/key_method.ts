/**
 * The key method 2 message: the first thing that each side says inside TLS. It carries the random
 * material of the data keys and what the peers tell of themselves.
 *
 * ```text
 * zero (4) | key method (1): 2 | pre-master (48, client only) | random1 (32) | random2 (32)
 *   | options | username | password | peer-info
 * ```
 *
 * The four texts each are a length (2, big endian, with the NUL) and a NUL-terminated string;
 * length 0 stands for "absent".
 *
 * Source: OpenVPN's `ssl.c` (`key_method_2_write`, `key_method_2_read`), `ssl_common.h`
 * (`struct key_source`).
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** Bytes of the client's pre-master secret. */
export const preMasterLength = 48;

/** Bytes of each of the two random values. */
export const randomLength = 32;

/** Longest message, bytes: what OpenVPN's buffer holds (`TLS_CHANNEL_BUF_SIZE` in common.h). */
export const maximumKeyMessageLength = 2048;

/** Longest options string with its NUL, bytes (`TLS_OPTIONS_LEN` in ssl.h). */
export const maximumOptionsLength = 512;

const keyMethod = 2;
/** The other four bits are flags, which nobody sets (KEY_METHOD_MASK). */
const keyMethodMask = 0x0f;
const fixedHeaderLength = 4 + 1;

/** What a key method 2 message says. */
export interface KeyMethod2Message {
  /** 48 bytes; from the client alone. */
  readonly preMaster?: Uint8Array;
  /** 32 bytes. */
  readonly random1: Uint8Array;
  /** 32 bytes. */
  readonly random2: Uint8Array;
  /** `V4,dev-type tun,…`; see options_string.ts. Empty when the peer sent none. */
  readonly options: string;
  readonly username?: string;
  readonly password?: string;
  /** `IV_VER=…\n`; see peer_info.ts. */
  readonly peerInfo?: string;
}

/** What `decodeKeyMethod2` finds. */
export type KeyMethod2Result =
  | {
    readonly status: "complete";
    readonly message: KeyMethod2Message;
    /** Bytes of the message; what follows are control messages. */
    readonly consumed: number;
  }
  /** More bytes are needed. */
  | { readonly status: "incomplete" }
  | { readonly status: "malformed"; readonly reason: string };

/**
 * The bytes of a message; it is the client's when it has a pre-master secret. The caller wipes
 * them.
 *
 * @throws {RangeError} for random values of the wrong length: a mistake of the caller.
 * @throws {VpnError} when the texts are too long for the peer.
 */
export function encodeKeyMethod2(message: KeyMethod2Message): Uint8Array<ArrayBuffer> {
  const { preMaster, random1, random2 } = message;
  if (preMaster !== undefined && preMaster.length !== preMasterLength) {
    throw new RangeError("pre-master secret of the wrong length");
  }
  if (random1.length !== randomLength || random2.length !== randomLength) {
    throw new RangeError("random value of the wrong length");
  }
  const texts = [message.options, message.username, message.password, message.peerInfo]
    .map(encodeText);
  if (texts[0].length > maximumOptionsLength + 2) {
    throw new VpnError(`options string longer than ${maximumOptionsLength - 1} bytes`);
  }
  const randoms = [preMaster ?? new Uint8Array(0), random1, random2];
  const parts = [Uint8Array.of(0, 0, 0, 0, keyMethod), ...randoms, ...texts];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > maximumKeyMessageLength) {
    throw new VpnError(
      `key method 2 message of ${length} bytes, of which peers take ${maximumKeyMessageLength}`,
      "shorten username, password or setenv UV_… values",
    );
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  for (const text of texts) text.fill(0);
  return bytes;
}

function encodeText(text: string | undefined): Uint8Array<ArrayBuffer> {
  if (text === undefined) return new Uint8Array(2);
  if (text.includes("\0")) throw new VpnError("NUL character in a text of the key exchange");
  const encoded = new TextEncoder().encode(text);
  if (encoded.length + 1 > maximumKeyMessageLength) {
    throw new VpnError(
      `text of ${encoded.length} bytes in the key exchange`,
      "shorten username, password or setenv UV_… values",
    );
  }
  const bytes = new Uint8Array(2 + encoded.length + 1);
  new DataView(bytes.buffer).setUint16(0, encoded.length + 1);
  bytes.set(encoded, 2);
  encoded.fill(0);
  return bytes;
}

/**
 * Reads a message from the start of what TLS has delivered so far.
 *
 * Old peers leave out trailing texts: a message that ends exactly behind the options or behind the
 * password is complete. That is sound because a peer writes the message as one TLS record, which
 * arrives whole. Texts are cut at their first NUL, as C would. The random values are copies.
 *
 * @param from Whose message it is.
 */
export function decodeKeyMethod2(bytes: Uint8Array, from: "client" | "server"): KeyMethod2Result {
  if (bytes.length < fixedHeaderLength) return { status: "incomplete" };
  // The first four bytes are zero, and a receiver does not look at them.
  if ((bytes[4] & keyMethodMask) !== keyMethod) {
    return malformed(`key method ${bytes[4] & keyMethodMask} where 2 is expected`);
  }
  const preMasterEnd = fixedHeaderLength + (from === "client" ? preMasterLength : 0);
  const random1End = preMasterEnd + randomLength;
  const random2End = random1End + randomLength;
  if (bytes.length < random2End) return { status: "incomplete" };

  const texts: (string | undefined)[] = [];
  let offset = random2End;
  for (let field = 0; field < textNames.length; field++) {
    // Username and password come together; the user's name alone is half a message.
    const mayEnd = field === usernameField || field === peerInfoField;
    const left = bytes.length - offset;
    if (left === 0 && mayEnd) break;
    if (left < 2) return { status: "incomplete" };
    const length = bytes[offset] << 8 | bytes[offset + 1];
    if (offset + 2 + length > maximumKeyMessageLength) {
      // Letters read as a length are always too much: a control message follows at once.
      if (mayEnd) break;
      return malformed(`${textNames[field]} of ${length} bytes`);
    }
    if (field === 0 && length > maximumOptionsLength) {
      return malformed(`options string of ${length} bytes`);
    }
    if (left < 2 + length) return { status: "incomplete" };
    texts.push(
      length === 0 ? undefined : decodeText(bytes.subarray(offset + 2, offset + 2 + length)),
    );
    offset += 2 + length;
  }
  const [options = "", username, password, peerInfo] = texts;
  const message: KeyMethod2Message = {
    preMaster: from === "client" ? bytes.slice(fixedHeaderLength, preMasterEnd) : undefined,
    random1: bytes.slice(preMasterEnd, random1End),
    random2: bytes.slice(random1End, random2End),
    options,
    username,
    password,
    peerInfo,
  };
  return { status: "complete", message, consumed: offset };
}

const textNames = ["options string", "username", "password", "peer-info"] as const;
const usernameField = 1;
const peerInfoField = 3;

function malformed(reason: string): KeyMethod2Result {
  return { status: "malformed", reason };
}

function decodeText(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  // Whatever the last byte is, it stands where the NUL belongs.
  return new TextDecoder().decode(bytes.subarray(0, nul < 0 ? bytes.length - 1 : nul));
}
