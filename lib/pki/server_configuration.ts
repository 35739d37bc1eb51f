/**
 * The text of a server's configuration, `server.conf`.
 *
 * @module
 */

import { checkedPort, cryptography, quoted, type TunnelOptions, word } from "./profile_lines.ts";

/** What a server that takes its clients' Internet traffic needs to know. */
export interface ServerExitConfiguration {
  /** Addresses of resolvers for the clients. */
  readonly resolvers: readonly string[];
  /** An IPv6 network for the tunnel, as `fd12:3456:789a::/64`. */
  readonly networkIpv6: string;
}

/** What goes into `server.conf`. */
export interface ServerConfigurationOptions extends TunnelOptions {
  /** The state directory, an absolute path; becomes the file's `cd`. */
  readonly directory: string;
  /** Network of the tunnel. Default 10.8.0.0. */
  readonly network?: string;
  /** Its mask. Default 255.255.255.0. */
  readonly mask?: string;
  /** All traffic of the clients goes by the server. */
  readonly exit?: ServerExitConfiguration;
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
  const { resolvers, networkIpv6 } = exit ??
    { resolvers: ["192.0.2.53"], networkIpv6: "fd00:8::/64" };
  return [
    "# Send all traffic of the clients to the Internet by this server, names included. (openvpn",
    "# skips exit-node: forwarding and NAT are to be set up by hand for it.)",
    `${off}setenv opt exit-node`,
    `${off}server-ipv6 ${word(networkIpv6, "server-ipv6")}`,
    `${off}push "redirect-gateway def1 ipv6"`,
    ...resolvers.map((address) => `${off}push "dhcp-option DNS ${word(address, "resolver")}"`),
  ];
}
