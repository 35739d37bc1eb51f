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
import type { DefaultGateways } from "../../net/default_gateways.ts";
import type { NetworkRoute } from "../../net/routes.ts";
import type { TunnelObserver } from "../tunnel_observer.ts";
import { describeResult, type Programs, succeeded } from "./programs.ts";
import { routeVariables } from "./route_variables.ts";
import type { ScriptVariables } from "./script_variables.ts";

/** The device that a program is called about. */
export interface ProgramDevice {
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  readonly network: NetworkOptions;
  /** The network's routes, their words resolved. */
  readonly routes: readonly NetworkRoute[];
  /** The default gateways beside the tunnel. */
  readonly gateways: DefaultGateways;
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
  #variables: ScriptVariables = {};

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

  /** What programs hear of the device from now on, in place of what they heard before. */
  describe(device: ProgramDevice): void {
    this.#device = device;
    this.#programs.forget(Object.keys(this.#variables));
    this.#variables = deviceVariables(device);
    this.#programs.describe(this.#variables);
  }

  /**
   * The device is open, and has its addresses unless `ifconfig-noexec` leaves them to the program.
   *
   * @throws {UpProgramError} when the program fails: what it was to set up is not there.
   */
  async up(device: ProgramDevice): Promise<void> {
    this.describe(device);
    this.#observer.upDown("UP", this.#variables);
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

  /** The routes are there, unless `route-noexec` leaves them to the program. */
  async routesAdded(): Promise<void> {
    const { redirectGateway, routeNoexec } = this.#device!.network;
    if (!routeNoexec) {
      this.#programs.describe({ redirect_gateway: redirectGateway?.ipv4 ? "1" : "0" });
    }
    await this.#run("route-up", []);
  }

  /** The peer has proved who it is: where it is. */
  describePeer(hostname: string, port: number): void {
    const name = hostname.includes(":") ? "trusted_ip6" : "trusted_ip";
    this.#programs.forget(["trusted_ip", "trusted_ip6"]);
    this.#programs.describe({ [name]: hostname, trusted_port: String(port) });
  }

  /** The peer is there, or has another address. */
  async peerAddress(hostname: string, port: number): Promise<void> {
    this.describePeer(hostname, port);
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
    this.#observer.upDown("DOWN", this.#variables);
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

function deviceVariables(device: ProgramDevice): ScriptVariables {
  const { name, mtu, network, routes, gateways } = device;
  const { ifconfig, ifconfigIpv6, topology } = network;
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
  Object.assign(variables, routeVariables(network, routes, gateways));
  // What programs as update-resolv-conf look for.
  for (const [i, { type, value }] of network.dhcpOptions.entries()) {
    variables[`foreign_option_${i + 1}`] = ["dhcp-option", type, value ?? ""].join(" ").trim();
  }
  return variables;
}
