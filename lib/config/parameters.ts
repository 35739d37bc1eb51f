/**
 * Parsers for parameters. Each one takes the handler's context, for its error, and text.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { netmaskPrefixLength, parseIpv4 } from "../base/ipv4.ts";
import { nearest } from "./nearest.ts";
import type { OptionContext } from "./option.ts";
import type { ProtocolDraft } from "./draft.ts";

/** A decimal integer from `minimum` to `maximum`. */
export function integer(
  context: OptionContext,
  text: string,
  minimum: number,
  maximum: number,
  what = "a number",
): number {
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(value >= minimum && value <= maximum)) {
    const range = maximum >= int32 ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
    context.expected(`${what} ${range}`, text);
  }
  return value;
}

const int32 = 0x7fffffff;

/** Seconds, 0 to 2³¹ - 1. */
export function seconds(context: OptionContext, text: string, minimum = 0): number {
  return integer(context, text, minimum, int32, "a number of seconds");
}

/** Any count that OpenVPN holds in an `int`. */
export function count(context: OptionContext, text: string, minimum = 0): number {
  return integer(context, text, minimum, int32);
}

/** 1 to 65535. */
export function port(context: OptionContext, text: string): number {
  return integer(context, text, 1, 65535, "a port");
}

/** 0 (any free one) to 65535. */
export function localPort(context: OptionContext, text: string): number {
  return integer(context, text, 0, 65535, "a port");
}

/** One of a few words. */
export function word<const T extends string>(
  context: OptionContext,
  text: string,
  words: readonly T[],
): T {
  const found = words.find((candidate) => candidate === text);
  if (found === undefined) {
    const list = words.map((w) => `"${w}"`).join(", ").replace(/, ([^,]*)$/, " or $1");
    context.expected(list, text, words);
  }
  return found;
}

/** A dotted IPv4 address. */
export function ipv4(context: OptionContext, text: string, what = "an IPv4 address"): string {
  if (!isIPv4(text)) context.expected(what, text);
  return text;
}

/** An IPv6 address without a prefix length or zone. */
export function ipv6(context: OptionContext, text: string): string {
  if (!isIPv6(text) || text.includes("%")) context.expected("an IPv6 address", text);
  return text;
}

/** `ADDRESS/BITS`; without `/BITS` 128, as OpenVPN takes it for routes. */
export function ipv6Network(
  context: OptionContext,
  text: string,
): { network: string; prefixLength: number } {
  const slash = text.indexOf("/");
  const network = slash < 0 ? text : text.slice(0, slash);
  const bits = slash < 0 ? "128" : text.slice(slash + 1);
  if (!isIPv6(network) || network.includes("%") || !/^\d{1,3}$/.test(bits) || Number(bits) > 128) {
    context.expected("an IPv6 network such as 2001:db8::/64", text);
  }
  return { network, prefixLength: Number(bits) };
}

/** A netmask whose ones stand in front of its zeros. */
export function netmask(context: OptionContext, text: string): string {
  if (prefixLengthOf(text) === undefined) {
    context.expected("a netmask such as 255.255.255.0", text);
  }
  return text;
}

/** The ones of a dotted netmask, or undefined for what isn't one. */
export function prefixLengthOf(mask: string): number | undefined {
  const value = parseIpv4(mask);
  return value === undefined ? undefined : netmaskPrefixLength(value);
}

/**
 * An IP address or a DNS name: letters, digits, `.`, `-`, `_`, at most 253 bytes, so that nothing
 * of it means anything to a shell or a log (`ip_or_dns_addr_safe` in OpenVPN's socket.c).
 */
export function host(context: OptionContext, text: string): string {
  if (!isHost(text)) context.expected("a host name or an address", text);
  return text;
}

/** Whether the text is an address or a DNS name. */
export function isHost(text: string): boolean {
  if (isIPv4(text) || isIPv6(text)) return true;
  return text.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(text);
}

