/**
 * This machine's DNS settings while a tunnel is up, by whoever looks after them: systemd-resolved,
 * resolvconf, or nobody but the file itself.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { AppliedChanges } from "../applied_changes.ts";
import type { DnsPlan, DnsSettings } from "./dns_settings.ts";
import { applyByResolvconf } from "./resolvconf_program.ts";
import { isResolvedStub, parseResolvConf, resolvConfPath } from "./resolv_conf.ts";
import { applyByResolved } from "./resolved.ts";
import { applyByFile } from "./resolver_file.ts";
import { hasProgram } from "./resolver_program.ts";

/** Who looks after the settings. */
export type DnsKeeper = "systemd-resolved" | "resolvconf" | "resolv.conf";

/** Where to look; for tests. */
export interface DnsPlaces {
  /** `/etc/resolv.conf`. */
  readonly resolvConf: string;
  /** systemd-resolved's directory, which is there while it runs. */
  readonly resolved: string;
}

const machine: DnsPlaces = { resolvConf: resolvConfPath, resolved: "/run/systemd/resolve" };

/** Who looks after this machine's DNS settings. */
export function dnsKeeper(places: DnsPlaces = machine): DnsKeeper {
  const { text, target } = look(places.resolvConf);
  const { nameServers } = parseResolvConf(text);
  const byResolved = nameServers.some(isResolvedStub) || target.includes("systemd/resolve/");
  if (byResolved && isDirectory(places.resolved) && hasProgram("resolvectl")) {
    return "systemd-resolved";
  }
  const byResolvconf = target.includes("resolvconf") || /^#.*\bresolvconf\b/im.test(text);
  return byResolvconf && hasProgram("resolvconf") ? "resolvconf" : "resolv.conf";
}

/**
 * Puts the first settings of a plan in force that the machine can have, until `changes` are undone.
 *
 * @param device The tunnel's interface.
 * @returns Whether any are.
 * @throws {VpnError} when the machine's settings cannot be changed.
 */
export function applyDns(
  { candidates, warnings, notes }: DnsPlan,
  device: string,
  changes: AppliedChanges,
  log: Log,
  places: DnsPlaces = machine,
): boolean {
  for (const warning of warnings) log.warn(warning);
  for (const note of notes) log.at(3, note);
  if (candidates.length === 0) return false;
  const keeper = dnsKeeper(places);
  const usable = candidates.map((settings) => fitting(settings, keeper, log))
    .find((settings) => settings !== undefined);
  if (usable === undefined) {
    log.warn(`none of the name servers can be used with ${keeper}: DNS stays as it is`);
    return false;
  }
  if (keeper === "systemd-resolved") applyByResolved(device, usable, changes, log);
  else if (keeper === "resolvconf") applyByResolvconf(device, usable, changes);
  else applyByFile(places.resolvConf, device, usable, changes);
  log.at(1, `DNS by ${keeper}: ${summary(usable)}`);
  return true;
}

/** The settings as far as `keeper` can have them; undefined: not at all. */
function fitting(settings: DnsSettings, keeper: DnsKeeper, log: Log): DnsSettings | undefined {
  if (keeper === "systemd-resolved") return settings;
  const { servers, transport, dnssec, routedDomains } = settings;
  if (transport === "DoT") {
    log.warn(`DNS over TLS needs systemd-resolved: ${summary(settings)} is left out`);
    return undefined;
  }
  const plain = servers.filter(({ port }) => port === undefined || port === 53);
  if (plain.length < servers.length) {
    log.warn("name servers on other ports than 53 need systemd-resolved, and are left out");
  }
  if (servers.length > 0 && plain.length === 0) return undefined;
  if (dnssec === "yes") log.warn("signatures (dnssec yes) are checked by systemd-resolved only");
  if (routedDomains.length > 0 && keeper === "resolv.conf") {
    log.warn(
      `all names are asked for at ${plain.map(({ address }) => address).join(", ")}: ` +
        "split DNS needs systemd-resolved or openresolv",
    );
  }
  return { ...settings, servers: plain };
}

function summary({ servers, searchDomains, routedDomains }: DnsSettings): string {
  const parts: string[] = [];
  if (servers.length > 0) parts.push(servers.map(({ address }) => address).join(", "));
  if (routedDomains.length > 0) parts.push(`for ${routedDomains.join(", ")}`);
  if (searchDomains.length > 0) parts.push(`search ${searchDomains.join(", ")}`);
  return parts.join(", ");
}

function look(path: string): { text: string; target: string } {
  let target = "";
  try {
    target = Deno.readLinkSync(path);
  } catch {
    // It is no link.
  }
  try {
    return { text: Deno.readTextFileSync(path), target };
  } catch {
    return { text: "", target };
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
