/**
 * The options string ("OCC string") of the key method 2 message: the options that both peers must
 * agree on. A peer without cipher negotiation tells its cipher here; otherwise differences are
 * only worth a warning.
 *
 * ```text
 * V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,auth SHA256,keysize 256,key-method 2,…
 * ```
 *
 * Source: OpenVPN's `options.c` (`options_string`, `options_cmp_equal`), `mtu.c`
 * (`calc_options_string_link_mtu`).
 *
 * @module
 */

/** What the options string needs to know of a cipher; `CipherInfo` of lib/crypto has it. */
export interface OptionsCipher {
  /** OpenVPN's name of it. */
  readonly name: string;
  readonly kind: "aead" | "cbc-hmac";
  /** Bytes. */
  readonly keyLength: number;
  /** Bytes, the implicit part included. */
  readonly ivLength: number;
  /** Bytes: of the block cipher below, so 16 for AES-GCM; 1 for ChaCha20. */
  readonly blockLength: number;
}

/** What the options string needs to know of a digest. */
export interface OptionsDigest {
  readonly name: string;
  /** Bytes. */
  readonly length: number;
}

/**
 * What OpenVPN 2.6 puts in its string when no `cipher` is configured: it computes with Blowfish,
 * the default of before 2.6, and does not name it.
 */
export const unconfiguredCipher: OptionsCipher = {
  name: "BF-CBC",
  kind: "cbc-hmac",
  keyLength: 16,
  ivLength: 8,
  blockLength: 8,
};

/** What goes into an options string. */
export interface OptionsStringValues {
  readonly role: "client" | "server";
  readonly protocol: "udp" | "tcp";
  /** `tun-mtu`, bytes. */
  readonly tunMtu: number;
  /** `cipher`, or `unconfiguredCipher`. */
  readonly cipher: OptionsCipher;
  /** Whether the cipher is named: only if `data-ciphers` has it. */
  readonly nameCipher: boolean;
  /** `auth`. */
  readonly auth: OptionsDigest;
  /** `key-direction`; undefined: none. */
  readonly keyDirection?: 0 | 1;
  /** Whether tls-auth is used. */
  readonly tlsAuth: boolean;
  /** How payloads are framed; anything but "none" is said as `comp-lzo`. */
  readonly compression: "none" | "stub" | "stub-swap" | "stub-v2";
}

const packetIdLength = 4;
const aeadTagLength = 16;
/** Opcode and key id. Without a peer-id: it comes later, by push. */
const dataHeaderLength = 1;
const tcpLengthField = 2;

/** `link-mtu` as peers compute it for this string, bytes; it isn't the size of a real packet. */
export function optionsStringLinkMtu(values: OptionsStringValues): number {
  const { cipher, auth, protocol, compression, tunMtu } = values;
  const cryptography = cipher.kind === "aead"
    ? packetIdLength + aeadTagLength + cipher.ivLength + cipher.blockLength
    : packetIdLength + auth.length + cipher.ivLength + cipher.blockLength;
  // Version 1 framings put a byte in front of each payload.
  const framing = compression === "stub" || compression === "stub-swap" ? 1 : 0;
  return tunMtu + dataHeaderLength + cryptography + framing +
    (protocol === "tcp" ? tcpLengthField : 0);
}

/** Our own string. */
export function buildOptionsString(values: OptionsStringValues): string {
  const { role, protocol, tunMtu, cipher, auth, keyDirection } = values;
  const tcp = role === "client" ? "TCPv4_CLIENT" : "TCPv4_SERVER";
  const parts = [
    "V4",
    "dev-type tun",
    `link-mtu ${optionsStringLinkMtu(values)}`,
    `tun-mtu ${tunMtu}`,
    `proto ${protocol === "udp" ? "UDPv4" : tcp}`,
  ];
  if (values.compression !== "none") parts.push("comp-lzo");
  if (keyDirection !== undefined) parts.push(`keydir ${keyDirection}`);
  if (values.nameCipher) parts.push(`cipher ${cipher.name}`);
  parts.push(`auth ${cipher.kind === "aead" ? nullDigest : auth.name}`);
  parts.push(`keysize ${cipher.keyLength * 8}`);
  if (values.tlsAuth) parts.push("tls-auth");
  parts.push("key-method 2", role === "client" ? "tls-client" : "tls-server");
  return parts.join(",");
}

