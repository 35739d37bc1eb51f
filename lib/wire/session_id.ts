/**
 * Session ids: 8 random bytes that each peer draws for its side of a control-channel session.
 *
 * Source: OpenVPN's `session_id.h`.
 *
 * @module
 */

import { randomBytes } from "../base/bytes.ts";

/** Bytes of a session id. */
export const sessionIdLength = 8;

/** Whether this is a session id: of the right length and not all zero, which means "none". */
export function isSessionId(bytes: Uint8Array): boolean {
  if (bytes.length !== sessionIdLength) return false;
  for (let i = 0; i < sessionIdLength; i++) if (bytes[i] !== 0) return true;
  return false;
}

/** A new random session id. */
export function randomSessionId(): Uint8Array<ArrayBuffer> {
  let id = randomBytes(sessionIdLength);
  while (!isSessionId(id)) id = randomBytes(sessionIdLength);
  return id;
}
