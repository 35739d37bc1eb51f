/**
 * The programs that hear of the tunnel itself: `up`, `route-up`, `ipchange`, `route-pre-down`,
 * `down`.
 *
 * Source: openvpn(8), "Script Order of Execution", "Environmental Variables"; OpenVPN's `init.c`
 * (`run_up_down`, `do_route`), `options.c` (`setenv_settings`, `setenv_foreign_option`).
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Config, NetworkOptions } from "../../config/mod.ts";
import type { TunnelObserver } from "../tunnel_observer.ts";
import { describeResult, type Programs, succeeded } from "./programs.ts";
import type { ScriptVariables } from "./script_variables.ts";

/** The device that a program is called about. */
export interface ProgramDevice {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  readonly network: NetworkOptions;
}

/** `up` failed: the program ends, as OpenVPN does. */
export class UpProgramError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "UpProgramError";
}

/** See the module's page. */
export class TunnelPrograms {
  readonly #config: Pick<Config, "scripts" | "process">;
  readonly #programs: Programs;
  readonly #observer: TunnelObserver;
  #device: ProgramDevice | undefined;

  constructor(
    config: Pick<Config, "scripts" | "process">,
    programs: Programs,
    observer: TunnelObserver,
  ) {
    this.#config = config;
    this.#programs = programs;
    this.#observer = observer;
  }

  /** `setenv-safe`, as the server pushes it. */
  pushed(environment: ScriptVariables): void {
    this.#programs.describe(environment);
  }

  /**
   * The device has its addresses.
   *
   * @throws {UpProgramError} when the program fails: what it was to set up is not there.
   */
  async up(device: ProgramDevice): Promise<void> {
    this.#device = device;
    const variables = deviceVariables(device);
    this.#programs.describe(variables);
    this.#observer.upDown("UP", variables);
    const commandLine = this.#config.scripts.up;
    if (commandLine === undefined) return;
    const args = deviceArguments(device, "init");
    const result = await this.#programs.run({ option: "up", commandLine, args });
    // One that may not be called is a warning.
    if (succeeded(result) || !this.#programs.allowed) return;
    this.#device = undefined;
    throw new UpProgramError(
      `the up program ${describeResult(result)}`,
      "mend it, or leave up out",
    );
  }

  /** The routes are there. */
  async routesAdded(): Promise<void> {
    await this.#run("route-up", []);
  }

  /** The peer is there, or has another address. */
  async peerAddress(hostname: string, port: number): Promise<void> {
    const name = hostname.includes(":") ? "trusted_ip6" : "trusted_ip";
    this.#programs.describe({ [name]: hostname, trusted_port: String(port) });
    await this.#run("ipchange", [hostname, String(port)]);
  }

  /** Routes and device are about to go. */
  async closing(): Promise<void> {
    if (this.#device === undefined) return;
    await this.#run("route-pre-down", []);
    if (this.#config.process.downPre) await this.#down();
  }

  /** They are gone. */
  async closed(): Promise<void> {
    if (this.#device === undefined) return;
    if (!this.#config.process.downPre) await this.#down();
    this.#device = undefined;
  }

  async #down(): Promise<void> {
    const device = this.#device!;
    this.#observer.upDown("DOWN", deviceVariables(device));
    await this.#run("down", deviceArguments(device, "init"));
  }

  /** One that fails is in the log; the tunnel is what it is. */
  async #run(
    option: "route-up" | "ipchange" | "route-pre-down" | "down",
    args: readonly string[],
  ): Promise<void> {
    const commandLine = this.#config.scripts[option];
    if (commandLine !== undefined) await this.#programs.run({ option, commandLine, args });
  }
}

/** `DEVICE TUN-MTU 0 LOCAL REMOTE-OR-NETMASK CONTEXT`; the 0 was once the link's MTU. */
function deviceArguments({ name, mtu, network }: ProgramDevice, context: string): string[] {
  const { local = "", remoteOrNetmask = "" } = network.ifconfig ?? {};
  return [name, String(mtu), "0", local, remoteOrNetmask, context];
}

function deviceVariables({ name, mtu, network }: ProgramDevice): ScriptVariables {
  const { ifconfig, ifconfigIpv6, routeGateway, topology } = network;
  const variables: Record<string, string> = {
    script_context: "init",
    dev: name,
    dev_type: "tun",
    tun_mtu: String(mtu),
  };
  if (ifconfig !== undefined) {
    variables.ifconfig_local = ifconfig.local;
    const last = topology === "subnet" ? "ifconfig_netmask" : "ifconfig_remote";
    variables[last] = ifconfig.remoteOrNetmask;
  }
  if (ifconfigIpv6 !== undefined) {
    variables.ifconfig_ipv6_local = ifconfigIpv6.local;
    variables.ifconfig_ipv6_netbits = String(ifconfigIpv6.prefixLength);
    variables.ifconfig_ipv6_remote = ifconfigIpv6.remote;
  }
  if (routeGateway !== undefined) variables.route_vpn_gateway = routeGateway;
  for (const [i, { network: address, netmask, gateway, metric }] of network.routes.entries()) {
    variables[`route_network_${i + 1}`] = address;
    variables[`route_netmask_${i + 1}`] = netmask;
    variables[`route_gateway_${i + 1}`] = gateway ?? routeGateway ?? "";
    if (metric !== undefined) variables[`route_metric_${i + 1}`] = String(metric);
  }
  for (const [i, { network: address, prefixLength }] of network.routesIpv6.entries()) {
    variables[`route_ipv6_network_${i + 1}`] = `${address}/${prefixLength}`;
  }
  // What programs as update-resolv-conf look for.
  for (const [i, { type, value }] of network.dhcpOptions.entries()) {
    variables[`foreign_option_${i + 1}`] = ["dhcp-option", type, value ?? ""].join(" ").trim();
  }
  return variables;
}
