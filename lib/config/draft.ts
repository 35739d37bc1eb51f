/**
 * What option handlers write into, before helpers are expanded and defaults filled in. A field
 * that no option set is undefined.
 *
 * @module
 */

import type {
  AccessRuleOption,
  ClientNetwork,
  ClientOptions,
  ControlChannelKey,
  DhcpOption,
  DnsOptions,
  DnsServer,
  FileReference,
  Framing,
  IfconfigIpv6Option,
  IfconfigOption,
  InactiveOptions,
  KillSwitchOption,
  LogOptions,
  ManagementOptions,
  PingOptions,
  Position,
  ProcessOptions,
  PullFilter,
  PushChange,
  RedirectGateway,
  RouteIpv6Option,
  RouteOption,
  ScriptOption,
  StaticChallenge,
  TlsCryptV2Options,
  TlsOptions,
  Topology,
  Transport,
  VerifyX509Name,
} from "./config.ts";
import type { PortalOptions } from "./portal_options.ts";
import type { AuthorityOptions, ListenAddress } from "./authority_options.ts";
import type { AllowedNetwork } from "./monitoring_options.ts";
import type { ExitNodeRule } from "./exit_options.ts";

type Writable<T> = { -readonly [K in keyof T]?: T[K] };

/** `proto` and the third parameter of `remote`. */
export interface ProtocolDraft {
  readonly transport: Transport;
  readonly family?: 4 | 6;
  /** `tcp-client` or `tcp-server`; plain `tcp` means what the role says. */
  readonly side?: "client" | "server";
}

/** One `remote` line. */
export interface RemoteDraft {
  readonly host: string;
  readonly port?: number;
  readonly protocol?: ProtocolDraft;
  readonly position: Position;
}

/** One `local` line. */
export interface LocalDraft {
  /** Absent: `*`. */
  readonly host?: string;
  readonly port?: number;
  readonly protocol?: ProtocolDraft;
  readonly position: Position;
}

/** The options that may stand in a `<connection>` block. */
export interface ConnectionDraft {
  remote?: RemoteDraft;
  protocol?: ProtocolDraft;
  local?: string;
  localPort?: number;
  /** `lport`, or `port` on a client: only the former makes a client bind. */
  localPortGiven?: boolean;
  remotePort?: number;
  bind?: boolean;
  bindIpv6Only?: boolean;
  nobind?: boolean;
  float?: boolean;
  connectRetry?: number;
  connectRetryMaxWait?: number;
  connectTimeout?: number;
  controlKeys: Partial<Record<ControlChannelKey["kind"], ControlKeyDraft>>;
  keyDirection?: 0 | 1;
  tunMtu?: number;
  mssfix?: number | "default";
  mssfixCounts?: "payload" | "mtu" | "fixed";
  mtuDiscover?: "no" | "maybe" | "yes";
  explicitExitNotify?: number;
}

/** A control channel key before its direction is settled. */
export interface ControlKeyDraft {
  readonly file: FileReference;
  readonly position: Position;
}

/** `server NETWORK NETMASK [nopool]`. */
export interface ServerDraft {
  readonly network: string;
  readonly netmask: string;
  readonly pool: boolean;
}

/** One `push` line. */
export interface PushDraft {
  readonly option: string;
  readonly position: Position;
}

/** What stands in a client's file. */
export interface PerClientDraft {
  readonly pushes: PushChange[];
  readonly iroutes: ClientNetwork[];
  readonly access: AccessRuleOption[];
  ifconfigPush?: ClientOptions["ifconfigPush"];
  ifconfigIpv6Push?: ClientOptions["ifconfigIpv6Push"];
  disable?: boolean;
}

/** A password from a prompt or a file. */
export type Credential = { readonly source: "prompt"; readonly position: Position } | FileReference;

/** Everything that options set. */
export interface Draft {
  /** Where each option was last given. */
  readonly positions: Map<string, Position>;
  /** Options that may be unknown (`ignore-unknown-option`). */
  readonly ignoreUnknown: Set<string>;
  /** `setenv FORWARD_COMPATIBLE 1`. */
  forwardCompatible: boolean;

  client?: boolean;
  pull?: boolean;
  tlsClient?: boolean;
  tlsServer?: boolean;
  modeServer?: boolean;

  readonly connection: ConnectionDraft;
  readonly remotes: RemoteDraft[];
  readonly locals: LocalDraft[];
  readonly connectionBlocks: ConnectionDraft[];
  remoteRandom?: boolean;
  remoteRandomHostname?: boolean;
  protoForce?: Transport;
  resolvRetry?: number;
  connectRetryMax?: number;

  device?: string;
  deviceType?: "tun";
  persistTun?: boolean;

  readonly tls: Writable<TlsOptions>;
  readonly tlsCryptV2: Writable<TlsCryptV2Options>;
  verifyX509Name?: VerifyX509Name;
  authUserPass?: Credential;
  authNocache?: boolean;
  authRetry?: "none" | "nointeract" | "interact";
  staticChallenge?: StaticChallenge;
  pushPeerInfo?: boolean;

