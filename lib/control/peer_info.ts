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
  /** `setenv UV_…` and `IV_…`, sent with `push-peer-info`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A client's peer-info, a line for each value. */
export function clientPeerInfo(options: ClientPeerInfoOptions): string {
  const { dataCiphers } = options;
  const bothGcm = dataCiphers.includes("AES-256-GCM") && dataCiphers.includes("AES-128-GCM");
  // No TLS_KEY_EXPORT: node:tls has no exporter (RFC 5705).
  const protocol = IvProto.DATA_V2 | IvProto.REQUEST_PUSH | IvProto.AUTH_PENDING_KW |
    IvProto.AUTH_FAIL_TEMP | IvProto.CC_EXIT_NOTIFY | IvProto.PUSH_UPDATE;
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
  for (const [name, value] of Object.entries(options.environment ?? {})) {
    if (/^(UV|IV)_[A-Za-z0-9_]+$/.test(name)) variables.push([name, value]);
  }
  return formatPeerInfo(variables);
}
