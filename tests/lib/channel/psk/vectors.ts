/**
 * Vectors of the protocol, made by vectors.py.
 *
 * @module
 */

import json from "./vectors.json" with { type: "json" };
import { padSecret } from "../../../../lib/channel/psk/handshake_messages.ts";
import type { Session } from "../../../../lib/channel/psk/handshake.ts";

const hex = (text: string) => Uint8Array.fromHex(text);

/** Fixed inputs and what comes of them. */
export const vectors = {
  secret: padSecret(json.secret),
  random: { iv: hex(json.iv), sessionKey: hex(json.sessionKey), nonce: hex(json.nonceA) },
  serverNonce: hex(json.nonceB),
  message1: hex(json.message1),
  message2: hex(json.message2),
  message3: hex(json.message3),
  texts: json.texts,
  original: json.original.map(({ text, iv, record }) => ({
    text,
    iv: hex(iv),
    record: hex(record),
  })),
  /** All records of each direction, one after the other. */
  strict: { client: hex(json.strict.client), server: hex(json.strict.server) },
};

/** The session of the fixed inputs, its key a copy. */
export function vectorSession(role: Session["role"]): Session {
  return {
    role,
    sessionKey: hex(json.sessionKey),
    clientNonce: vectors.random.nonce,
    serverNonce: vectors.serverNonce,
  };
}

/** `bytes` with one bit changed. */
export function withBitChanged(bytes: Uint8Array, bit: number): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(bytes);
  changed[bit >> 3] ^= 1 << (bit & 7);
  return changed;
}
