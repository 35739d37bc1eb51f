/**
 * What a client changes on its machine beside device and routes: the kill switch, DNS. And how it
 * finds its server past them, also when the machine goes to another network.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { Netlink } from "deno-tun";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, NetworkOptions } from "../../config/mod.ts";
import { AppliedChanges } from "../../net/applied_changes.ts";
import { planDns } from "../../net/dns/dns_settings.ts";
import { applyDns } from "../../net/dns/machine_dns.ts";
import { outerNameServers } from "../../net/dns/resolv_conf.ts";
import { resolveBeside } from "../../net/dns/stub_resolver.ts";
import { type NetworkEvent, NetworkWatch } from "../../net/network_watch.ts";
import { outwardRoute } from "../../net/outward_route.ts";
import type { ServerPath } from "../../net/server_route.ts";
import type { TunnelInterface } from "../../net/tunnel_interface.ts";
import { ClientKillSwitch } from "./client_kill_switch.ts";

/** See the module's page. */
export class ClientNetwork {
  readonly #config: ClientConfig;
  readonly #killSwitch: ClientKillSwitch | undefined;
  readonly #log: Log;
  readonly #dns: AppliedChanges;
  /** The name servers of before, while the tunnel's are in force. */
  #formerServers: readonly string[] | undefined;
  #tunnel: TunnelInterface | undefined;
  #watch: NetworkWatch | undefined;
  #server: string | undefined;

  private constructor(config: ClientConfig, killSwitch: ClientKillSwitch | undefined, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#dns = new AppliedChanges(log);
    this.#killSwitch = killSwitch;
  }

  /**
   * Before the client's first packet: puts the kill switch up where there is to be one.
   *
   * @throws {VpnError} when that is not possible: then nothing may be sent.
   */
  static start(config: ClientConfig, log: Log): ClientNetwork {
    return new ClientNetwork(config, ClientKillSwitch.start(config, log), log);
  }

  /** The configuration to run: our sockets have the mark that the kill switch lets pass. */
  get config(): ClientConfig {
    if (this.#killSwitch === undefined) return this.#config;
    return { ...this.#config, socket: { ...this.#config.socket, mark: this.#killSwitch.mark } };
  }

  /**
   * The addresses of a server. With a kill switch the system's resolver is cut off, and with the
   * tunnel's name servers it asks in a tunnel that may be dead; then our own asks.
   */
  async resolve(host: string, family: 4 | 6 | undefined): Promise<string[]> {
    if (this.#killSwitch !== undefined) return await this.#resolveBeside(host, family);
    if (this.#formerServers !== undefined) {
      try {
        return await this.#resolveBeside(host, family);
      } catch (error) {
        // A name server on this machine, or a name that DNS does not know: the system may.
        this.#log.at(3, errorLine(error));
      }
    }
    const found = await lookup(host, { all: true, family: family ?? 0 });
    return found.map(({ address }) => address);
  }

  #resolveBeside(host: string, family: 4 | 6 | undefined): Promise<string[]> {
    return resolveBeside(host, family === undefined ? [4, 6] : [family], {
      servers: this.nameServers(),
      hosts: readText("/etc/hosts"),
      mark: this.config.socket.mark,
      device: (server) => this.#outwardDevice(server),
    });
  }

  /** The name servers on the network that this machine asks beside the tunnel. */
  nameServers(): readonly string[] {
    return this.#formerServers ?? outerNameServers(readText);
  }

  /** Watches the network from now on, until `end`: `changed` is to connect anew. */
  watch(changed: (event: NetworkEvent) => void): void {
    const failed = (error: unknown) =>
      this.#log.warn(`cannot follow the network: ${errorLine(error)}`);
    try {
      this.#watch = new NetworkWatch({
        way: () => this.#way(),
        stirred: () => this.#tunnel?.followNetwork(),
        changed,
        failed,
      });
    } catch (error) {
      // The tunnel works without, as long as the network stays the same.
      failed(error);
    }
  }

  /** The server whose way is watched. */
  connecting(server: string): void {
    this.#server = server;
    this.#watch?.settle();
  }

  /** The device is there, and no route leads into it yet. */
  deviceOpened(tunnel: TunnelInterface): void {
    this.#tunnel = tunnel;
    this.#killSwitch?.letPass(tunnel.index);
  }

  /** Name servers and domains as configured and pulled. One that cannot be had is a warning. */
  applyDns(tunnel: TunnelInterface, network: NetworkOptions): void {
    const former = this.nameServers();
    try {
      if (applyDns(planDns(network), tunnel.name, this.#dns, this.#log)) {
        this.#formerServers = former;
      }
    } catch (error) {
      this.#log.warn(`this machine's DNS settings stay as they are: ${errorLine(error)}`);
      void this.#dns.undo();
    }
  }

  /** The device is about to go. */
  async deviceClosing(): Promise<void> {
    this.#tunnel = undefined;
    this.#formerServers = undefined;
    await this.#dns.undo();
  }

  /** @param orderly The user has ended the program. */
  end(orderly: boolean): void {
    this.#watch?.close();
    this.#killSwitch?.end(orderly);
  }

  /** Router, interface and our address on the way to the server; see `WatchedNetwork`. */
  #way(): string | undefined {
    if (this.#server === undefined) return undefined;
    const path = this.#outward(this.#server);
    if (path === undefined) return undefined;
    const { mark } = this.config.socket;
    // IPv6 has temporary addresses that come and go.
    const source = this.#server.includes(":")
      ? ""
      : withNetlink((netlink) => netlink.getRoute(this.#server!, { mark })?.preferredSource);
    return `${path.gateway} ${path.interfaceIndex} ${source}`;
  }

  #outward(address: string): Pick<ServerPath, "gateway" | "interfaceIndex"> | undefined {
    if (this.#tunnel !== undefined) return this.#tunnel.outward(address);
    const route = withNetlink((netlink) => outwardRoute(netlink, address, () => false));
    return route?.interfaceIndex === undefined
      ? undefined
      : { gateway: route.gateway, interfaceIndex: route.interfaceIndex };
  }

  #outwardDevice(address: string): string | undefined {
    const path = this.#outward(address);
    return path && withNetlink((netlink) => netlink.link(path.interfaceIndex)?.name);
  }
}

function withNetlink<T>(action: (netlink: Netlink) => T): T {
  const netlink = Netlink.open();
  try {
    return action(netlink);
  } finally {
    netlink.close();
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
