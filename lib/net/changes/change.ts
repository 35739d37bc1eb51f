/**
 * Changes of this machine that outlive the process that made them, as they stand in its journal:
 * all that is needed to take them back, by another process if need be.
 *
 * @module
 */

import type { Route, Rule } from "deno-tun";

/** A table of nftables of our own. */
export interface NftTableChange {
  readonly kind: "nft-table";
  readonly family: "inet" | "ip" | "ip6";
  readonly name: string;
}

/** A switch of the kernel's. */
export interface SysctlChange {
  readonly kind: "sysctl";
  /** Path below /proc/sys, as `net/ipv4/ip_forward`. */
  readonly name: string;
  /** What it was set to. It is put back only while it still is that. */
  readonly value: string;
  readonly former: string;
  /** Other switches that the kernel changes with this one, and what they were. */
  readonly dependents: Readonly<Record<string, string>>;
}

/** A route that was added. */
export interface AddedRouteChange {
  readonly kind: "route-added";
  readonly route: Omit<Route, "message">;
}

/** A route that was removed. */
export interface RemovedRouteChange {
  readonly kind: "route-removed";
  /** The kernel's own message (`Route.message`), base64. */
  readonly message: string;
  /** For the log, as `0.0.0.0/0 via 192.0.2.1`. */
  readonly description: string;
}

/** A policy rule that was added. */
export interface AddedRuleChange {
  readonly kind: "rule-added";
  readonly rule: Rule;
}

/** A file that was written, or put in the place of another or of a symbolic link. */
export interface FileChange {
  readonly kind: "file";
  readonly path: string;
  /** SHA-256 of what was written, hexadecimal. It is put back only while it still is that. */
  readonly written: string;
  readonly former: FormerFile;
}

/** A record that was given to the program `resolvconf`. */
export interface ResolvconfChange {
  readonly kind: "resolvconf";
  /** The record's name, as `tun0.vpn`. */
  readonly record: string;
}

/** What was there before. `content`: base64. */
export type FormerFile =
  | { readonly kind: "absent" }
  | { readonly kind: "symlink"; readonly target: string }
  | {
    readonly kind: "file";
    readonly content: string;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
  };

/** One of them. */
export type MachineChange =
  | NftTableChange
  | SysctlChange
  | AddedRouteChange
  | RemovedRouteChange
  | AddedRuleChange
  | FileChange
  | ResolvconfChange;

/** For the log: `nftables table inet vpn_exit_tun0`. */
export function describeChange(change: MachineChange): string {
  switch (change.kind) {
    case "nft-table":
      return `nftables table ${change.family} ${change.name}`;
    case "sysctl":
      return `sysctl ${change.name.replaceAll("/", ".")} = ${change.value}`;
    case "route-added":
      return `route ${change.route.destination}/${change.route.prefixLength}`;
    case "route-removed":
      return `removal of route ${change.description}`;
    case "rule-added":
      return `rule ${change.rule.priority ?? ""} to table ${change.rule.table}`;
    case "file":
      return `file ${change.path}`;
    case "resolvconf":
      return `resolvconf's record ${change.record}`;
  }
}

/** Whether `name` can be a table's: one that needs no quotes, and nothing else can hide in. */
export function isTableName(name: string): boolean {
  // NFT_TABLE_MAXNAMELEN is 256 with its NUL; what is longer than an interface's name needs
  // nobody here.
  return /^[A-Za-z][A-Za-z0-9_]{0,127}$/.test(name);
}

/** Whether `name` can be a record of resolvconf's: an interface's name and a word. */
export function isRecordName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/.test(name);
}

/** Whether `name` can be a switch of the network's: below /proc/sys/net, without a way out. */
export function isSysctlName(name: string): boolean {
  return name.startsWith("net/") &&
    name.split("/").every((part) => /^[A-Za-z0-9_.:@-]+$/.test(part) && !/^\.+$/.test(part));
}

