/**
 * What a tunnel's interface is to be.
 *
 * @module
 */

import type { NetworkRoute } from "./routes.ts";

/** The smallest MTU that IPv6 works with (RFC 8200, section 5), in bytes. */
export const ipv6MinimumMtu = 1280;

/** An address of our end: in a network, or with the address of the other end. */
export type TunnelAddress =
  | { readonly address: string; readonly prefixLength: number }
  | { readonly address: string; readonly peer: string };

/** What the interface is to be. */
export interface TunnelDescription {
  /** `tun`: the next free one; `tun5`, `office`: that one. */
  readonly name: string;
  /** In bytes. */
  readonly mtu: number;
  /** Packets have a virtio_net_hdr in front, and the device's offloads are on. Default: no. */
  readonly vnetHeader?: boolean;
  /** The device is only opened: somebody else sets MTU and addresses, and enables it. */
  readonly setUpElsewhere?: boolean;
  /** Our IPv4 address. */
  readonly ipv4?: TunnelAddress;
  /** Our IPv6 address. */
  readonly ipv6?: TunnelAddress;
  /** Routes to add once the interface is up. */
  readonly routes?: readonly NetworkRoute[];
}

/** The server that the tunnel leads to, whose packets must stay out of it. */
export interface TunnelServer {
  /** Its IP address. */
  readonly address: string;
  /** Firewall mark of the socket that carries the tunnel. */
  readonly mark?: number;
}
