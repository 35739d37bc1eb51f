/**
 * What a server holds of its machine: sockets, TUN device, exit node, data plane. Opened in this
 * order, freed in the reverse one.
 *
 * @module
 */

import { parseAddress } from "deno-tun";
import type { ServerConfig } from "../../config/config.ts";
import { DataPlane, type DataPlaneEvent } from "../../loop/data_plane.ts";
import { TunnelInterface } from "../../net/tunnel_interface.ts";
import { ServerExit } from "../exit/server_exit.ts";
import { serverVariables } from "../programs/server_variables.ts";
import { serverTunnel } from "../tunnel_description.ts";
import type { ServerParts } from "./server_context.ts";
import { ServerSockets } from "./server_sockets.ts";

/** Where answers come from where the server has no IPv6 address (openvpn(8), `--block-ipv6`). */
const linkLocalSource = "fe80::7";

function ipv6RefusalSource({ network }: ServerConfig): Uint8Array | undefined {
  if (!network.blockIpv6) return undefined;
  return parseAddress(network.ifconfigIpv6?.local ?? linkLocalSource);
}

/** See the module's page. */
export class ServerResources {
  private constructor(
    /** Where clients come in. */
    readonly sockets: ServerSockets,
    /** The TUN device. */
    readonly tunnel: TunnelInterface,
    /** Exit nodes; undefined where the configuration has none. */
    readonly exit: ServerExit | undefined,
    /** The packet path. */
    readonly plane: DataPlane,
  ) {}

  /**
   * Opens all, or nothing.
   *
   * @param onEvent Hears the data plane, from when this has returned.
   * @throws {VpnError} naming what could not be had.
   */
  static async open(
    { config, log, programs }: Pick<ServerParts, "config" | "log" | "programs">,
    onEvent: (event: DataPlaneEvent) => void,
  ): Promise<ServerResources> {
    await using opened = new AsyncDisposableStack();
    const sockets = opened.adopt(new ServerSockets(config, log), (sockets) => sockets.close());
    const tunnel = await TunnelInterface.open(serverTunnel(config), log);
    opened.defer(() => tunnel.close());
    programs.describe(serverVariables(config, tunnel.name));
    const exit = await ServerExit.open(config, tunnel.name, log);
    opened.defer(() => exit?.close());
    const plane = await DataPlane.start({
      engine: config.process.engine,
      maxPeers: config.maxClients,
      role: "server",
      clientToClient: config.clientToClient,
      clientExits: exit?.clientExits,
      ipv6RefusalSource: ipv6RefusalSource(config),
      float: true,
      offload: config.process.offload,
      onEvent,
    });
    opened.move();
    return new ServerResources(sockets, tunnel, exit, plane);
  }

  /** Gives device, exit node and sockets to the data plane: packets flow from here on. */
  attach(mtu: number): void {
    const { fd, vnetHeader, udpSegmentation } = this.tunnel;
    this.plane.command({ kind: "attach-tun", fd, vnetHeader, udpSegmentation, mtu });
    this.exit?.attach((command) => this.plane.command(command));
    this.sockets.attach(this.plane);
  }

  /** Frees all. */
  async close(): Promise<void> {
    await this.plane.stop();
    await this.exit?.close();
    await this.tunnel.close();
    this.sockets.close();
  }
}
