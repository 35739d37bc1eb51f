/**
 * What may be said for one client alone.
 *
 * @module
 */

import type { InactiveOptions } from "./session_options.ts";

/** One change of what a client is pushed, in the order of the file. */
export type PushChange =
  | { readonly kind: "add"; readonly option: string }
  | { readonly kind: "reset" }
  | { readonly kind: "remove"; readonly prefix: string };

/** A network behind a client, IPv4 or IPv6. */
export interface ClientNetwork {
  /** An address in it. */
  readonly network: string;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
}

/** One rule of `vpn-acl`: about the other end of what a client sends and gets. */
export interface AccessRuleOption {
  /** Whether what matches may pass. */
  readonly allow: boolean;
  /** An address in the network. */
  readonly network: string;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
  /** Absent: any. `icmp` stands for ICMPv6 as well. */
  readonly protocol?: "tcp" | "udp" | "icmp";
  /** The other end's ports, 0 to 65535; absent: any. */
  readonly ports?: { readonly first: number; readonly last: number };
}

/** What options per client set. */
export interface ClientOptions {
  /** `push`, `push-reset`, `push-remove`. */
  readonly pushes: readonly PushChange[];
  /** `ifconfig-push`. */
  readonly ifconfigPush?: { readonly local: string; readonly netmask: string };
  /** `ifconfig-ipv6-push`; `remote`: the server's own address by default. */
  readonly ifconfigIpv6Push?: {
    readonly local: string;
    readonly prefixLength: number;
    readonly remote?: string;
  };
  /** `iroute`, `iroute-ipv6`. */
  readonly iroutes: readonly ClientNetwork[];
  /** `vpn-acl`. */
  readonly access: readonly AccessRuleOption[];
  /** `disable`. */
  readonly disable: boolean;
  /** `inactive`. */
  readonly inactive?: InactiveOptions;
  /** `session-timeout`, seconds; 0: never. */
  readonly sessionTimeout?: number;
}
