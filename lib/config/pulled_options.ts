/**
 * What a server pushes.
 *
 * @module
 */

import type { NetworkOptions, Topology } from "./network_options.ts";
import type { Framing, InactiveOptions, PingOptions } from "./session_options.ts";

/**
 * What a server may change, as far as it did. Absent: as in the configuration. Routes are the pushed
 * ones alone; see `mergeNetwork`.
 */
export interface PulledOptions extends Omit<NetworkOptions, "topology" | "routeNoexec"> {
  /** What `ifconfig` means. */
  readonly topology?: Topology;
  /** `ping`, `ping-restart`, `ping-exit`, `ping-timer-rem` over those of the configuration. */
  readonly ping: PingOptions;
  /** End when there is little traffic. */
  readonly inactive?: InactiveOptions;
  /** Seconds after which the session ends. */
  readonly sessionTimeout?: number;
  /** 0 to 0xffffff. */
  readonly peerId?: number;
  /** Negotiated cipher, upper case. */
  readonly cipher?: string;
  /** MTU of the server's device, bytes. */
  readonly tunMtu?: number;
  /** To be sent in place of the password from now on. */
  readonly authToken?: string;
  /** Base64-decoded `auth-token-user`. */
  readonly authTokenUser?: string;
  /** How many exit notifications are sent at the end. */
  readonly explicitExitNotify?: number;
  /** How payloads are framed. */
  readonly framing?: Framing;
  /** `protocol-flags cc-exit`: exit notifications go over the control channel. */
  readonly controlChannelExit: boolean;
  /** Keep the device over a reconnection. */
  readonly persistTun?: boolean;
  /** `rcvbuf`, bytes. */
  readonly receiveBuffer?: number;
  /** `sndbuf`, bytes. */
  readonly sendBuffer?: number;
  /** 1: that was the last part; 2: more follow. 0: the only one. */
  readonly pushContinuation: 0 | 1 | 2;
  /** `setenv-safe NAME VALUE`, without the `OPENVPN_` in front. */
  readonly environment: Readonly<Record<string, string>>;
  /** `echo …`, joined by spaces. */
  readonly echo: readonly string[];
}
