/**
 * What a configuration says of watching a server: metrics, and the control socket.
 *
 * @module
 */

import type { ListenAddress } from "./authority_options.ts";

/** A network, as text. */
export interface AllowedNetwork {
  /** Its address. */
  readonly network: string;
  /** Bits of it that count. */
  readonly prefixLength: number;
  /** Which of the two kinds of address. */
  readonly family: "ipv4" | "ipv6";
}

/** `metrics` and what goes with it. */
export interface MetricsOptions {
  /** `metrics`; absent: on the portal only. */
  readonly address?: ListenAddress;
  /** `metrics-allow`: from where they may be read without a token. */
  readonly allow: readonly AllowedNetwork[];
}

/** `control-socket`: where `vpn status` asks. */
export interface ControlSocketOptions {
  /** Absolute. */
  readonly path: string;
  /** Whether somebody asked for it; the server goes on without one that nobody asked for. */
  readonly required: boolean;
}
