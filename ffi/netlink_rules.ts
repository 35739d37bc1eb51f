/**
 * rtnetlink's policy rules: `struct fib_rule_hdr` and its attributes. Source: `linux/fib_rules.h`.
 *
 * @module
 */

import {
  type Attribute,
  attributesByType,
  encodeAttributes,
  readString,
  readU32,
  u32,
} from "./netlink_message.ts";
import { AF_INET, AF_INET6 } from "./sockaddr.ts";

/** Message types. */
export const RTM_NEWRULE = 32;
/** Deletes a rule. */
export const RTM_DELRULE = 33;
/** Asks for all rules. */
export const RTM_GETRULE = 34;

const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FR_ACT_TO_TBL = 1;

// struct fib_rule_hdr: family u8 | destination length u8 | source length u8 | tos u8 | table u8
// | reserved u8, u8 | action u8 | flags u32
const headerLength = 12;
const actionOffset = 7;
/** IFNAMSIZ without its NUL. */
const longestName = 15;

/** A rule that has packets looked up in a table. */
export interface Rule {
  /** Which packets: IPv4's or IPv6's. */
  readonly family: 4 | 6;
  /** The lower is asked first; absent in a request: before all that are there. */
  readonly priority?: number;
  /** The table that is asked. */
  readonly table: number;
  /** Only packets that came in by this interface. */
  readonly inputInterface?: string;
  /** Only packets with this firewall mark. */
  readonly mark?: number;
  /** Routes with that prefix length or a shorter one do not count: 0 leaves out the default route. */
  readonly suppressPrefixLength?: number;
}

/** The body of a RTM_NEWRULE or RTM_DELRULE. @throws {RangeError} on a bad interface's name. */
export function encodeRule(rule: Rule): Uint8Array<ArrayBuffer> {
  const attributes: Attribute[] = [{ type: FRA_TABLE, payload: u32(rule.table) }];
  if (rule.inputInterface !== undefined) {
    const name = new TextEncoder().encode(`${rule.inputInterface}\0`);
    if (name.length < 2 || name.length > longestName + 1) {
      throw new RangeError(`an interface called ${JSON.stringify(rule.inputInterface)}`);
    }
    attributes.push({ type: FRA_IIFNAME, payload: name });
  }
  const numbers = [
    [FRA_PRIORITY, rule.priority],
    [FRA_FWMARK, rule.mark],
    [FRA_SUPPRESS_PREFIXLEN, rule.suppressPrefixLength],
  ] as const;
  for (const [type, value] of numbers) {
    if (value !== undefined) attributes.push({ type, payload: u32(value) });
  }
  const encoded = encodeAttributes(attributes);
  const body = new Uint8Array(headerLength + encoded.length);
  body[0] = rule.family === 4 ? AF_INET : AF_INET6;
  body[4] = rule.table < 256 ? rule.table : 0; // RT_TABLE_UNSPEC; FRA_TABLE has the number
  body[actionOffset] = FR_ACT_TO_TBL;
  body.set(encoded, headerLength);
  return body;
}

/** The body of a RTM_GETRULE that asks for all rules of a family. */
export function encodeRuleQuery(family: 4 | 6): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(headerLength);
  body[0] = family === 4 ? AF_INET : AF_INET6;
  return body;
}

/** The rule in the body of a RTM_NEWRULE; `undefined` when it does something else, or is malformed. */
export function decodeRule(body: Uint8Array): Rule | undefined {
  const attributes = attributesByType(body, headerLength);
  if (attributes === undefined || body[actionOffset] !== FR_ACT_TO_TBL) return undefined;
  if (body[0] !== AF_INET && body[0] !== AF_INET6) return undefined;
  const inputInterface = readString(attributes.get(FRA_IIFNAME));
  const mark = readU32(attributes.get(FRA_FWMARK));
  const suppress = readU32(attributes.get(FRA_SUPPRESS_PREFIXLEN));
  return {
    family: body[0] === AF_INET ? 4 : 6,
    // Absent in the kernel's answer: 0.
    priority: readU32(attributes.get(FRA_PRIORITY)) ?? 0,
    table: readU32(attributes.get(FRA_TABLE)) ?? body[4],
    ...(inputInterface === undefined ? {} : { inputInterface }),
    ...(mark === undefined ? {} : { mark }),
    // -1: none.
    ...(suppress === undefined || suppress === 0xffffffff
      ? {}
      : { suppressPrefixLength: suppress }),
  };
}
