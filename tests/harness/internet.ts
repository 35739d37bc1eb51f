/**
 * An Internet behind a test's network: a router, a narrow link, and one host that tells by which
 * address it is asked.
 *
 * ```text
 * hosts ── Ethernet, 1,500 bytes ── router ── 1,400 bytes ── Internet host
 * ```
 *
 * @module
 */

import assert from "node:assert/strict";
import { NetworkNamespace } from "./namespace.ts";
import type { Host, Network } from "./network.ts";
import { pingSizes, transfer } from "./traffic.ts";

const program = new URL("./source_program.ts", import.meta.url).pathname;
const port = 7;
/** More than any window: path MTU discovery must have worked for it to arrive. */
const transferBytes = 2_000_000;
const routerAddress = { ipv4: "203.0.113.1", ipv6: "2001:db8:f::1" };

/** The host on the other side. Nobody there knows of a tunnel's addresses. */
export class Internet implements AsyncDisposable {
  /** Its IPv4 address, of TEST-NET-3 (RFC 5737). */
  readonly address = "203.0.113.9";
  readonly address6 = "2001:db8:f::9";
  /** MTU of its link, bytes. */
  readonly mtu = 1400;

  private constructor(readonly namespace: NetworkNamespace) {}

  /** Makes the last host of the network the router, and the default gateway of the others. */
  static async behind(network: Network): Promise<Internet> {
    const router = network.hosts.at(-1)!;
    const internet = new Internet(await NetworkNamespace.create("internet"));
    try {
      await internet.#connect(router, network.hosts.slice(0, -1));
      const args = ["run", "--no-config", "--allow-net", program, "listen", String(port)];
      const server = internet.namespace.spawn([Deno.execPath(), ...args], { name: "source" });
      await server.waitForLine(/^listening$/, { timeoutMs: 60_000 });
    } catch (error) {
      await internet[Symbol.asyncDispose]();
      throw error;
    }
    return internet;
  }

  async #connect(router: Host, others: readonly Host[]): Promise<void> {
    const mtu = String(this.mtu);
    await router.namespace.ip(
      ...["link", "add", "wan0", "mtu", mtu, "type", "veth", "peer", "name", "eth0"],
      ...["mtu", mtu, "netns", this.namespace.name],
    );
    await router.namespace.exec([
      ...[
        "sh",
        "-c",
        "cd /proc/sys/net && echo 1 >ipv4/ip_forward && echo 1 >ipv6/conf/all/forwarding",
      ],
    ]);
    const ends = [
      [router.namespace, "wan0", routerAddress.ipv4, routerAddress.ipv6],
      [this.namespace, "eth0", this.address, this.address6],
    ] as const;
    for (const [namespace, device, ipv4, ipv6] of ends) {
      await namespace.ip("address", "add", `${ipv4}/24`, "dev", device);
      await namespace.ip("link", "set", device, "addrgenmode", "none");
      await namespace.ip("-6", "address", "add", `${ipv6}/64`, "dev", device, "nodad");
      await namespace.ip("link", "set", device, "up");
    }
    // Without a link-local address a router solicits no neighbours for what it forwards.
    for (const device of ["eth0", "wan0"]) {
      await router.namespace.ip("-6", "address", "add", "fe80::1/64", "dev", device, "nodad");
    }
    await this.namespace.ip("route", "add", "default", "via", routerAddress.ipv4);
    await this.namespace.ip("-6", "route", "add", "default", "via", routerAddress.ipv6);
    for (const { namespace } of others) {
      await namespace.ip("route", "add", "default", "via", router.address);
      await namespace.ip("-6", "route", "add", "default", "via", router.address6);
    }
  }

  /** The address by which a host's question comes here; undefined when no answer comes. */
  async sourceOf(
    from: NetworkNamespace,
    protocol: "udp" | "tcp",
    family: 4 | 6,
    seconds = 30,
  ): Promise<string | undefined> {
    const to = family === 4 ? this.address : this.address6;
    const { code, stdout } = await from.tryExec([
      ...[Deno.execPath(), "run", "--no-config", "--allow-net", program],
      ...["ask", protocol, to, String(port), String(seconds)],
    ]);
    return code === 0 ? stdout.trim() : undefined;
  }

  /**
   * Throws unless a host reaches this one by the exit node, over IPv4 and IPv6: UDP, TCP, ICMP, and
   * path MTU discovery over the narrow link.
   */
  async reachedFrom(from: NetworkNamespace, exit: Host): Promise<void> {
    for (const family of [4, 6] as const) {
      const [address, source] = family === 4
        ? [this.address, exit.address]
        : [this.address6, exit.address6];
      assert.equal(await this.sourceOf(from, "udp", family), source);
      assert.equal(await this.sourceOf(from, "tcp", family), source);
      const ping = ["ping", "-n", "-M", "do", "-c", "3", "-i", "0.3", "-s", "1400", address];
      const { stdout, stderr } = await from.tryExec(ping);
      assert.match(stdout + stderr, new RegExp(`mtu[ :=]+${this.mtu}`));
      await pingSizes(from, address, [56, 1452, 4000], 20);
      await transfer(from, this.namespace, address, transferBytes);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.namespace[Symbol.asyncDispose]();
  }
}

/** Rules of the firewall, routes, policy rules and switches of a host: equal means untouched. */
export async function machineState(namespace: NetworkNamespace): Promise<string> {
  const script = `nft list ruleset; ip route show table all; ip -6 route show table all; ip rule;
    ip -6 rule; ip -o address; cd /proc/sys/net;
    grep -rs . ipv4/ip_forward ipv4/conf ipv6/conf | sort`;
  const state = await namespace.exec(["sh", "-c", script]);
  // How long an address or route lasts changes by itself.
  return state.replace(/ expires \d+sec/g, "");
}
