/**
 * What a server pushes.
 *
 * @module
 */

import type {
  DhcpOption,
  DnsOptions,
  IfconfigIpv6Option,
  IfconfigOption,
  RedirectGateway,
  RouteIpv6Option,
  RouteOption,
  Topology,
} from "./network_options.ts";
import type { Framing, InactiveOptions, PingOptions } from "./session_options.ts";

/** What a server may change, as far as it did. Absent: as in the configuration. */
export interface PulledOptions {
  /** What `ifconfig` means. */
  readonly topology?: Topology;
  /** Our IPv4 address. */
  readonly ifconfig?: IfconfigOption;
  /** Our IPv6 address. */
  readonly ifconfigIpv6?: IfconfigIpv6Option;
  /** Pushed routes alone; see `mergeNetwork`. */
  readonly routes: readonly RouteOption[];
  /** Pushed routes alone; see `mergeNetwork`. */
  readonly routesIpv6: readonly RouteIpv6Option[];
  /** What `vpn_gateway` means. */
  readonly routeGateway?: string;
  /** Metric of routes that give none. */
  readonly routeMetric?: number;
  /** Seconds to wait before adding routes. */
  readonly routeDelay?: number;
  /** Whether all traffic goes through the tunnel. */
  readonly redirectGateway?: RedirectGateway;
  /** IPv6 must not pass the tunnel by. */
  readonly blockIpv6: boolean;
  /** The device's addresses are a program's work. */
  readonly ifconfigNoexec: boolean;
  /** `dhcp-option`, in order. */
  readonly dhcpOptions: readonly DhcpOption[];
  /** `dns`. */
  readonly dns: DnsOptions;
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
