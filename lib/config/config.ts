/**
 * What a configuration says once it is read, checked, expanded and frozen: the one thing that
 * client and server are built from.
 *
 * Times are in seconds, sizes in bytes, addresses as text, as OpenVPN's files give them. Defaults
 * are filled in (`init_options` in OpenVPN's options.c, the manual), helper directives (`client`,
 * `server`, `keepalive`) are expanded. Contents of files are not in here: `loadFiles` reads them.
 *
 * @module
 */

import type { AuthorityOptions } from "./authority_options.ts";
import type { PortalOptions } from "./portal_options.ts";
import type { ControlSocketOptions, MetricsOptions } from "./monitoring_options.ts";
import type { ClientExitOptions, ServerExitOptions } from "./exit_options.ts";
import type { FileReference, Position } from "./position.ts";
import type {
  DataChannelOptions,
  DeviceOptions,
  InactiveOptions,
  LogOptions,
  MtuOptions,
  PingOptions,
  ProcessOptions,
  ScriptOption,
  SocketOptions,
  TlsOptions,
} from "./session_options.ts";
import type { LoginOptions } from "./login_options.ts";
import type { ManagementOptions } from "./management_options.ts";
import type { KillSwitchOption, NetworkOptions, PullFilter } from "./network_options.ts";

import type { AccessRuleOption } from "./per_client_options.ts";

export type * from "./position.ts";
export type * from "./session_options.ts";
export type * from "./management_options.ts";
export type * from "./network_options.ts";
export type * from "./pulled_options.ts";
export type * from "./per_client_options.ts";
export type * from "./authority_options.ts";
export type * from "./portal_options.ts";
export type * from "./monitoring_options.ts";
export type * from "./exit_options.ts";
export type * from "./login_options.ts";

/** `tls-auth`, `tls-crypt` or `tls-crypt-v2`: what protects the control channel's packets. */
export interface ControlChannelKey {
  /** Which of the three it is. */
  readonly kind: "tls-auth" | "tls-crypt" | "tls-crypt-v2";
  /** Where the key is. */
  readonly key: FileReference;
  /** `key-direction`; without it both directions use the same key. For `tls-auth` only. */
  readonly direction?: 0 | 1;
}

/** A server's `tls-crypt-v2` and what goes with it. */
export interface TlsCryptV2Options {
  /** `allow-noncookie`: take clients that can't send their key twice (OpenVPN 2.5). */
  readonly allowNoncookie?: boolean;
  /** `tls-crypt-v2-verify`: a command line. */
  readonly verify?: string;
  /** `tls-crypt-v2-max-age`, seconds. */
  readonly maximumAge?: number;
  /** `tls-crypt-v2-revoked`; read again when the file changes. */
  readonly revoked?: FileReference;
}

/** What carries the tunnel. */
export type Transport = "udp" | "tcp";

/** Options of a `<connection>` block, or of one `remote`, with the global ones filled in. */
export interface Connection {
  /** Name or address of the server. */
  readonly host: string;
  /** Port of the server, 1 to 65535. */
  readonly port: number;
  /** What carries this connection. */
  readonly transport: Transport;
  /** `proto udp4`, `udp6`; without it whichever the name resolves to. */
  readonly family?: 4 | 6;
  /** `local`: the address to bind to. */
  readonly local?: string;
  /** Local port to bind to; absent with `nobind`, and for clients that give no `lport`. */
  readonly localPort?: number;
  /** Accept authenticated packets from any address (`float`). */
  readonly float: boolean;
  /** Seconds to wait before the first new attempt; doubles up to `connectRetryMaxWait`. */
  readonly connectRetryWait: number;
  /** Longest wait between attempts, in seconds. */
  readonly connectRetryMaxWait: number;
  /** Seconds to wait for the server's first answer before the next remote. */
  readonly connectTimeout: number;
  /** The key of the control channel; absent: it is protected by TLS alone. */
  readonly controlKey?: ControlChannelKey;
  /** Packet sizes of this connection. */
  readonly mtu: MtuOptions;
  /** How many exit notifications are sent at the end; 0: none. */
  readonly explicitExitNotify: number;
}

/** What both roles have. */
export interface CommonConfig {
  /** The TUN device. */
  readonly device: DeviceOptions;
  /** TLS and whom we trust. */
  readonly tls: TlsOptions;
  /** The data channel. */
  readonly data: DataChannelOptions;
  /** Keep-alive. */
  readonly ping: PingOptions;
  /** End when there is little traffic. */
  readonly inactive?: InactiveOptions;
  /** The UDP sockets. */
  readonly socket: SocketOptions;
  /** Logging. */
  readonly log: LogOptions;
  /** The management interface. */
  readonly management?: ManagementOptions;
  /** The process. */
  readonly process: ProcessOptions;
  /** Addresses and routes of our own end. */
  readonly network: NetworkOptions;
  /** Programs to run, as command lines, by the option that names them. */
  readonly scripts: Readonly<Partial<Record<ScriptOption, string>>>;
  /** `session-timeout`: seconds after which a session ends; 0: never. */
  readonly sessionTimeout: number;
}

/** `static-challenge TEXT ECHO [FORMAT]`. */
export interface StaticChallenge {
  /** What to ask. */
  readonly text: string;
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
  /** Beside the password in `SCRV1:…`, or behind it. */
  readonly format: "scrv1" | "concat";
}

