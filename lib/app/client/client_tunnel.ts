/**
 * A client's TUN device over all its connections: opened when a server has pushed what it is to be,
 * kept or closed in between (`persist-tun`).
 *
 * @module
 */

import { effectiveUserId } from "deno-tun";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import {
  type ClientConfig,
  type Connection,
  mergeNetwork,
  type NetworkOptions,
  type PulledOptions,
} from "../../config/mod.ts";
import { defaultGateways } from "../../net/default_gateways.ts";
import type { ExitNode } from "../../net/exit_node.ts";
import { TunnelInterface, type TunnelServer } from "../../net/tunnel_interface.ts";
import type { ClientNetwork } from "../client_network/client_network.ts";
import { addClientRoutes } from "../client_network/client_routes.ts";
import { exitNetwork, openClientExit } from "../exit/client_exit.ts";
import type { ProgramDevice, TunnelPrograms } from "../programs/tunnel_programs.ts";
import { describeRoutes, describeTunnel } from "../tunnel_description.ts";

/** What the data plane needs to know of the device. */
export interface OpenedTunnel {
  readonly fd: number;
  readonly vnetHeader: boolean;
  readonly udpSegmentation: boolean;
  /** Bytes. */
  readonly mtu: number;
  /** Whether it is another device than before, to be attached. */
  readonly reopened: boolean;
}

/** Whether another device could be had; privileges may have been given up. */
function mayOpenDevices(): boolean {
  if (effectiveUserId() === 0) return true;
  try {
    Deno.openSync("/dev/net/tun", { read: true, write: true }).close();
    return true;
  } catch {
    return false;
  }
}

/** What a client's tunnel is made of. */
export interface ClientTunnelParts {
  readonly config: ClientConfig;
  readonly network: ClientNetwork;
  readonly log: Log;
  readonly programs: TunnelPrograms;
  /** Has the data plane let go of the device; resolves when it has. */
  detach(): Promise<void>;
  /**
   * Routes that `route-delay` has put off cannot be added: the connection is not what it should be.
   */
  routesFailed(): void;
}

/** See the module's page. */
export class ClientTunnel {
  readonly #config: ClientConfig;
  readonly #machine: ClientNetwork;
  readonly #log: Log;
  readonly #programs: TunnelPrograms;
  readonly #parts: ClientTunnelParts;
  #tunnel: TunnelInterface | undefined;
  #exit: ExitNode | undefined;
  #shape = "";
  /** What of that the device itself has. */
  #device = "";
  #routeTimer: ReturnType<typeof setTimeout> | undefined;
  /** `persist-tun`, pushed with the device that is there. */
  #persistPushed = false;

  constructor(parts: ClientTunnelParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#machine = parts.network;
    this.#log = parts.log;
    this.#programs = parts.programs;
  }

