/**
 * What a client tells the server of itself in key method 2's peer-info.
 *
 * Source: openvpn(8), `--push-peer-info`.
 *
 * @module
 */

import { programVersion } from "../base/version.ts";
import { formatPeerInfo, IvProto } from "../wire/peer_info.ts";

/** The version of OpenVPN whose protocol we follow: some servers choose features by `IV_VER`. */
const compatibleVersion = "2.6.14";

/** What goes into the peer-info. */
export interface ClientPeerInfoOptions {
  /** `data-ciphers`. */
  readonly dataCiphers: readonly string[];
  /** Bytes. */
  readonly tunMtu: number;
  /** What it says about exit nodes. */
  readonly exit?: readonly (readonly [string, string])[];
  /** `setenv`: `IV_GUI_VER` and `IV_SSO` are sent; `UV_…` and `IV_PLAT_VER` with `machine` only. */
  readonly environment?: Readonly<Record<string, string>>;
  /** With `push-peer-info`: what it says of this machine. */
  readonly machine?: PeerMachine;
}

/** What `push-peer-info` tells of a machine. */
export interface PeerMachine {
  /** Of the system's kernel. */
  readonly release: string;
  /** What does TLS. */
  readonly tlsLibrary: string;
  /** MAC address of the interface that leads to the default gateway; absent where there is none. */
  readonly hardwareAddress?: string;
}

/** A client's peer-info, a line for each value. */
export function clientPeerInfo(options: ClientPeerInfoOptions): string {
  const { dataCiphers, machine, environment = {} } = options;
  const bothGcm = dataCiphers.includes("AES-256-GCM") && dataCiphers.includes("AES-128-GCM");
  // No TLS_KEY_EXPORT: node:tls has no exporter (RFC 5705).
  const protocol = IvProto.DATA_V2 | IvProto.REQUEST_PUSH | IvProto.AUTH_PENDING_KW |
    IvProto.AUTH_FAIL_TEMP | IvProto.CC_EXIT_NOTIFY | IvProto.PUSH_UPDATE |
    // What a server asks for before it pushes `dns`: 2.6 calls it the first, 2.7 the second.
    IvProto.DNS_OPTION | IvProto.DNS_OPTION_V2;
  const variables: (readonly [string, string])[] = [
    ["IV_VER", compatibleVersion],
    ["IV_GUI_VER", `vpn_${programVersion}`],
    ["IV_PLAT", Deno.build.os === "darwin" ? "mac" : Deno.build.os],
    ["IV_TCPNL", "1"],
    ["IV_MTU", String(options.tunMtu)],
    ["IV_CIPHERS", dataCiphers.join(":")],
    ["IV_PROTO", String(protocol)],
    // What a log-in may ask of the user: an address to open, a question to answer.
    ["IV_SSO", "webauth,crtext"],
    ["IV_LZO_STUB", "1"],
    ["IV_COMP_STUB", "1"],
    ["IV_COMP_STUBv2", "1"],
  ];
  variables.push(...options.exit ?? []);
  if (bothGcm) variables.push(["IV_NCP", "2"]);
  const sent = new Map(variables);
  if (machine !== undefined) {
    const { hardwareAddress, tlsLibrary, release } = machine;
    if (hardwareAddress !== undefined) sent.set("IV_HWADDR", hardwareAddress);
    sent.set("IV_SSL", tlsLibrary);
    sent.set("IV_PLAT_VER", release);
  }
  // The other variables say what this program can do, which is not the user's to change.
  const userMaySay = machine === undefined
    ? /^IV_(GUI_VER|SSO)$/
    : /^(IV_(GUI_VER|SSO|PLAT_VER)|UV_[A-Za-z0-9_]+)$/;
  for (const [name, value] of Object.entries(environment)) {
    if (userMaySay.test(name)) sent.set(name, value);
  }
  return formatPeerInfo(sent);
}
