/**
 * Peer-info: the variables that peers tell each other in the key method 2 message, one
 * `NAME=value` a line.
 *
 * Source: openvpn(8), `--push-peer-info`; OpenVPN's `ssl.h` (IV_PROTO bits), `ssl.c`
 * (`push_peer_info`, `validate_peer_info_line`).
 *
 * @module
 */

/** Bits of `IV_PROTO`: what a peer can do. Bit 0 is reserved. */
export const IvProto = {
  /** P_DATA_V2. Whoever announces any other bit announces this one as well. */
  DATA_V2: 1 << 1,
  /** The server may send its PUSH_REPLY without a PUSH_REQUEST. */
  REQUEST_PUSH: 1 << 2,
  /** Data keys by TLS's key material exporter (RFC 5705). */
  TLS_KEY_EXPORT: 1 << 3,
  /** Keywords in AUTH_PENDING (`timeout N`). */
  AUTH_PENDING_KW: 1 << 4,
  /** Negotiation of the cipher between two peers without server mode. */
  NCP_P2P: 1 << 5,
  /** The option `dns`, as of OpenVPN 2.6. */
  DNS_OPTION: 1 << 6,
  /** EXIT as a control message, and the option `protocol-flags`. */
  CC_EXIT_NOTIFY: 1 << 7,
  /** AUTH_FAILED,TEMP. */
  AUTH_FAIL_TEMP: 1 << 8,
  /** Renegotiation under a tls-crypt key that comes from the session. */
  DYN_TLS_CRYPT: 1 << 9,
  /** The option `dns`, as of OpenVPN 2.7: several addresses, each with a port of its own. */
  DNS_OPTION_V2: 1 << 11,
  /** PUSH_UPDATE (OpenVPN 2.7). */
  PUSH_UPDATE: 1 << 12,
} as const;

/** Variables by name, in the order of the text. */
export type PeerInfo = ReadonlyMap<string, string>;

/** Variables that are kept of a peer; an honest one sends about ten. */
const maximumVariables = 64;

/**
 * Reads peer-info. Lines that are not `NAME=value` (letters, digits and `_` in the name) are left
 * out, control characters in a value become `_`, and of two lines with the same name the first
 * counts, as in OpenVPN.
 */
export function parsePeerInfo(text: string): PeerInfo {
  const variables = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Za-z0-9_]+)=(.*)$/.exec(line);
    if (match === null || variables.has(match[1])) continue;
    if (variables.size >= maximumVariables) break;
    // deno-lint-ignore no-control-regex -- they are what this replaces
    variables.set(match[1], match[2].replace(/[\x00-\x1f\x7f]/g, "_"));
  }
  return variables;
}

/** The text for a key method 2 message. Line ends in a value become spaces. */
export function formatPeerInfo(variables: Iterable<readonly [string, string]>): string {
  let text = "";
  for (const [name, value] of variables) text += `${name}=${value.replace(/[\r\n\0]/g, " ")}\n`;
  return text;
}

/** `IV_PROTO` as a number; 0 when it is absent or no number. */
export function protocolFlags(info: PeerInfo): number {
  const value = info.get("IV_PROTO") ?? "";
  return /^\d{1,9}$/.test(value) ? Number(value) : 0;
}

/** `IV_CIPHERS`, best first; undefined when the peer does not say. */
export function announcedCiphers(info: PeerInfo): readonly string[] | undefined {
  return info.get("IV_CIPHERS")?.split(":").filter((name) => name !== "");
}

/** `IV_NCP` as a number; 0 when it is absent or no number. */
export function cipherNegotiationVersion(info: PeerInfo): number {
  const value = info.get("IV_NCP") ?? "";
  return /^\d{1,9}$/.test(value) ? Number(value) : 0;
}
