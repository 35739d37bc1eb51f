/**
 * The machine that the tests of this room change: an empty network namespace with a link to the
 * outside, and a log that can be read.
 *
 * @module
 */

import type { Log } from "../../../lib/base/log.ts";
import { run } from "../../harness/command.ts";

/** A log that keeps its lines. */
export class RecordedLog implements Log {
  readonly verb = 11;
  readonly warnings: string[] = [];
  readonly lines: string[] = [];
  error(message: string): void {
    this.lines.push(message);
  }
  warn(message: string): void {
    this.warnings.push(message);
    this.lines.push(message);
  }
  at(_verb: number, message: string): void {
    this.lines.push(message);
  }
  prefixed(): Log {
    return this;
  }
}

/** `ip` with words separated by spaces. */
export function ip(words: string): Promise<string> {
  return run(["ip", ...words.split(" ")]);
}

/**
 * Gives the namespace an interface wan0 with 192.0.2.10/24 and 2001:db8::10/64 and default routes
 * by .1 and ::1 with a metric, as a DHCP client would.
 */
export async function connectMachine(metric = 100): Promise<void> {
  await ip("link set lo up");
  await ip("link add wan0 type veth peer name isp0");
  await ip("addr add 192.0.2.10/24 dev wan0");
  await ip("link set wan0 addrgenmode none");
  await ip("link set isp0 addrgenmode none");
  await ip("link set isp0 up");
  await ip("link set wan0 up");
  // Without duplicate address detection, which would make the address tentative for a second.
  await ip("-6 addr add 2001:db8::10/64 dev wan0 nodad");
  await settled();
  await ip(`route add default via 192.0.2.1 dev wan0 proto dhcp metric ${metric}`);
  await ip("-6 route add default via 2001:db8::1 dev wan0 proto ra metric 100");
}

/** Waits until the kernel has noticed that both ends of the link are up, and what follows. */
async function settled(): Promise<void> {
  await eventually("the link between wan0 and isp0 is up", async () => {
    const [links, routes] = await Promise.all([ip("-br link"), ip("-6 route show table local")]);
    return links.match(/^(wan0|isp0)@\S+\s+UP /gm)?.length === 2 &&
      routes.includes("2001:db8::10") && routes.includes("dev isp0");
  });
}

/** Waits until the kernel has added its own IPv6 routes for a device with that address. */
export async function ipv6Settled(device: string, address: string): Promise<void> {
  await eventually(`${device} has its own routes`, async () => {
    const routes = await ip(`-6 route show table local dev ${device}`);
    return routes.includes(`local ${address} `) && routes.includes("local fe80:") &&
      routes.includes("ff00::/8");
  });
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 5000;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`not within 5 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Links, addresses and routes of all tables, as text: equal means untouched. */
export async function machineState(): Promise<string> {
  const parts = await Promise.all([
    ip("-br addr"),
    ip("route show table all"),
    ip("-6 route show table all"),
  ]);
  return parts.join("\n");
}

/** The interface and gateway that packets to an address take: `tun0`, `wan0 via 192.0.2.1`. */
export async function wayTo(address: string): Promise<string> {
  const family = address.includes(":") ? "-6 " : "";
  const [route]: { dev: string; gateway?: string }[] = JSON.parse(
    await ip(`${family}-j route get ${address}`),
  );
  return route.gateway === undefined ? route.dev : `${route.dev} via ${route.gateway}`;
}
