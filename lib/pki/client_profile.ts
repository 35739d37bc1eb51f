/**
 * A client's profile: one configuration for every client and system, but for the lines in which the
 * systems differ.
 *
 * @module
 */

import { checkedPort, cryptography, inline, type TunnelOptions, word } from "./profile_lines.ts";

/** The systems that profiles are made for. */
export const profileSystems = ["linux", "windows", "macos", "android", "ios"] as const;

/** One of them. */
export type ProfileSystem = (typeof profileSystems)[number];

/** How keys and certificates come with a profile. */
export const profileFormats = ["inline", "files", "p12"] as const;

/** One of them. */
export type ProfileFormat = (typeof profileFormats)[number];

/** Where a server is reached. */
export interface ProfileRemote {
  /** Host name or address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** `udp` or `tcp`. */
  readonly proto: string;
}

/** The key that protects the control channel's packets. */
export interface ProfileControlKey {
  /** Which option takes it. */
  readonly kind: "tls-auth" | "tls-crypt" | "tls-crypt-v2";
  /** The key file's text. */
  readonly text: string;
  /** `tls-auth` without directions at the server too. */
  readonly bidirectional?: boolean;
}

/** What goes into a client profile. */
export interface ClientProfileOptions extends TunnelOptions {
  /** Address or host name of the server, at `port` and `proto`. */
  readonly remote: string;
  /** Where the server is reached besides, in this order. */
  readonly furtherRemotes?: readonly ProfileRemote[];
  /** CA certificate, PEM. */
  readonly ca: string;
  /** Client certificate, PEM. */
  readonly cert: string;
  /** Client's private key, PEM; absent where it never left its device. */
  readonly key?: string;
  /** The control channel's key; absent: there is none. */
  readonly controlKey?: ProfileControlKey;
  /** The system that it is for; absent: any. */
  readonly system?: ProfileSystem;
  /** The server gives resolvers, or takes all traffic. */
  readonly resolvers?: boolean;
  /** The server asks for a user name and a password. */
  readonly password?: boolean;
}

/** The files that a profile names, where they are not inside of it. */
export interface ProfileReferences {
  /** `ca`; absent: inline. */
  readonly ca?: string;
  /** `cert`; absent: inline. */
  readonly cert?: string;
  /** `key`; absent: inline. */
  readonly key?: string;
  /** The control channel's key; absent: inline. */
  readonly controlKey?: string;
  /** In place of `cert` and `key`. */
  readonly pkcs12?: string;
  /** Certificate and key are in the system's store: the profile has neither. */
  readonly inStore?: boolean;
}

/**
 * The profile, for OpenVPN 2.5 and later.
 *
 * @throws {VpnError} when a value cannot stand in a configuration line.
 */
export function clientProfile(
  options: ClientProfileOptions,
  references: ProfileReferences = {},
): string {
  const { remote, port = 1194, proto = "udp", controlKey, system } = options;
  const remotes = [{ host: remote, port, proto }, ...options.furtherRemotes ?? []];
  const several = remotes.length > 1;
  const lines = [
    ...howTo(system),
    "client",
    "dev tun",
    ...several ? [] : [`proto ${word(proto, "proto")}`],
    ...remotes.map((place) =>
      `remote ${word(place.host, "remote")} ${checkedPort(place.port)}` +
      (several ? ` ${word(place.proto, "proto")}` : "")
    ),
    "resolv-retry infinite",
    "nobind",
    "persist-key",
    "persist-tun",
    "remote-cert-tls server",
    "tls-version-min 1.2",
    ...cryptography(options),
    // Only datagrams need to be told that the peer has gone.
    ...remotes.every((place) => place.proto.startsWith("udp")) ? ["explicit-exit-notify 1"] : [],
    ...options.password ? ["auth-user-pass"] : [],
    ...options.resolvers ? resolverLines(system) : [],
    "verb 3",
    ...fileOrInline("ca", references.ca, options.ca),
    ...ownLines(options, references),
    ...controlKey === undefined ? [] : controlKeyLines(controlKey, references.controlKey),
  ];
  return lines.join("\n") + "\n";
}

function howTo(system: ProfileSystem | undefined): string[] {
  switch (system) {
    case undefined:
      return [];
    case "linux":
      return [
        "# As root: vpn connect FILE, or openvpn --config FILE; or let NetworkManager import it.",
      ];
    case "windows":
      return [
        "# OpenVPN GUI: right-click its icon, Import file. OpenVPN Connect: drop the file on it.",
      ];
    case "macos":
      return ["# Open the file with Tunnelblick or OpenVPN Connect."];
    case "android":
      return ["# Open the file with OpenVPN for Android or OpenVPN Connect."];
    case "ios":
      return ["# Share the file with OpenVPN Connect."];
  }
}

/** What makes a system ask the server's resolvers, and nobody else. */
function resolverLines(system: ProfileSystem | undefined): string[] {
  switch (system) {
    case "windows":
      // Windows asks the resolvers of all its interfaces at once. "opt": others pass it over.
      return ["setenv opt block-outside-dns"];
    case "linux":
      return [
        "# vpn connect and NetworkManager ask the server's resolvers by themselves. For openvpn,",
        "# install openvpn-systemd-resolved or resolvconf, and take out the semicolons of one pair:",
        ";script-security 2",
        ";up /etc/openvpn/update-systemd-resolved",
        ";down /etc/openvpn/update-systemd-resolved",
        ";up /etc/openvpn/update-resolv-conf",
        ";down /etc/openvpn/update-resolv-conf",
      ];
    default:
      return []; // These apps do it by themselves.
  }
}

function ownLines(options: ClientProfileOptions, references: ProfileReferences): string[] {
  if (references.inStore) return [];
  if (references.pkcs12 !== undefined) return [`pkcs12 ${word(references.pkcs12, "pkcs12")}`];
  const certificate = fileOrInline("cert", references.cert, options.cert);
  if (options.key !== undefined || references.key === undefined) {
    return [...certificate, ...fileOrInline("key", references.key, options.key ?? "")];
  }
  return [
    "# The private key never left its device: put its file beside this one.",
    `key ${word(references.key, "key")}`,
    ...certificate,
  ];
}

function controlKeyLines(key: ProfileControlKey, file: string | undefined): string[] {
  const { kind, text, bidirectional } = key;
  const direction = kind === "tls-auth" && !bidirectional;
  if (file !== undefined) return [`${kind} ${word(file, kind)}${direction ? " 1" : ""}`];
  return [...direction ? ["key-direction 1"] : [], ...inline(kind, text)];
}

function fileOrInline(option: string, file: string | undefined, text: string): string[] {
  return file === undefined ? inline(option, text) : [`${option} ${word(file, option)}`];
}
