/**
 * Hosts on one Ethernet, each a network namespace.
 *
 * @module
 */

import { NetworkNamespace } from "./namespace.ts";

/** Name of every host's interface to the others. */
export const hostDevice = "eth0";

/** Interface MTU in bytes, and how many hosts. */
export interface NetworkOptions {
  /** 2 to 200. */
  readonly hosts?: number;
  /** In bytes; 1,500 by default. */
  readonly mtu?: number;
}

/** One host: a namespace and its addresses. */
export interface Host {
  readonly namespace: NetworkNamespace;
  /** In 198.18.0.0/24, of the block set aside for tests of network devices (RFC 2544). */
  readonly address: string;
  /** In 2001:db8::/64, set aside for documentation (RFC 3849). */
  readonly address6: string;
}

/** Hosts that reach each other: by one cable when they are two, by a bridge when they are more. */
export class Network implements AsyncDisposable {
  readonly hosts: readonly Host[];
  readonly #stack: AsyncDisposableStack;

  private constructor(hosts: readonly Host[], stack: AsyncDisposableStack) {
    this.hosts = hosts;
    this.#stack = stack;
  }

  /** @param label A word that tells the reader of `ip netns` what it is for. */
  static async create(label: string, options: NetworkOptions = {}): Promise<Network> {
    const mtu = String(options.mtu ?? 1500);
    await using stack = new AsyncDisposableStack();
    const hosts: Host[] = [];
    for (let i = 0; i < (options.hosts ?? 2); i++) {
      const namespace = stack.use(await NetworkNamespace.create(`${label}-${i}`));
      hosts.push({ namespace, address: `198.18.0.${i + 1}`, address6: `2001:db8::${i + 1}` });
    }
    if (hosts.length === 2) {
      await hosts[0].namespace.ip(
        ...["link", "add", hostDevice, "mtu", mtu, "type", "veth", "peer", "name", hostDevice],
        ...["mtu", mtu, "netns", hosts[1].namespace.name],
      );
    } else {
      await connectToBridge(
        stack.use(await NetworkNamespace.create(`${label}-bridge`)),
        hosts,
        mtu,
      );
    }
    for (const { namespace, address, address6 } of hosts) {
      await namespace.ip("address", "add", `${address}/24`, "dev", hostDevice);
      // A link-local address comes a second after the link is up, and a route with it: no test
      // could compare the routes before and after.
      await namespace.ip("link", "set", hostDevice, "addrgenmode", "none");
      // Without nodad the address cannot be bound for the first second.
      await namespace.ip("-6", "address", "add", `${address6}/64`, "dev", hostDevice, "nodad");
      await namespace.ip("link", "set", hostDevice, "up");
    }
    return new Network(hosts, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function connectToBridge(
  bridge: NetworkNamespace,
  hosts: readonly Host[],
  mtu: string,
): Promise<void> {
  await bridge.ip("link", "add", "bridge", "type", "bridge");
  await bridge.ip("link", "set", "bridge", "up");
  for (const [i, host] of hosts.entries()) {
    await bridge.ip(
      ...["link", "add", `port${i}`, "mtu", mtu, "type", "veth"],
      ...["peer", "name", hostDevice, "mtu", mtu, "netns", host.namespace.name],
    );
    await bridge.ip("link", "set", `port${i}`, "master", "bridge", "up");
  }
}
