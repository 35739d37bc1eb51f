/**
 * Tells the observer how far a client is.
 *
 * @module
 */

import { isIP } from "node:net";
import { decodeSockaddr } from "deno-tun";
import type { ClientConfig, PulledOptions } from "../../config/config.ts";
import { mergeNetwork } from "../../config/mod.ts";
import type { StateName } from "../../management/messages.ts";
import type { TunnelObserver } from "../tunnel_observer.ts";

/** See the module's page. */
export class ClientStates {
  readonly #config: ClientConfig;
  readonly #observer: TunnelObserver;
  #addresses: { ipv4?: string; ipv6?: string } = {};
  #pending = false;

  constructor(config: ClientConfig, observer: TunnelObserver) {
    this.#config = config;
    this.#observer = observer;
  }

  /** A state that has nothing to add. */
  entered(name: StateName, detail?: string): void {
    this.#observer.state({ name, detail });
  }

  /** A name is about to be looked up. */
  resolving(host: string): void {
    if (isIP(host) === 0) this.entered("RESOLVE");
  }

  /** AUTH_PENDING: the server waits for the user. `timeout`: seconds. */
  pending(timeout: number | undefined): void {
    if (this.#pending) return;
    this.#pending = true;
    this.entered("AUTH_PENDING", timeout === undefined ? undefined : `timeout ${timeout}`);
  }

  /** The server's options are there. */
  pulled(pulled: PulledOptions): void {
    for (const text of pulled.echo) this.#observer.echo(text);
    const { ifconfig, ifconfigIpv6 } = mergeNetwork(this.#config.network, pulled);
    this.#addresses = { ipv4: ifconfig?.local, ipv6: ifconfigIpv6?.local };
    this.#observer.state({ name: "ASSIGN_IP", ...this.#addresses });
    this.#observer.state({ name: "ADD_ROUTES" });
  }

  /** Traffic can flow. `address`: the server's raw sockaddr. */
  connected(address: Uint8Array): void {
    const remote = decodeSockaddr(address);
    this.#observer.state({ name: "CONNECTED", detail: "SUCCESS", ...this.#addresses, remote });
  }

  /** A connection is over, and another one comes. */
  reconnecting(reason: string): void {
    this.#pending = false;
    this.entered("RECONNECTING", reason);
  }
}
