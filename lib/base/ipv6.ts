/**
 * IPv6 addresses as numbers, 0n to 2^128 - 1n, for reckoning with networks; not for packets.
 *
 * @module
 */

import { isIPv6 } from "node:net";

/** Parses an address (RFC 4291, section 2.2); undefined for anything else, zones included. */
export function parseIpv6(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // The URL standard's parser writes an IPv4 address at the end as two groups.
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [head, tail] = canonical.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = new Array<string>(8 - left.length - right.length).fill("0");
  let value = 0n;
  for (const group of [...left, ...zeros, ...right]) value = value << 16n | BigInt(`0x${group}`);
  return value;
}

/** The text of an address in RFC 5952's form, always with hexadecimal groups. */
export function formatIpv6(value: bigint): string {
  const hex = value.toString(16).padStart(32, "0");
  return new URL(`http://[${hex.match(/.{4}/g)!.join(":")}]/`).hostname.slice(1, -1);
}

/** 16 bytes in network order. */
export function ipv6Bytes(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(32, "0"));
}

/** The first address of the network of that prefix length that the address is in. */
export function ipv6NetworkOf(value: bigint, prefixLength: number): bigint {
  const host = BigInt(128 - prefixLength);
  return value >> host << host;
}
