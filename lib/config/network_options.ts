/**
 * Addresses, routes and DNS.
 *
 * @module
 */

/** `route NETWORK [NETMASK] [GATEWAY] [METRIC]`. */
export interface RouteOption {
  /** Dotted IPv4 address, a host name, or `vpn_gateway`, `net_gateway`, `remote_host`. */
  readonly network: string;
  /** Dotted netmask; `255.255.255.255` by default. */
  readonly netmask: string;
  /** Address, host name or one of the three words; absent: `vpn_gateway`. */
  readonly gateway?: string;
  /** Absent: `NetworkOptions.routeMetric`. */
  readonly metric?: number;
}

/** `route-ipv6 NETWORK/BITS [GATEWAY] [METRIC]`. */
export interface RouteIpv6Option {
  /** IPv6 address. */
  readonly network: string;
  /** 0 to 128. */
  readonly prefixLength: number;
  /** IPv6 address; absent: the tunnel. */
  readonly gateway?: string;
  /** Absent: `NetworkOptions.routeMetric`. */
  readonly metric?: number;
}

/** `redirect-gateway` and `redirect-private`. */
export interface RedirectGateway {
  /** False for `redirect-private` and `!ipv4`: the default route stays. */
  readonly ipv4: boolean;
  /** IPv6 goes through the tunnel too. */
  readonly ipv6: boolean;
  /** The server is on the local network: no host route to it. */
  readonly local: boolean;
  /** `local` if the server is found to be on the local network. */
  readonly autolocal: boolean;
  /** Two /1 routes rather than replacing the default route. */
  readonly def1: boolean;
  /** A host route to the DHCP server outside of the tunnel. */
  readonly bypassDhcp: boolean;
  /** Host routes to the DNS servers outside of the tunnel. */
  readonly bypassDns: boolean;
  /** Nothing to the local network but to the gateway. */
  readonly blockLocal: boolean;
}

/** `ifconfig LOCAL REMOTE-OR-NETMASK`. */
export interface IfconfigOption {
  /** Our IPv4 address. */
  readonly local: string;
  /** Netmask with topology subnet, else the peer's address. */
  readonly remoteOrNetmask: string;
}

/** `ifconfig-ipv6 LOCAL/BITS REMOTE`. */
export interface IfconfigIpv6Option {
  /** Our IPv6 address. */
  readonly local: string;
  /** 0 to 128. */
  readonly prefixLength: number;
  /** The peer's IPv6 address. */
  readonly remote: string;
}

/** What addresses on the device mean. */
export type Topology = "net30" | "p2p" | "subnet";

/** Addresses and routes of our own end. */
export interface NetworkOptions {
  /** What `ifconfig` means. */
  readonly topology: Topology;
  /** IPv4 address of the device; a client mostly gets it pushed. */
  readonly ifconfig?: IfconfigOption;
  /** IPv6 address of the device. */
  readonly ifconfigIpv6?: IfconfigIpv6Option;
  /** IPv4 routes. */
  readonly routes: readonly RouteOption[];
  /** IPv6 routes. */
  readonly routesIpv6: readonly RouteIpv6Option[];
  /** `route-gateway`: what `vpn_gateway` means. */
  readonly routeGateway?: string;
  /** Metric of routes that give none. */
  readonly routeMetric?: number;
  /** Whether all traffic goes through the tunnel. */
  readonly redirectGateway?: RedirectGateway;
  /** Seconds between the connection and adding routes; absent: at once. */
  readonly routeDelay?: number;
  /** `block-ipv6`: IPv6 must not pass the tunnel by. */
  readonly blockIpv6: boolean;
  /** `ifconfig-noexec`: MTU and addresses of the device, and its enabling, are a program's work. */
  readonly ifconfigNoexec: boolean;
  /** `route-noexec`: so are routes. */
  readonly routeNoexec: boolean;
  /** `dhcp-option`, in order. */
  readonly dhcpOptions: readonly DhcpOption[];
  /** `dns`. */
  readonly dns: DnsOptions;
}

/** `dhcp-option TYPE [VALUE]`. */
export interface DhcpOption {
  /** `DNS`, `DOMAIN`, `DOMAIN-SEARCH`, … as written. */
  readonly type: string;
  /** The rest of the line. */
  readonly value?: string;
}

/** One server of `dns server PRIORITY …`. */
export interface DnsServer {
  /** -128 to 127; the lowest is asked first. */
  readonly priority: number;
  /** Address, or address with port as `1.2.3.4:53`, `[::1]:53`. */
  readonly addresses: readonly string[];
  /** Domains that this server is asked for; empty: all. */
  readonly resolveDomains: readonly string[];
  /** Whether answers must be signed. */
  readonly dnssec?: "yes" | "no" | "optional";
  /** How to ask. */
  readonly transport?: "plain" | "DoH" | "DoT";
  /** Name in the TLS handshake with the server. */
  readonly sni?: string;
}

/** `dns …`. */
export interface DnsOptions {
  /** Appended to short names, in order. */
  readonly searchDomains: readonly string[];
  /** By priority. */
  readonly servers: readonly DnsServer[];
}

/** `kill-switch` (ours): nothing leaves this machine but through the tunnel. */
export interface KillSwitchOption {
  /** False for `kill-switch off`: one that is in force is taken away at the start. */
  readonly on: boolean;
  /** `lan`: private and link-local addresses stay reachable. */
  readonly allowLan: boolean;
  /** `stay`: it outlives an orderly end too. */
  readonly stay: boolean;
}

/** `pull-filter ACTION TEXT`. */
export interface PullFilter {
  /** `accept`: taken at once; `ignore`: left out; `reject`: the session is refused. */
  readonly action: "accept" | "ignore" | "reject";
  /** Pushed options that start with it. */
  readonly prefix: string;
}
