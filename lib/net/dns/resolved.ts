/**
 * systemd-resolved, by its program `resolvectl`: settings of the tunnel's interface, which go with
 * it. Source: resolvectl(1), systemd-resolved.service(8), "Protocols and routing".
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { AppliedChanges } from "../applied_changes.ts";
import type { DnsSettings, NameServer } from "./dns_settings.ts";
import { runResolverProgram } from "./resolver_program.ts";

const program = "resolvectl";

/** Makes these the settings of a device, until `changes` are undone. @throws {VpnError} */
export function applyByResolved(
  device: string,
  settings: DnsSettings,
  changes: AppliedChanges,
  log: Log,
): void {
  changes.record(`DNS settings of ${device}`, () => {
    try {
      runResolverProgram(program, ["revert", device]);
    } catch (error) {
      // The settings went with the device.
      log.at(3, errorLine(error));
    }
  });
  for (const args of resolvectlCalls(device, settings)) runResolverProgram(program, args);
}

/** The arguments of the calls, one after the other. */
export function resolvectlCalls(device: string, settings: DnsSettings): string[][] {
  const { servers, searchDomains, routedDomains, dnssec, transport, serverName } = settings;
  const split = routedDomains.length > 0;
  // `~`: where to ask, not what to append. `~.` takes all names, before other interfaces' servers.
  const routed = split ? routedDomains.map((name) => `~${name}`) : ["~."];
  const domains = servers.length === 0 ? searchDomains : [...searchDomains, ...routed];
  const calls: string[][] = [];
  if (servers.length > 0) {
    calls.push(["dns", device, ...servers.map((server) => serverText(server, serverName))]);
    calls.push(["default-route", device, split ? "false" : "true"]);
  }
  if (domains.length > 0) calls.push(["domain", device, ...domains]);
  if (dnssec !== undefined) {
    calls.push(["dnssec", device, dnssec === "optional" ? "allow-downgrade" : dnssec]);
  }
  if (transport === "DoT") calls.push(["dnsovertls", device, "yes"]);
  calls.push(["flush-caches"]);
  return calls;
}

/** `ADDRESS[:PORT][#NAME]`, an IPv6 address with a port in brackets. */
function serverText({ address, port }: NameServer, name: string | undefined): string {
  const suffix = name === undefined ? "" : `#${name}`;
  if (port === undefined) return address + suffix;
  return `${address.includes(":") ? `[${address}]` : address}:${port}${suffix}`;
}
