/**
 * OpenVPN configuration texts: a client's inline profile and the server's `server.conf`.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/**
 * OpenVPN 2.6's default ciphers. A CBC cipher among them would make OpenVPN clients give up the
 * kernel's data channel offload.
 */
export const defaultDataCiphers: readonly string[] = [
  "AES-256-GCM",
  "AES-128-GCM",
  "CHACHA20-POLY1305",
];

/** What client and server must agree on. */
export interface TunnelOptions {
  /** Port of the server. Default 1194. */
  readonly port?: number;
  /** Transport, as OpenVPN's `proto`. Default `udp`. */
  readonly proto?: string;
  /** `data-ciphers`. Default {@linkcode defaultDataCiphers}. */
  readonly dataCiphers?: readonly string[];
  /** `auth`, the digest of tls-auth and of CBC ciphers. Default SHA256. */
  readonly auth?: string;
}

/** What goes into a client profile. */
export interface ClientProfileOptions extends TunnelOptions {
  /** Address or host name of the server. */
  readonly remote: string;
  /** CA certificate, PEM. */
  readonly ca: string;
  /** Client certificate, PEM. */
  readonly cert: string;
  /** Client's private key, PEM. */
  readonly key: string;
  /** tls-auth key file's text; absent: no tls-auth. */
  readonly tlsAuthKey?: string;
}

/**
 * The profile with everything inline, for OpenVPN 2.5 and later on any system.
 *
 * @throws {VpnError} when a value cannot stand in a configuration line.
 */
export function clientProfile(options: ClientProfileOptions): string {
  const { remote, port = 1194, proto = "udp", tlsAuthKey } = options;
  const lines = [
    "client",
    "dev tun",
    `proto ${word(proto, "proto")}`,
    `remote ${word(remote, "remote")} ${checkedPort(port)}`,
    "resolv-retry infinite",
    "nobind",
    "persist-key",
    "persist-tun",
    "remote-cert-tls server",
    "tls-version-min 1.2",
    ...cryptography(options),
    // Only datagrams need to be told that the peer has gone.
    ...proto.startsWith("udp") ? ["explicit-exit-notify 1"] : [],
    "verb 3",
    ...tlsAuthKey === undefined ? [] : ["key-direction 1"],
    ...inline("ca", options.ca),
    ...inline("cert", options.cert),
    ...inline("key", options.key),
    ...tlsAuthKey === undefined ? [] : inline("tls-auth", tlsAuthKey),
  ];
  return lines.join("\n") + "\n";
}

/** What goes into `server.conf`. */
export interface ServerConfigurationOptions extends TunnelOptions {
  /** The state directory, an absolute path; becomes the file's `cd`. */
  readonly directory: string;
  /** Network of the tunnel. Default 10.8.0.0. */
  readonly network?: string;
  /** Its mask. Default 255.255.255.0. */
  readonly mask?: string;
  /** All traffic of the clients goes by the server; the addresses are their resolvers. */
  readonly exit?: { readonly resolvers: readonly string[] };
}

/**
 * The text of `server.conf`, with comments for the user. It works from any working directory.
 *
 * @throws {VpnError} when a value cannot stand in a configuration line.
 */
export function serverConfiguration(options: ServerConfigurationOptions): string {
  const { port = 1194, proto = "udp", network = "10.8.0.0", mask = "255.255.255.0" } = options;
  const notify = proto.startsWith("udp")
    ? [
      "# Tell clients when the server ends, so that they reconnect at once.",
      "explicit-exit-notify 1",
    ]
    : [];
  return [
    "# Configuration of the server, in OpenVPN's language; openvpn takes it too.",
    "# Lines that begin with # or ; are comments. Restart the server after a change.",
    "",
    "# Where the files below are. Change it when you move the directory.",
    `cd ${quoted(options.directory)}`,
    "",
    "# Where clients come in.",
    `port ${checkedPort(port)}`,
    `proto ${word(proto, "proto")}`,
    "dev tun",
    "",
    "# The network inside the tunnel. The server takes its first address.",
    "topology subnet",
    `server ${word(network, "server")} ${word(mask, "server")}`,
    "",
    "# Who we are, whom we trust, whom no longer.",
    "ca ca.crt",
    "cert server.crt",
    "key server.key",
    "dh none",
    "crl-verify crl.pem",
    "verify-client-cert require",
    "remote-cert-tls client",
    "tls-auth ta.key 0",
    "tls-version-min 1.2",
    "",
    "# How packets are protected. Clients must have the same auth. Peers without AEAD ciphers",
    "# (OpenVPN before 2.4) need :AES-256-CBC at the end of data-ciphers.",
    ...cryptography(options),
    "",
    "# Ping every 10 s; a client that is silent for twice 60 s is gone.",
    "keepalive 10 60",
    ...notify,
    "persist-tun",
    "",
    ...exitLines(options.exit),
    "# A network behind this server that clients may reach:",
    ';push "route 192.168.10.0 255.255.255.0"',
    "# Let clients reach each other:",
    ";client-to-client",
    "# Let several clients use one certificate at a time:",
    ";duplicate-cn",
    "",
    "verb 3",
    "",
  ].join("\n");
}

function exitLines(exit: ServerConfigurationOptions["exit"]): string[] {
  const off = exit === undefined ? ";" : "";
  const resolvers = exit === undefined ? ["192.0.2.53"] : exit.resolvers;
  return [
    "# Send all traffic of the clients to the Internet by this server, names included. (openvpn",
    "# skips exit-node: forwarding and NAT are to be set up by hand for it.)",
    `${off}setenv opt exit-node`,
    `${off}push "redirect-gateway def1"`,
    ...resolvers.map((address) => `${off}push "dhcp-option DNS ${word(address, "resolver")}"`),
  ];
}

function cryptography({ dataCiphers = defaultDataCiphers, auth = "SHA256" }: TunnelOptions) {
  return [`auth ${word(auth, "auth")}`, `data-ciphers ${word(dataCiphers.join(":"), "cipher")}`];
}

function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new VpnError(`${port} is no port`, "use a number from 1 to 65535");
}

/** A parameter that needs no quotes; anything else could add options of its own. */
function word(text: string, option: string): string {
  if (/^[A-Za-z0-9._:%?+/-]+$/.test(text)) return text;
  throw new VpnError(
    `the ${option} has a character that cannot stand in a configuration file`,
    "use letters, digits, dots, colons and dashes",
  );
}

/** A parameter in double quotes, with OpenVPN's escapes. */
function quoted(text: string): string {
  if (/[\r\n\0]/.test(text)) {
    throw new VpnError("the state directory has a line end in its name", "rename it");
  }
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function inline(option: string, text: string): string[] {
  // A closing tag inside would end the block early.
  if (/^\s*</m.test(text)) throw new VpnError(`the ${option} file is damaged`, "restore it");
  return [`<${option}>`, text.trim(), `</${option}>`];
}
