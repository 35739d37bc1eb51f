/**
 * IPv4 addresses as numbers, 0 to 2^32 - 1.
 *
 * @module
 */

/** Parses dotted decimal; undefined for anything else, leading zeros included. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Dotted decimal. */
export function formatIpv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
}

/** 4 bytes in network order. */
export function ipv4Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Bits of a netmask, 0 to 32; undefined where its ones are not contiguous. */
export function netmaskPrefixLength(netmask: number): number | undefined {
  const prefixLength = 32 - Math.round(Math.log2(2 ** 32 - netmask));
  return prefixLengthNetmask(prefixLength) === netmask ? prefixLength : undefined;
}

/** The netmask with that many leading ones. */
export function prefixLengthNetmask(prefixLength: number): number {
  return 2 ** 32 - 2 ** (32 - prefixLength);
}
