/**
 * Base32 (RFC 4648, section 6), in which authenticator programs take their secrets.
 *
 * @module
 */

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Upper case, without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8 | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[value >> bits & 31];
    }
  }
  return bits === 0 ? text : text + alphabet[value << (5 - bits) & 31];
}

/**
 * The bytes; undefined for anything that is no base32. Spaces and dashes between groups, lower case
 * and missing padding are taken, as people write secrets.
 */
export function decodeBase32(text: string): Uint8Array | undefined {
  const digits = text.replace(/[\s-]/g, "").replace(/=+$/, "").toUpperCase();
  // A last group of 1, 3 or 6 digits can't be the end of whole bytes.
  if ([1, 3, 6].includes(digits.length % 8)) return undefined;
  const bytes = new Uint8Array(Math.floor(digits.length * 5 / 8));
  let value = 0;
  let bits = 0;
  let offset = 0;
  for (const digit of digits) {
    const index = alphabet.indexOf(digit);
    if (index < 0) return undefined;
    value = (value << 5 | index) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[offset++] = value >> bits & 0xff;
    }
  }
  // What is left over of the last digit belongs to no byte, and is zero.
  return (value & (1 << bits) - 1) === 0 ? bytes : undefined;
}
