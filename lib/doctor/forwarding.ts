/**
 * Whether the kernel sends on what is not for this machine.
 *
 * @module
 */

import type { ServerConfig } from "../config/mod.ts";
import { Check, type Finding } from "./finding.ts";

const forwarding = new Check("forwarding");
const ipv6 = new Check("IPv6");

/** Whether clients of this server are to reach more than this machine. */
export function sendsOn({ push }: Pick<ServerConfig, "push">): boolean {
  return push.some((option) =>
    /^\s*"?(redirect-gateway|redirect-private|route|route-ipv6)\s/
      .test(`${option} `)
  );
}

/** Whether clients of this server are to reach the Internet by it. */
export function isGateway({ push }: Pick<ServerConfig, "push">): boolean {
  return push.some((option) => /^\s*redirect-gateway\b(?!.*!ipv4)/.test(option));
}

/** The families whose packets are sent on. */
export function familiesOf({ network }: Pick<ServerConfig, "network">): (4 | 6)[] {
  return network.ifconfigIpv6 === undefined ? [4] : [4, 6];
}

/** The kernel's switches. `read`: a file's text; undefined: there is none. */
export function checkForwarding(
  config: Pick<ServerConfig, "push" | "network">,
  switchedOn: boolean,
  read: (path: string) => string | undefined = readText,
): Finding {
  if (!sendsOn(config)) return forwarding.skipped("clients are to reach this machine alone");
  if (switchedOn) return forwarding.ok("the server switches it on at its start (exit-node)");
  const switches = { 4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding" } as const;
  for (const family of familiesOf(config)) {
    const name = switches[family];
    if (read(`/proc/sys/${name.replaceAll(".", "/")}`)?.trim() === "1") continue;
    return forwarding.problem(
      `${name} is off: clients reach this machine and nothing behind it`,
      `sysctl -w ${name}=1`,
    );
  }
  return forwarding.ok("switched on");
}

/** Whether the tunnel can have the IPv6 addresses that it is to have. */
export function checkIpv6(
  wanted: boolean,
  read: (path: string) => string | undefined = readText,
): Finding[] {
  if (!wanted) return [];
  const value = read("/proc/sys/net/ipv6/conf/default/disable_ipv6")?.trim();
  if (value === "0") return [ipv6.ok("new interfaces have it")];
  return [
    value === undefined ? ipv6.problem("this kernel has none") : ipv6.problem(
      "it is switched off for new interfaces, the tunnel's among them",
      "sysctl -w net.ipv6.conf.default.disable_ipv6=0",
    ),
  ];
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