/** `client`, or `tls-client` with `pull`. */
export interface ClientConfig extends CommonConfig {
  /** Tells the two kinds apart. */
  readonly role: "client";
  /** At least one, in the order of the file. */
  readonly connections: readonly Connection[];
  /** Try the connections in random order. */
  readonly remoteRandom: boolean;
  /** `remote-random-hostname`: six random bytes as a label in front of each host name. */
  readonly remoteRandomHostname: boolean;
  /** Seconds to retry a name that doesn't resolve; `Infinity` by default. */
  readonly resolvRetry: number;
  /** Rounds through all connections before giving up; 0: no limit. */
  readonly connectRetryMax: number;
  /** User name and password: from a prompt, a file of two lines or an inline block. */
  readonly authUserPass?:
    | { readonly source: "prompt"; readonly position: Position }
    | FileReference;
  /** Forget passwords after use. */
  readonly authNocache: boolean;
  /** What to do after AUTH_FAILED: end, try again, or ask again. */
  readonly authRetry: "none" | "nointeract" | "interact";
  /** One-time code to ask for along with the password. */
  readonly staticChallenge?: StaticChallenge;
  /** `push-peer-info`: IV_HWADDR, IV_SSL, IV_PLAT_VER and `UV_…` are sent too, see `PeerMachine`. */
  readonly pushPeerInfo: boolean;
  /** `kill-switch`; absent: as the machine is. */
  readonly killSwitch?: KillSwitchOption;
  /** `route-nopull`. */
  readonly routeNopull: boolean;
  /** `allow-pull-fqdn`: pushed routes may name hosts. */
  readonly allowPullFqdn: boolean;
  /** `pull-filter`, in order; the first that matches counts. */
  readonly pullFilters: readonly PullFilter[];
  /** `advertise-exit`. */
  readonly advertiseExit?: ClientExitOptions;
  /** `use-exit`: the exit node that is asked for. */
  readonly useExit?: string;
}

/** `mode server`. */
export interface ServerConfig extends CommonConfig {
  /** Tells the two kinds apart. */
  readonly role: "server";
  /** Where it listens; at least one place. */
  readonly listen: readonly ListenOptions[];
  /** The key of the control channel; absent: it is protected by TLS alone. */
  readonly controlKey?: ControlChannelKey;
  /** Beside `tls-crypt-v2`: `tls-auth` or `tls-crypt` for clients without a key of their own. */
  readonly groupControlKey?: ControlChannelKey;
  /** Which of the clients' own keys may be used. */
  readonly tlsCryptV2: TlsCryptV2Options;
  /** Packet sizes. */
  readonly mtu: MtuOptions;
  /** Addresses for clients; absent with `nopool`. */
  readonly pool?: AddressPool;
  /** IPv6 addresses for clients. */
  readonly poolIpv6?: AddressPoolIpv6;
  /** `vpn-acl`: for clients without a list of their own; empty: everything is allowed. */
  readonly access: readonly AccessRuleOption[];
  /** `ifconfig-push-constraint`: where addresses of `ifconfig-push` must be. */
  readonly ifconfigPushConstraint?: { readonly network: string; readonly netmask: string };
  /** `push` and what helpers add, in order: each an option line such as `route 10.0.0.0`. */
  readonly push: readonly string[];
  /** Forward packets between clients without the kernel. */
  readonly clientToClient: boolean;
  /** Several sessions may have the same common name. */
  readonly duplicateCn: boolean;
  /** Most sessions at a time. */
  readonly maxClients: number;
  /** Whether clients need a certificate. */
  readonly verifyClientCert: "require" | "optional" | "none";
  /** `explicit-exit-notify` on a server: 1 tells clients to reconnect, 2 to go on; 0: nothing. */
  readonly explicitExitNotify: 0 | 1 | 2;
  /** `connect-freq N SECONDS`. */
  readonly connectFreq?: { readonly count: number; readonly seconds: number };
  /** `connect-freq-initial N SECONDS`: 100 per 10 s by default. */
  readonly connectFreqInitial: { readonly count: number; readonly seconds: number };
  /** Name clients by their user name. */
  readonly usernameAsCommonName: boolean;
  /** How users are checked. */
  readonly login: LoginOptions;
  /** Directory of options per client. */
  readonly clientConfigDir?: string;
  /** Only clients with a file there. */
  readonly ccdExclusive: boolean;
  /** File of addresses by client; written every `interval` seconds. */
  readonly ifconfigPoolPersist?: { readonly path: string; readonly interval: number };
  /** Exit nodes; absent: there are none. */
  readonly exit?: ServerExitOptions;
  /** The authority's service; absent without a state directory. */
  readonly authority?: AuthorityOptions;
  /** The portal; absent: there is none. */
  readonly portal?: PortalOptions;
  /** Who may read metrics, and where; absent: nobody without a token. */
  readonly metrics?: MetricsOptions;
  /** Where commands ask; absent: they can't. */
  readonly controlSocket?: ControlSocketOptions;
}

/** Where a server listens. */
export interface ListenOptions {
  /** What is listened for. */
  readonly transport: Transport;
  /** Absent: whichever `local` is, else what the system prefers. */
  readonly family?: 4 | 6;
  /** `local`; absent: all addresses. */
  readonly local?: string;
  /** 1 to 65535; 0: any free one. */
  readonly port: number;
  /** `bind ipv6only`. */
  readonly ipv6Only: boolean;
}

/** `ifconfig-pool START END NETMASK`, or what `server` makes of its network. */
export interface AddressPool {
  /** First address. */
  readonly start: string;
  /** Last address, inclusive. */
  readonly end: string;
  /** Dotted netmask to push with each address. */
  readonly netmask: string;
}

/** `ifconfig-ipv6-pool`, or what `server-ipv6` makes of its network. */
export interface AddressPoolIpv6 {
  /** First address. */
  readonly start: string;
  /** How many addresses; those of both families belong together by their number. */
  readonly size: number;
  /** To push with each address. */
  readonly prefixLength: number;
}

/** A whole configuration. */
export type Config = ClientConfig | ServerConfig;
