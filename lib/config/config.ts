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

/** Where an option was written. */
export interface Position {
  /** The file as it was named, `[CMD-LINE]` or `[PUSH-OPTIONS]`. */
  readonly file: string;
  /** From 1. On the command line: the place of the option among the arguments. */
  readonly line: number;
  /** The option as it was written, without `--`. */
  readonly option: string;
}

/** A file that an option names, or its contents between `<option>` and `</option>`. */
export type FileReference =
  | { readonly source: "inline"; readonly text: string; readonly position: Position }
  | { readonly source: "file"; readonly path: string; readonly position: Position };

/** `tls-auth`, `tls-crypt` or `tls-crypt-v2`: what protects the control channel's packets. */
export interface ControlChannelKey {
  /** Which of the three it is. */
  readonly kind: "tls-auth" | "tls-crypt" | "tls-crypt-v2";
  /** Where the key is. */
  readonly key: FileReference;
  /** `key-direction`; without it both directions use the same key. For `tls-auth` only. */
  readonly direction?: 0 | 1;
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

/** Sizes of packets. */
export interface MtuOptions {
  /** MTU of the TUN device (`tun-mtu`), 100 to 65535. */
  readonly tunMtu: number;
  /** Whether `tun-mtu` was given: a pushed `tun-mtu` then only warns where it differs. */
  readonly tunMtuGiven: boolean;
  /** Largest outer packet, from which TCP's MSS is derived (`mssfix`); 0: leave TCP alone. */
  readonly mssfix: number;
  /**
   * What `mssfix` counts: `payload` UDP payload, `mtu` with IP and UDP headers (the default),
   * `fixed` the MTU inside the tunnel.
   */
  readonly mssfixCounts: "payload" | "mtu" | "fixed";
}

/** The TUN device. */
export interface DeviceOptions {
  /** `tun` (the next free one), `tun5` or any name together with `dev-type tun`. */
  readonly name: string;
  /** `persist-tun`: keep the device over a SIGUSR1 or ping-restart. */
  readonly persist: boolean;
}

/** `verify-x509-name NAME TYPE`. */
export interface VerifyX509Name {
  /** The name to compare with. */
  readonly name: string;
  /** `subject`: the whole distinguished name; `name`: the common name; `name-prefix`: its start. */
  readonly type: "subject" | "name" | "name-prefix";
}

/** TLS and whom we trust. */
export interface TlsOptions {
  /** Absent only with `peerFingerprints`. */
  readonly ca?: FileReference;
  /** Our certificate (PEM). */
  readonly cert?: FileReference;
  /** Our private key (PEM). */
  readonly key?: FileReference;
  /** PKCS#12 bundle in place of `ca`, `cert` and `key`; inline it is base64. */
  readonly pkcs12?: FileReference;
  /** Certificates to send along with ours (PEM). */
  readonly extraCerts?: FileReference;
  /** Revocation list (PEM); to be read again when the file changes. */
  readonly crlVerify?: FileReference;
  /** SHA-256 of acceptable peer certificates, 32 bytes each in lower-case hex; empty: any. */
  readonly peerFingerprints: readonly string[];
  /** The name that the peer's certificate must have. */
  readonly verifyX509Name?: VerifyX509Name;
  /** `remote-cert-ku`: one of these masks must be in the peer's; `present`: any key usage. */
  readonly remoteCertKu?: "present" | readonly number[];
  /** `remote-cert-eku` (or what `remote-cert-tls` implies): a dotted OID. */
  readonly remoteCertEku?: string;
  /** Oldest TLS version. */
  readonly versionMin: "1.2" | "1.3";
  /** Newest TLS version. */
  readonly versionMax: "1.2" | "1.3";
  /** `tls-cipher`: IANA or OpenSSL names for TLS 1.2, joined by colons. */
  readonly cipherList?: string;
  /** `tls-ciphersuites`: TLS 1.3 names joined by colons. */
  readonly cipherSuites?: string;
  /** `tls-groups`: names joined by colons. */
  readonly groups?: string;
  /** Seconds after which a control packet is sent again. */
  readonly timeout: number;
  /** Seconds within which a handshake must end. */
  readonly handWindow: number;
  /** Seconds that an old key stays usable after its successor is there. */
  readonly tranWindow: number;
  /** Seconds until renegotiation; 0: never from our side. */
  readonly renegSec: number;
  /** Lower bound where the moment is drawn at random (`reneg-sec MAX MIN`). */
  readonly renegSecMin?: number;
  /** Bytes after which to renegotiate; 0: never. Absent: the cipher's own limit. */
  readonly renegBytes?: number;
  /** Packets after which to renegotiate; 0: never. */
  readonly renegPkts: number;
  /** `single-session`: no new session after the first. */
  readonly singleSession: boolean;
  /** `tls-exit`: end when a negotiation fails. */
  readonly exitOnFailure: boolean;
}

/**
 * How payloads are framed; nothing is ever compressed (OpenVPN's comp.h). `lzo`: 0xFA in front
 * (`comp-lzo`, `compress lzo`). `stub`: 0xFB in front, and the byte that stood there moves to the
 * end (`compress`, `compress lz4`). `stub-v2`: nothing, or 0x50 0x00 in front where the payload
 * starts with 0x50.
 */
export type Framing = "none" | "lzo" | "stub" | "stub-v2";

/** The data channel. */
export interface DataChannelOptions {
  /** `data-ciphers` in order of preference, upper case; `DEFAULT` and `?` resolved. */
  readonly ciphers: readonly string[];
  /** `data-ciphers-fallback`: the cipher for a peer that negotiates none. */
  readonly fallbackCipher?: string;
  /** `cipher`: what the options string says; a fallback only through `fallbackCipher`. */
  readonly cipher?: string;
  /** `auth`: digest of the CBC HMAC and of `tls-auth`, upper case, `SHA1` … `SHA512`. */
  readonly auth: string;
  /** `replay-window`: packets. */
  readonly replayWindow: number;
  /** `replay-window`: seconds. */
  readonly replayTime: number;
  /** How payloads are framed. */
  readonly framing: Framing;
}

/** Keep-alive and idleness, in seconds. 0: off. */
export interface PingOptions {
  /** Seconds without another packet to the peer until a ping is sent. */
  readonly interval: number;
  /** Seconds without a packet from the peer until `timeoutAction`. */
  readonly timeout: number;
  /** `ping-restart` or `ping-exit`. */
  readonly timeoutAction: "restart" | "exit";
  /** `ping-timer-rem`: the timeout counts only once a peer is known. */
  readonly onlyWithRemote: boolean;
}

/** `inactive`: end when there is little traffic. */
export interface InactiveOptions {
  /** Length of the time that is looked at, in seconds; 0: never end. */
  readonly seconds: number;
  /** Fewer bytes than that in `seconds` count as none; 0: one byte is enough. */
  readonly bytes: number;
}

/** Sockets. */
export interface SocketOptions {
  /** `rcvbuf`, bytes. */
  readonly receiveBuffer?: number;
  /** `sndbuf`, bytes. */
  readonly sendBuffer?: number;
  /** `mark`: SO_MARK. */
  readonly mark?: number;
  /** `bind-dev`: SO_BINDTODEVICE. */
  readonly device?: string;
}

/** Logging. */
export interface LogOptions {
  /** 0 to 11. */
  readonly verb: number;
  /** At most that many consecutive messages of one category; 0: no limit. */
  readonly mute: number;
  /** `log`, `log-append`; without it standard output. */
  readonly file?: { readonly path: string; readonly append: boolean };
  /** `status FILE SECONDS`. */
  readonly status?: { readonly path: string; readonly interval: number };
  /** `status-version`: format of the status. */
  readonly statusVersion: 1 | 2 | 3;
  /** `suppress-timestamps`. */
  readonly timestamps: boolean;
}

/** The process. */
export interface ProcessOptions {
  /** `cd`; all paths of this configuration are already resolved against it. */
  readonly directory?: string;
  /** File for the process id. */
  readonly writepid?: string;
  /** User to run as after the start. */
  readonly user?: string;
  /** Group to run as after the start. */
  readonly group?: string;
  /** `state` (ours): where CA, keys and leases are kept. */
  readonly state?: string;
  /** `crypto` (ours). */
  readonly engine: "auto" | "webcrypto" | "openssl";
  /** `disable-offload` (ours) turns it off. */
  readonly offload: boolean;
  /** `setenv`, `setenv-safe`: for scripts; `UV_…` and `IV_…` go to the server as peer info. */
  readonly environment: Readonly<Record<string, string>>;
}

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

/** `pull-filter ACTION TEXT`. */
export interface PullFilter {
  /** `accept`: taken at once; `ignore`: left out; `reject`: the session is refused. */
  readonly action: "accept" | "ignore" | "reject";
  /** Pushed options that start with it. */
  readonly prefix: string;
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
  /** The process. */
  readonly process: ProcessOptions;
  /** Addresses and routes of our own end. */
  readonly network: NetworkOptions;
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
  readonly staticChallenge?: { readonly text: string; readonly echo: boolean };
  /** `askpass`: the private key's passphrase; `prompt` or a file of one line. */
  readonly askpass?: { readonly source: "prompt"; readonly position: Position } | FileReference;
  /** `push-peer-info`: IV_HWADDR, IV_SSL, IV_PLAT_VER and `UV_…` are sent too. */
  readonly pushPeerInfo: boolean;
  /** `route-nopull`. */
  readonly routeNopull: boolean;
  /** `allow-pull-fqdn`: pushed routes may name hosts. */
  readonly allowPullFqdn: boolean;
  /** `pull-filter`, in order; the first that matches counts. */
  readonly pullFilters: readonly PullFilter[];
}

/** `mode server`. */
export interface ServerConfig extends CommonConfig {
  /** Tells the two kinds apart. */
  readonly role: "server";
  /** Where it listens. */
  readonly listen: ListenOptions;
  /** The key of the control channel; absent: it is protected by TLS alone. */
  readonly controlKey?: ControlChannelKey;
  /** Packet sizes. */
  readonly mtu: MtuOptions;
  /** Addresses for clients; absent with `nopool`. */
  readonly pool?: AddressPool;
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
  /** Directory of options per client. */
  readonly clientConfigDir?: string;
  /** Only clients with a file there. */
  readonly ccdExclusive: boolean;
  /** File of addresses by client; written every `interval` seconds. */
  readonly ifconfigPoolPersist?: { readonly path: string; readonly interval: number };
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

/** A whole configuration. */
export type Config = ClientConfig | ServerConfig;

/** Something to tell the user that isn't an error. */
export interface Notice {
  /** `warning`: to be mended, shown from verb 1; `info`: shown from `verb`. */
  readonly level: "warning" | "info";
  /** Lowest `verb` at which it is shown. */
  readonly verb: number;
  /** One line, with file and line number in front. */
  readonly message: string;
  /** Where it came up. */
  readonly position: Position;
}

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
  /** `rcvbuf`, bytes. */
  readonly receiveBuffer?: number;
  /** `sndbuf`, bytes. */
  readonly sendBuffer?: number;
  /** 0 to 11. */
  readonly verb?: number;
  /** 1: that was the last part; 2: more follow. 0: the only one. */
  readonly pushContinuation: 0 | 1 | 2;
  /** `setenv-safe NAME VALUE`, without the `OPENVPN_` in front. */
  readonly environment: Readonly<Record<string, string>>;
  /** `echo …`, joined by spaces. */
  readonly echo: readonly string[];
}
