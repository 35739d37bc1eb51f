/**
 * What a client changes on its machine beside device and routes, over all its connections: the kill
 * switch, and how the server's name is found past it.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { Netlink } from "deno-tun";
import type { Log } from "../../base/log.ts";
import type { ClientConfig } from "../../config/mod.ts";
import { outerNameServers } from "../../net/dns/resolv_conf.ts";
import { resolveBeside } from "../../net/dns/stub_resolver.ts";
import { outwardRoute } from "../../net/outward_route.ts";
import { ClientKillSwitch } from "./client_kill_switch.ts";

/** See the module's page. */
export class ClientNetwork {
  readonly #config: ClientConfig;
  readonly #killSwitch: ClientKillSwitch | undefined;
  #tunnelIndex: number | undefined;

  private constructor(config: ClientConfig, killSwitch: ClientKillSwitch | undefined) {
    this.#config = config;
    this.#killSwitch = killSwitch;
  }

  /**
   * Before the client's first packet: puts the kill switch up where there is to be one.
   *
   * @throws {VpnError} when that is not possible: then nothing may be sent.
   */
  static start(config: ClientConfig, log: Log): ClientNetwork {
    return new ClientNetwork(config, ClientKillSwitch.start(config, log));
  }

  /** The configuration to run: our sockets have the mark that the kill switch lets pass. */
  get config(): ClientConfig {
    if (this.#killSwitch === undefined) return this.#config;
    return { ...this.#config, socket: { ...this.#config.socket, mark: this.#killSwitch.mark } };
  }

  /**
   * The addresses of a server. With a kill switch the system's resolver is cut off, so that our own
   * asks.
   */
  async resolve(host: string, family: 4 | 6 | undefined): Promise<string[]> {
    if (this.#killSwitch === undefined) {
      const found = await lookup(host, { all: true, family: family ?? 0 });
      return found.map(({ address }) => address);
    }
    return await resolveBeside(host, family === undefined ? [4, 6] : [family], {
      servers: outerNameServers(readText),
      hosts: readText("/etc/hosts"),
      mark: this.#killSwitch.mark,
      device: (server) => this.#outwardDevice(server),
    });
  }

  /** The device is there, and no route leads into it yet. */
  deviceOpened(index: number): void {
    this.#tunnelIndex = index;
    this.#killSwitch?.letPass(index);
  }

  /** @param orderly The user has ended the program. */
  end(orderly: boolean): void {
    this.#killSwitch?.end(orderly);
  }

  #outwardDevice(server: string): string | undefined {
    const netlink = Netlink.open();
    try {
      const route = outwardRoute(
        netlink,
        server,
        ({ interfaceIndex }) => interfaceIndex === this.#tunnelIndex,
      );
      return route?.interfaceIndex === undefined
        ? undefined
        : netlink.link(route.interfaceIndex)?.name;
    } finally {
      netlink.close();
    }
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