  cipher?: string;
  dataCiphers?: readonly string[];
  fallbackCipher?: string;
  auth?: string;
  replayWindow?: number;
  replayTime?: number;
  framing?: Framing;

  keepalive?: { readonly interval: number; readonly timeout: number };
  readonly ping: Writable<PingOptions>;
  inactive?: InactiveOptions;
  sessionTimeout?: number;

  receiveBuffer?: number;
  sendBuffer?: number;
  mark?: number;
  bindDevice?: string;

  readonly log: Writable<LogOptions>;
  readonly management: Writable<Partial<ManagementOptions>>;
  readonly process: Writable<Omit<ProcessOptions, "environment">>;
  readonly environment: Record<string, string>;
  /** Programs by the option that names them. */
  readonly scripts: Partial<Record<ScriptOption, string>>;

  topology?: Topology;
  ifconfig?: IfconfigOption;
  ifconfigIpv6?: IfconfigIpv6Option;
  readonly routes: RouteOption[];
  readonly routesIpv6: RouteIpv6Option[];
  routeGateway?: string;
  routeMetric?: number;
  routeDelay?: number;
  redirectGateway?: RedirectGateway;
  blockIpv6?: boolean;
  ifconfigNoexec?: boolean;
  routeNoexec?: boolean;
  readonly dhcpOptions: DhcpOption[];
  readonly dns: { searchDomains: string[]; servers: Map<number, DnsServer> };
  killSwitch?: KillSwitchOption;
  routeNopull?: boolean;
  allowPullFqdn?: boolean;
  readonly pullFilters: PullFilter[];

  server?: ServerDraft;
  readonly push: PushDraft[];
  pool?: { readonly start: string; readonly end: string; readonly netmask?: string };
  clientToClient?: boolean;
  duplicateCn?: boolean;
  maxClients?: number;
  verifyClientCert?: "require" | "optional" | "none";
  connectFreq?: { readonly count: number; readonly seconds: number };
  connectFreqInitial?: { readonly count: number; readonly seconds: number };
  usernameAsCommonName?: boolean;
  authUserPassVerify?: { readonly command: string; readonly method: "via-env" | "via-file" };
  authUserPassOptional?: boolean;
  authGenToken?: {
    readonly lifetime: number;
    readonly renewal?: number;
    readonly externalAuth: boolean;
  };
  authGenTokenSecret?: FileReference;
  vpnUsers?: FileReference;
  serverIpv6?: { readonly network: string; readonly prefixLength: number };
  poolIpv6?: { readonly network: string; readonly prefixLength: number };
  ifconfigPushConstraint?: { readonly network: string; readonly netmask: string };
  readonly perClient: PerClientDraft;
  clientConfigDir?: string;
  ccdExclusive?: boolean;
  poolPersist?: { readonly path: string; readonly interval: number };

  readonly authority: Writable<AuthorityOptions>;
  readonly portal: Partial<Writable<Omit<PortalOptions, "hosts">>> & { readonly hosts: string[] };
  readonly monitoring: {
    metrics?: ListenAddress;
    readonly allow: AllowedNetwork[];
    /** A path, or `none`. */
    controlSocket?: string;
  };
  readonly exit: {
    server?: boolean;
    out?: string;
    choices?: string;
    advertise?: boolean;
    use?: string;
    readonly rules: ExitNodeRule[];
  };

  peerId?: number;
  authToken?: string;
  authTokenUser?: string;
  controlChannelExit?: boolean;
  pushContinuation?: 0 | 1 | 2;
  readonly echo: string[];
}

/** A draft that no option has touched. */
export function emptyDraft(): Draft {
  return {
    positions: new Map(),
    ignoreUnknown: new Set(),
    forwardCompatible: false,
    connection: { controlKeys: {} },
    remotes: [],
    locals: [],
    connectionBlocks: [],
    tls: {},
    tlsCryptV2: {},
    ping: {},
    log: {},
    management: {},
    process: {},
    // Without a prototype, so that `setenv __proto__ x` is a name like any other.
    environment: Object.create(null),
    scripts: {},
    routes: [],
    routesIpv6: [],
    dhcpOptions: [],
    dns: { searchDomains: [], servers: new Map() },
    pullFilters: [],
    push: [],
    perClient: { pushes: [], iroutes: [], access: [] },
    authority: {},
    portal: { hosts: [] },
    monitoring: { allow: [] },
    exit: { rules: [] },
    echo: [],
  };
}

/** The servers of `dns server`, lowest priority number first. */
export function dnsOptions(draft: Draft): DnsOptions {
  const servers = [...draft.dns.servers.values()].sort((a, b) => a.priority - b.priority);
  return { searchDomains: [...draft.dns.searchDomains], servers };
}
