/**
 * `--show-ciphers`, `--show-digests`, `--show-tls`, `--show-curves`, `--show-groups`,
 * `--show-engines`, `--show-gateway`: what there is, in the lines that OpenVPN prints.
 *
 * @module
 */

import { isIP } from "node:net";
import { Netlink, type Route } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import { formatIpv4 } from "../../base/ipv4.ts";
import { ciphers, digests } from "../../crypto/cipher_table.ts";
import type { CommandOptions } from "./command_options.ts";
import { print } from "../authority/terminal.ts";

// What Deno's TLS library offers, in its order: read from its ClientHello (Deno 2.9.6), which a test
// does again.
/** TLS 1.3. */
export const tls13CipherSuites: readonly string[] = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
  "TLS_CHACHA20_POLY1305_SHA256",
];
/** TLS 1.2. */
export const tls12CipherSuites: readonly string[] = [
  "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384",
  "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256",
  "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256",
  "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384",
  "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256",
  "TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256",
];
/** Key exchange. */
export const tlsGroups: readonly string[] = ["X25519", "secp256r1", "secp384r1", "X25519MLKEM768"];

const lists: Readonly<Record<string, () => readonly string[]>> = {
  ciphers: () => [
    "The following ciphers are available for the data channel. Each may be used as a parameter to",
    "the --data-ciphers (or --cipher) option.",
    "",
    ...ciphers.map(({ name, kind, keyLength, blockLength }) =>
      `${name}  (${keyLength * 8} bit key, ${
        blockLength === 1 ? "stream cipher" : `${blockLength * 8} bit block`
      }${kind === "aead" ? ", TLS client/server mode only" : ""})`
    ),
  ],
  digests: () => [
    "The following message digests are available for the HMAC of the data channel (CBC) and of",
    "tls-auth. Each may be used as a parameter to the --auth option.",
    "",
    ...digests.map(({ name, length }) => `${name} ${length * 8} bit digest size`),
  ],
  tls: () => [
    "Available TLS Ciphers, listed in order of preference. The TLS library chooses among them;",
    "--tls-ciphersuites and --tls-cipher change nothing.",
    "",
    "For TLS 1.3 and newer:",
    "",
    ...tls13CipherSuites,
    "",
    "For TLS 1.2:",
    "",
    ...tls12CipherSuites,
  ],
  curves: groupLines,
  groups: groupLines,
  engines:
    () => ["OpenSSL engines are not used; see --crypto for the engines of the data channel."],
};

function groupLines(): readonly string[] {
  return ["Available Elliptic curves/groups (the TLS library chooses among them):", ...tlsGroups];
}

/** Prints what is asked for. */
export function show(what: string, options: CommandOptions): void {
  if (what === "gateway") return showGateway(options.get("show-gateway")?.[0]);
  if (!Object.hasOwn(lists, what)) {
    const known = [...Object.keys(lists), "gateway"].map((name) => `--show-${name}`);
    throw new VpnError(`there is no --show-${what}`, `use one of ${known.join(", ")}`);
  }
  print(...lists[what]());
}

/** Any public address: the kernel only looks its route up. */
const somewhere = { 4: "1.1.1.1", 6: "2606:4700:4700::1111" } as const;

function showGateway(destination: string | undefined): void {
  if (destination !== undefined && isIP(destination) === 0) {
    throw new VpnError(`"${destination}" is no address`, "give an IPv4 or IPv6 address");
  }
  const netlink = Netlink.open();
  try {
    const lines = ([4, 6] as const).flatMap((family) => {
      if (destination !== undefined && isIP(destination) !== family) return [];
      const route = netlink.getRoute(destination ?? somewhere[family]);
      return route === undefined ? [] : [gatewayLine(netlink, route, family)];
    });
    if (lines.length === 0) throw new VpnError("there is no route there");
    print(...lines);
  } finally {
    netlink.close();
  }
}

// print_default_gateway() of OpenVPN's route.c, without the hardware address.
function gatewayLine(netlink: Netlink, route: Route, family: 4 | 6): string {
  const name = family === 4 ? "ROUTE_GATEWAY" : "ROUTE6_GATEWAY";
  const own = netlink.addresses().find(({ index, address }) =>
    index === route.interfaceIndex && address === route.preferredSource
  );
  const mask = own !== undefined && family === 4
    ? `/${formatIpv4(-1 << 32 - own.prefixLength >>> 0)}`
    : "";
  const link = route.interfaceIndex === undefined ? undefined : netlink.link(route.interfaceIndex);
  return `${name} ${route.gateway ?? "ON_LINK"}${mask} IFACE=${link?.name ?? "?"}`;
}