  /**
   * Device, addresses and routes as pulled; what is there already in the same shape stays.
   *
   * @param server The server's IP address.
   * @throws {VpnError} when the device cannot be had.
   */
  async open(connection: Connection, pulled: PulledOptions, server: string): Promise<OpenedTunnel> {
    const merged = mergeNetwork(this.#config.network, pulled);
    const network = exitNetwork(merged, this.#config, this.#log);
    const mtu = pulled.tunMtu ?? connection.mtu.tunMtu;
    const shape = JSON.stringify({ network, mtu, server: network.redirectGateway ? "" : server });
    let reopened = true;
    const kept = this.#tunnel !== undefined && shape === this.#shape;
    const outer = { address: server, mark: this.#config.socket.mark };
    this.#programs.pushed(pulled.environment);
    try {
      if (kept) {
        // All traffic goes on into the tunnel; another server's own stays out of it.
        reopened = false;
        this.#tunnel!.changeServer(outer);
        this.#log.at(1, `Preserving previous TUN/TAP instance: ${this.#tunnel!.name}`);
      } else if (await this.#keepsDevice(network, mtu)) {
        this.#shape = shape;
        const device = await this.#programDevice(this.#tunnel!, network, mtu, server);
        this.#programs.describe(device);
        await this.#addRoutes(this.#tunnel!, device, outer);
        this.#applyDns(this.#tunnel!, network);
        reopened = false;
      } else {
        await this.close();
        const description = describeTunnel(this.#config, mtu, network);
        this.#tunnel = await TunnelInterface.open(description, this.#log);
        this.#shape = shape;
        this.#device = deviceShape(network, mtu);
        this.#machine.deviceOpened(this.#tunnel);
        const device = await this.#programDevice(this.#tunnel, network, mtu, server);
        await this.#programs.up(device);
        this.#exit = await openClientExit(this.#config, network, this.#tunnel.name, this.#log);
        await this.#addRoutes(this.#tunnel, device, outer);
        this.#applyDns(this.#tunnel, network);
      }
    } catch (error) {
      // Half a tunnel must not be taken for a whole one by the next connection.
      await this.close();
      throw error;
    }
    this.#persistPushed = pulled.persistTun ?? false;
    const { fd, vnetHeader, udpSegmentation } = this.#tunnel!;
    return { fd, vnetHeader, udpSegmentation, mtu, reopened };
  }

  /**
   * Whether the device can stay, as only what goes into it is another: then that is taken away, and
   * packets that are under way are not lost.
   */
  async #keepsDevice(network: NetworkOptions, mtu: number): Promise<boolean> {
    const tunnel = this.#tunnel;
    if (tunnel === undefined || this.#exit !== undefined) return false;
    // What up has set up, only down and up can change.
    if (network.ifconfigNoexec || network.routeNoexec) return false;
    if (deviceShape(network, mtu) !== this.#device) return false;
    clearTimeout(this.#routeTimer);
    await this.#machine.deviceClosing();
    await tunnel.removeRoutes();
    this.#machine.deviceOpened(tunnel);
    return true;
  }

  /** The connection is gone; without `persist-tun` the device goes too. */
  async disconnected(): Promise<void> {
    const persist = this.#config.device.persist || this.#persistPushed;
    if (persist || this.#tunnel === undefined) return;
    if (mayOpenDevices()) return await this.close();
    this.#log.at(
      1,
      `${this.#tunnel.name} is kept, as with persist-tun: /dev/net/tun is root's alone, so that ` +
        "another one could not be opened",
    );
  }

  /** Takes the device and all that goes with it away. */
  async close(): Promise<void> {
    clearTimeout(this.#routeTimer);
    const tunnel = this.#tunnel;
    if (tunnel === undefined) return;
    this.#tunnel = undefined;
    await this.#programs.closing();
    await this.#machine.deviceClosing();
    await this.#parts.detach();
    await this.#exit?.close();
    this.#exit = undefined;
    await tunnel.close();
    this.#log.at(1, `Closing TUN/TAP interface ${tunnel.name}`);
    await this.#programs.closed();
  }

  /** What programs are to hear. To be asked for before there is a route into the tunnel. */
  async #programDevice(
    { name }: TunnelInterface,
    network: NetworkOptions,
    mtu: number,
    server: string,
  ): Promise<ProgramDevice> {
    const gateways = defaultGateways();
    const words = { netGateway: gateways.ipv4, remoteHost: server };
    const routes = await describeRoutes(network, words, this.#log);
    return { name, mtu, network, routes, gateways };
  }

  /**
   * Name servers and domains: the work of `up` where the rest of the set-up is too. It has them as
   * `foreign_option_N`; OpenVPN 2.6 on Linux knows no other way.
   */
  #applyDns(tunnel: TunnelInterface, network: NetworkOptions): void {
    const { up, "route-up": routeUp } = this.#config.scripts;
    const program = up ?? routeUp;
    if (network.ifconfigNoexec || (network.routeNoexec && program !== undefined)) {
      return this.#log.at(3, "DNS settings are left to programs, as addresses or routes are");
    }
    this.#machine.applyDns(tunnel, network);
  }

  async #addRoutes(
    tunnel: TunnelInterface,
    { network, routes }: ProgramDevice,
    server: TunnelServer,
  ): Promise<void> {
    const nameServers = this.#machine.nameServers();
    const add = async () => {
      await addClientRoutes(tunnel, network, routes, server, nameServers, this.#log);
      await this.#programs.routesAdded();
    };
    if (network.routeDelay === undefined || network.routeDelay === 0) return await add();
    this.#routeTimer = setTimeout(() => {
      add().catch((error: unknown) => {
        this.#shape = "";
        this.#log.error(errorLine(error));
        this.#parts.routesFailed();
      });
    }, network.routeDelay * 1000);
  }
}

/** What of the network the device itself has: its addresses. */
function deviceShape({ topology, ifconfig, ifconfigIpv6 }: NetworkOptions, mtu: number): string {
  return JSON.stringify({ topology, ifconfig, ifconfigIpv6, mtu });
}
