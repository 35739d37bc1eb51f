/**
 * PEM (RFC 7468): base64 blocks between `-----BEGIN label-----` and `-----END label-----`.
 *
 * @module
 */

import { malformed } from "./der.ts";

/** One block. */
export interface PemBlock {
  /** The words after `BEGIN`, e.g. `CERTIFICATE`. */
  readonly label: string;
  /** What the base64 holds. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const boundary = /^-----(BEGIN|END) ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)-----$/;

/**
 * The blocks of a text in order; text outside them (as `openssl x509 -text` leaves in bundles) is
 * passed over.
 *
 * @throws {CertificateError} `malformed` for a block without its end or with bad base64.
 */
export function readPem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let body: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const trimmed = line.trim();
    const match = boundary.exec(trimmed);
    if (match === null) {
      if (label !== undefined) body.push(trimmed);
    } else if (match[1] === "BEGIN") {
      if (label !== undefined) throw malformed(`PEM: ${label} has no end`);
      label = match[2];
      body = [];
    } else {
      if (label === undefined) throw malformed(`PEM: end of ${match[2]} without its begin`);
      if (label !== match[2]) throw malformed(`PEM: ${label} ends as ${match[2]}`);
      blocks.push({ label, bytes: decodeBase64(body, label) });
      label = undefined;
    }
  }
  if (label !== undefined) throw malformed(`PEM: ${label} has no end`);
  return blocks;
}

/** A block as text, in lines of 64 characters, with a line end after each. */
export function writePem(label: string, bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const lines = btoa(binary).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function decodeBase64(lines: readonly string[], label: string): Uint8Array<ArrayBuffer> {
  const text = lines.join("");
  // atob alone would let white space and missing padding through.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw malformed(`PEM: bad base64 in ${label}`);
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