/** A change as it was read from a journal; undefined when it is malformed. */
export function parseChange(value: unknown): MachineChange | undefined {
  const fields = record(value);
  const kind = fields?.kind;
  if (fields === undefined || !isText(kind) || !Object.hasOwn(parsers, kind)) return undefined;
  return parsers[kind as MachineChange["kind"]](fields);
}

type Fields = Readonly<Record<string, unknown>>;

const parsers: Readonly<
  Record<MachineChange["kind"], (fields: Fields) => MachineChange | undefined>
> = {
  "nft-table": ({ family, name }) => {
    if (family !== "inet" && family !== "ip" && family !== "ip6") return undefined;
    if (!isText(name) || !isTableName(name)) return undefined;
    return { kind: "nft-table", family, name };
  },
  "sysctl": ({ name, value, former, dependents }) => {
    if (!isText(name) || !isSysctlName(name) || !isText(value) || !isText(former)) return undefined;
    const others = record(dependents);
    if (others === undefined) return undefined;
    const pairs = Object.entries(others);
    if (!pairs.every(([other, text]) => isSysctlName(other) && isText(text))) return undefined;
    const checked = Object.fromEntries(pairs.map(([other, text]) => [other, String(text)]));
    return { kind: "sysctl", name, value, former, dependents: checked };
  },
  "route-added": ({ route }) => {
    const fields = record(route);
    if (fields === undefined) return undefined;
    const { destination, prefixLength, gateway, preferredSource } = fields;
    if (!isText(destination) || !isCount(prefixLength)) return undefined;
    if (![gateway, preferredSource].every((text) => text === undefined || isText(text))) {
      return undefined;
    }
    const numbers = ["interfaceIndex", "metric", "table", "scope", "protocol", "type"];
    if (!numbers.every((name) => fields[name] === undefined || isCount(fields[name]))) {
      return undefined;
    }
    const names = ["destination", "prefixLength", "gateway", "preferredSource", ...numbers];
    const known = names.filter((name) => fields[name] !== undefined)
      .map((name) => [name, fields[name]]);
    return { kind: "route-added", route: Object.fromEntries(known) };
  },
  "route-removed": ({ message, description }) => {
    if (!isBase64(message) || !isText(description)) return undefined;
    return { kind: "route-removed", message, description };
  },
  "rule-added": ({ rule }) => {
    const fields = record(rule) ?? {};
    const { family, table, inputInterface } = fields;
    if ((family !== 4 && family !== 6) || !isCount(table)) return undefined;
    if (inputInterface !== undefined && !isText(inputInterface)) return undefined;
    const numbers = ["priority", "mark", "suppressPrefixLength"]
      .filter((name) => fields[name] !== undefined);
    if (!numbers.every((name) => isCount(fields[name]))) return undefined;
    const rest = Object.fromEntries(numbers.map((name) => [name, fields[name]]));
    const named = inputInterface === undefined ? {} : { inputInterface };
    return { kind: "rule-added", rule: { family, table, ...named, ...rest } };
  },
  "file": ({ path, written, former }) => {
    if (!isText(path) || !path.startsWith("/") || path.includes("\0")) return undefined;
    if (!isText(written) || !/^[0-9a-f]{64}$/.test(written)) return undefined;
    const before = parseFormerFile(former);
    return before && { kind: "file", path, written, former: before };
  },
  "resolvconf": ({ record }) =>
    isText(record) && isRecordName(record) ? { kind: "resolvconf", record } : undefined,
};

function parseFormerFile(value: unknown): FormerFile | undefined {
  const fields = record(value) ?? {};
  const { kind, target, content, mode, uid, gid } = fields;
  if (kind === "absent") return { kind };
  if (kind === "symlink" && isText(target)) return { kind, target };
  if (kind !== "file" || !isBase64(content)) return undefined;
  if (!isCount(mode) || mode > 0o7777 || !isCount(uid) || !isCount(gid)) return undefined;
  return { kind, content, mode, uid, gid };
}

function record(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? value as Fields : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isBase64(value: unknown): value is string {
  return isText(value) && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;
}
