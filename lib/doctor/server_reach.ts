/**
 * The way from a client to its servers: name, route, answer.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { Netlink, RouteType } from "deno-tun";
import type { Connection } from "../config/mod.ts";
import { parseResolvConf, resolvConfPath } from "../net/dns/resolv_conf.ts";
import { Check, type Finding } from "./finding.ts";

const names = new Check("server's name");
const route = new Check("route to the server");
const answer = new Check("server's answer");
const clock = new Check("server's clock");

/** A server's clock may differ by that much, ms. */
const clockTolerance = 60_000;

/** How long a name may take, ms. */
const lookupTimeout = 10_000;

/** What a server says to a client's first packet. */
export type ProbeAnswer =
  /** `serverTime`: ms since 1970, where the packet's protection tells. */
  | { readonly kind: "answered"; readonly milliseconds: number; readonly serverTime?: number }
  | { readonly kind: "silent" }
  | { readonly kind: "unreachable"; readonly reason: string };

/** Sends a client's first packet to an address. */
export type ServerProbe = (connection: Connection, address: string) => Promise<ProbeAnswer>;

/** A server and the address that it was found at. */
export interface FoundServer {
  readonly connection: Connection;
  readonly address: string;
}

/** Looks names up; the servers that have addresses, and what was found. */
export async function findServers(
  connections: readonly Connection[],
): Promise<{ servers: FoundServer[]; findings: Finding[] }> {
  const servers: FoundServer[] = [];
  const findings: Finding[] = [];
  const known = new Map<string, string | undefined>();
  for (const connection of connections) {
    const { host, family } = connection;
    const key = `${host} ${family}`;
    if (!known.has(key)) {
      known.set(key, await resolve(host, family));
      const found = known.get(key);
      if (found === undefined) findings.push(unresolved(host));
      else if (found !== host) findings.push(names.ok(`${host} is ${found}`));
    }
    const address = known.get(key);
    if (address !== undefined) servers.push({ connection, address });
  }
  return { servers, findings };
}

async function resolve(host: string, family: 4 | 6 | undefined): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), lookupTimeout);
  });
  try {
    return (await Promise.race([lookup(host, { family: family ?? 0 }), timeout]))?.address;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function unresolved(host: string): Finding {
  let text = "";
  try {
    text = Deno.readTextFileSync(resolvConfPath);
  } catch {
    // As good as empty.
  }
  const { nameServers } = parseResolvConf(text);
  if (nameServers.length === 0) {
    return names.problem(
      `${host} cannot be resolved: ${resolvConfPath} names no server`,
      // Quad9's, a public resolver.
      `echo nameserver 9.9.9.9 >>${resolvConfPath}`,
    );
  }
  return names.problem(
    `${host} cannot be resolved by ${nameServers.join(", ")}`,
    `getent hosts ${host}`,
  );
}

/** Whether the kernel knows a way to the server; its interface. */
export function checkRoute(address: string): { finding: Finding; device?: string } {
  const netlink = Netlink.open();
  try {
    const found = netlink.getRoute(address);
    const usable = found?.interfaceIndex !== undefined && found.type !== RouteType.UNREACHABLE;
    if (usable) {
      const device = netlink.link(found.interfaceIndex!)?.name;
      const by = found.gateway === undefined ? "" : ` by ${found.gateway}`;
      return { finding: route.ok(`${address} is reached over ${device}${by}`), device };
    }
    const down = netlink.links().find(({ up, name, kind }) =>
      !up && name !== "lo" && (kind === undefined || kind === "veth")
    );
    return {
      finding: down === undefined
        ? route.problem(`there is none to ${address}: no default route`, "ip route")
        : route.problem(
          `there is none to ${address}, and the interface ${down.name} is down`,
          `ip link set ${down.name} up`,
        ),
    };
  } finally {
    netlink.close();
  }
}

/** Whether a server answers a client's first packet, and what time it has. */
export async function checkAnswer(
  { connection, address }: FoundServer,
  probe: ServerProbe,
): Promise<Finding[]> {
  const { transport, port, controlKey } = connection;
  const where = `${address} ${transport.toUpperCase()} ${port}`;
  const result = await probe(connection, address);
  if (result.kind === "unreachable") {
    return [answer.problem(`${where}: ${result.reason}`, "vpn doctor server   # on the server")];
  }
  if (result.kind === "silent") {
    const key = controlKey === undefined ? "" : `, or has another key for ${controlKey.kind}`;
    return [
      answer.problem(
        `${where} is silent: it does not run, is behind a firewall${key}`,
        "vpn doctor server   # on the server",
      ),
    ];
  }
  const findings = [answer.ok(`${where} answers in ${Math.round(result.milliseconds)} ms`)];
  if (result.serverTime === undefined) return findings;
  const difference = Math.round((Date.now() - result.serverTime) / 1000);
  if (Math.abs(difference) * 1000 <= clockTolerance) return [...findings, clock.ok("as ours")];
  const words = `${Math.abs(difference)} s ${difference > 0 ? "behind" : "ahead of"} ours`;
  return [...findings, clock.problem(`it is ${words}`, "timedatectl set-ntp true")];
}