/** How OpenVPN writes `none` in the string. */
const nullDigest = "[null-digest]";
const nullCipher = "[null-cipher]";

/** The string that we expect of a peer whose options fit ours. */
export function expectedOptionsString(values: OptionsStringValues): string {
  const { role, keyDirection } = values;
  return buildOptionsString({
    ...values,
    role: role === "client" ? "server" : "client",
    keyDirection: keyDirection === undefined ? undefined : keyDirection === 0 ? 1 : 0,
  });
}

/** What a peer's options string tells. */
export interface PeerOptions {
  /** `V4`. */
  readonly version: string;
  /** `tun` or `tap`. */
  readonly deviceType?: string;
  /** Upper case; `none` where the peer has none. */
  readonly cipher?: string;
  /** `none` where the peer has none, as with AEAD ciphers. */
  readonly auth?: string;
  /** Bits. */
  readonly keySize?: number;
  /** Bytes. */
  readonly tunMtu?: number;
  /** Bytes. */
  readonly linkMtu?: number;
  /** `UDPv4`, `TCPv4_CLIENT`, … */
  readonly protocol?: string;
  readonly keyDirection?: number;
  readonly keyMethod?: number;
  /** The peer frames its payloads for compression (`comp-lzo`, `compress`). */
  readonly compression: boolean;
  readonly tlsAuth: boolean;
  readonly role?: "client" | "server";
}

/** Reads a peer's string, which may be empty, and of any content. Unknown parts are left out. */
export function parseOptionsString(text: string): PeerOptions {
  const [version, ...parts] = text.split(",");
  const value = (name: string) =>
    parts.find((part) => part.startsWith(`${name} `))?.slice(name.length + 1);
  const number = (name: string) => {
    const digits = value(name);
    return digits !== undefined && /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
  };
  const cipher = value("cipher");
  const auth = value("auth");
  return {
    version,
    deviceType: value("dev-type"),
    cipher: cipher === nullCipher ? "none" : cipher?.toUpperCase(),
    auth: auth === nullDigest ? "none" : auth,
    keySize: number("keysize"),
    tunMtu: number("tun-mtu"),
    linkMtu: number("link-mtu"),
    protocol: value("proto"),
    keyDirection: number("keydir"),
    keyMethod: number("key-method"),
    compression: parts.includes("comp-lzo"),
    tlsAuth: parts.includes("tls-auth"),
    role: parts.includes("tls-client")
      ? "client"
      : parts.includes("tls-server")
      ? "server"
      : undefined,
  };
}

/** An option that differs between two peers; a side without it has `undefined`. */
export interface OptionsDifference {
  /** Name of the option, or `version`. */
  readonly option: string;
  /** Name and value, as in the string. */
  readonly local?: string;
  readonly remote?: string;
}

/** Options that peers write differently, or not at all, without harm. */
const harmless = new Set(["key-method", "keydir", "proto", "tls-auth", "tun-ipv6", "cipher"]);

/**
 * Where a peer's string differs from the one that we expect, for warnings. Options in which peers
 * differ without harm are left out.
 */
export function compareOptionsStrings(
  remote: string,
  expected: string,
): readonly OptionsDifference[] {
  const theirs = byName(remote);
  const ours = byName(expected);
  const differences: OptionsDifference[] = [];
  for (const [option, local] of ours) {
    if (theirs.get(option) !== local) {
      differences.push({ option, local, remote: theirs.get(option) });
    }
  }
  for (const [option, remotePart] of theirs) {
    if (!ours.has(option)) differences.push({ option, remote: remotePart });
  }
  return differences.filter(({ option }) => !harmless.has(option));
}

function byName(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const part of `version ${text}`.split(",")) {
    if (part !== "") options.set(part.split(" ", 1)[0], part);
  }
  return options;
}