/** What routes may use in place of an address (the manual's `--route`). */
export const routeWords = ["vpn_gateway", "net_gateway", "remote_host"] as const;

const protocols: Readonly<Record<string, ProtocolDraft>> = {
  udp: { transport: "udp" },
  udp4: { transport: "udp", family: 4 },
  udp6: { transport: "udp", family: 6 },
  tcp: { transport: "tcp" },
  tcp4: { transport: "tcp", family: 4 },
  tcp6: { transport: "tcp", family: 6 },
  "tcp-client": { transport: "tcp", side: "client" },
  "tcp4-client": { transport: "tcp", family: 4, side: "client" },
  "tcp6-client": { transport: "tcp", family: 6, side: "client" },
  "tcp-server": { transport: "tcp", side: "server" },
  "tcp4-server": { transport: "tcp", family: 4, side: "server" },
  "tcp6-server": { transport: "tcp", family: 6, side: "server" },
};

/** `proto`'s words. */
export function protocol(context: OptionContext, text: string): ProtocolDraft {
  const name = text.toLowerCase();
  if (!Object.hasOwn(protocols, name)) {
    context.expected(`one of ${Object.keys(protocols).join(", ")}`, text, Object.keys(protocols));
  }
  return protocols[name];
}

/** `0` or `1`; `bidirectional` is OpenVPN's internal name for neither. */
export function keyDirection(context: OptionContext, text: string): 0 | 1 {
  return word(context, text, ["0", "1"]) === "0" ? 0 : 1;
}

/** Ciphers that the data channel can do. */
export const supportedCiphers = [
  "AES-256-GCM",
  "AES-192-GCM",
  "AES-128-GCM",
  "CHACHA20-POLY1305",
  "AES-256-CBC",
  "AES-192-CBC",
  "AES-128-CBC",
] as const;

// What `openvpn --show-ciphers` of 2.3 to 2.6 lists besides.
const knownCipher =
  /^(AES|ARIA|CAMELLIA)-(128|192|256)-(CBC|CFB|CFB1|CFB8|OFB|GCM|CTR)$|^(BF|CAST5|DES|DES-EDE|DES-EDE3|DESX|IDEA|RC2|RC2-40|RC2-64|RC5|SEED|SM4)-(CBC|CFB|CFB1|CFB8|OFB)$/;

/**
 * A cipher's name in upper case.
 *
 * @returns Whether the data channel can do it; unknown names are errors.
 */
export function cipher(context: OptionContext, text: string): { name: string; supported: boolean } {
  const name = text.toUpperCase();
  const supported = (supportedCiphers as readonly string[]).includes(name);
  if (!supported && !knownCipher.test(name)) {
    context.fail(
      `"${context.position.option}": unknown cipher "${text.slice(0, 40)}"`,
      `${didYouMean(name, supportedCiphers)}use one of ${supportedCiphers.join(", ")}`,
    );
  }
  return { name, supported };
}

/** Digests for `auth`. */
export const supportedDigests = ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"] as const;

/** A digest's name in upper case; OpenSSL's signature names (`RSA-SHA256`) mean the digest. */
export function digest(context: OptionContext, text: string): string {
  const name = text.toUpperCase().replace(/^RSA-/, "").replace(/^SHA-(?=\d)/, "SHA");
  if (name === "NONE") {
    context.fail(`"auth none" leaves packets unauthenticated`, `use "auth SHA256" at both ends`);
  }
  if (!(supportedDigests as readonly string[]).includes(name)) {
    context.fail(
      `"auth": unknown or unsupported digest "${text.slice(0, 40)}"`,
      `${didYouMean(name, supportedDigests)}use one of ${supportedDigests.join(", ")} at both ends`,
    );
  }
  return name;
}

function didYouMean(name: string, candidates: readonly string[]): string {
  const guess = nearest(name, candidates);
  return guess === undefined ? "" : `did you mean "${guess}"? `;
}
