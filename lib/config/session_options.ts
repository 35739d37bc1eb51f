/**
 * TLS, data channel, timers, sockets, log and process: what both roles have and no network
 * address is in.
 *
 * @module
 */

import type { OcspOptions } from "./authority_options.ts";
import type { FileReference, Position } from "./position.ts";

/** `verify-x509-name NAME TYPE`. */
export interface VerifyX509Name {
  /** The name to compare with. */
  readonly name: string;
  /** `subject`: the whole distinguished name; `name`: the common name; `name-prefix`: its start. */
  readonly type: "subject" | "name" | "name-prefix";
}

/** TLS and whom we trust. */
export interface TlsOptions {
  /** Absent only with `peerFingerprints`, `caPath` or `pkcs12`. */
  readonly ca?: FileReference;
  /** `capath`: a directory of authorities. */
  readonly caPath?: string;
  /** Our certificate (PEM). */
  readonly cert?: FileReference;
  /** Our private key (PEM). */
  readonly key?: FileReference;
  /** PKCS#12 bundle in place of `ca`, `cert` and `key`; inline it is base64. */
  readonly pkcs12?: FileReference;
  /** `askpass`: passphrase of `key` or `pkcs12`; a file of one line. */
  readonly askpass?: { readonly source: "prompt"; readonly position: Position } | FileReference;
  /** Certificates to send along with ours (PEM). */
  readonly extraCerts?: FileReference;
  /** Revocation list (PEM); to be read again when the file changes. */
  readonly crlVerify?: FileReference;
  /** `tls-export-cert`: where `tls-verify` finds the peer's certificate. */
  readonly exportDirectory?: string;
  /** The same by HTTP or HTTPS; to be had again before it ends. */
  readonly crlUrl?: string;
  /** `ocsp`; absent: `off`. */
  readonly ocsp?: OcspOptions;
  /** `crl-verify DIRECTORY dir`: a file there, named after a serial number, revokes it. */
  readonly crlDirectory?: string;
  /** `verify-hash`: SHA-1 or SHA-256 of acceptable issuers, in lower-case hex; empty: any. */
  readonly issuerHashes: readonly string[];
  /** `tls-cert-profile`; `preferred` is the least that is ever taken. */
  readonly certProfile: "insecure" | "legacy" | "preferred" | "suiteb";
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
 * How payloads are framed; nothing is ever compressed (OpenVPN's comp.h). `stub`: 0xFA in front
 * (`comp-lzo`, `compress lzo`). `stub-swap`: 0xFB in front, and the byte that stood there moves to
 * the end (`compress`, `compress lz4`). `stub-v2`: nothing, or 0x50 0x00 in front where the payload
 * starts with 0x50.
 */
export type Framing = "none" | "stub" | "stub-swap" | "stub-v2";

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
  /**
   * `mtu-disc`: whether the outer packets may be fragmented. `no`: they may. `maybe`: what is longer
   * than the path's known MTU is. `yes`: what is longer is not sent. Absent: the system's choice.
   */
  readonly mtuDiscover?: "no" | "maybe" | "yes";
}

/** Keep-alive and idleness, in seconds. 0: off. */
export interface PingOptions {
  /** Seconds without another packet to the peer until a ping is sent. */
  readonly interval: number;
  /** Seconds without a packet from the peer until `timeoutAction`. */
  readonly timeout: number;
  /** `ping-restart` or `ping-exit`. */
  readonly timeoutAction: "restart" | "exit";
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
  /** `rcvbuf`, bytes; 0: the system's. */
  readonly receiveBuffer?: number;
  /** `sndbuf`, bytes; 0: the system's. */
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
  /** `log`, `log-append`; without it standard output. */
  readonly file?: { readonly path: string; readonly append: boolean };
  /** `status FILE SECONDS`. */
  readonly status?: { readonly path: string; readonly interval: number };
  /** `status-version`: format of the status. */
  readonly statusVersion: 1 | 2 | 3;
  /** `suppress-timestamps`. */
  readonly timestamps: boolean;
  /** `syslog`, `daemon`: name of the program there; counts only without `file`. */
  readonly syslog?: string;
  /** `machine-readable-output`, or `log-format json` (ours). */
  readonly format: "text" | "machine" | "json";
  /** `mute`: messages of a kind in a row; 0: all. */
  readonly mute: number;
}

/** The process. */
export interface ProcessOptions {
  /** `cd`; all paths of this configuration are already resolved against it. */
  readonly directory?: string;
  /** `daemon`: go to the background. */
  readonly daemon: boolean;
  /** `down-pre`: call `down` before the device is closed. */
  readonly downPre: boolean;
  /** `nice`. */
  readonly nice?: number;
  /** `remap-usr1`: what is done in place of a reconnection. */
  readonly remapUsr1?: "SIGHUP" | "SIGTERM";
  /** File for the process id. */
  readonly writepid?: string;
  /** User to run as after the start. */
  readonly user?: string;
  /** Group to run as after the start. */
  readonly group?: string;
  /** `state` (ours): where CA, keys and leases are kept. */
  readonly state?: string;
  /** `crypto` (ours). */
  readonly engine: "auto" | "webcrypto" | "openssl" | "ipsec-mb";
  /** `disable-offload` (ours) turns it off. */
  readonly offload: boolean;
  /** `script-security`; 1, no programs, by default. */
  readonly scriptSecurity: 0 | 1 | 2 | 3;
  /** `tmp-dir`: for files that programs read and write. */
  readonly temporaryDirectory?: string;
  /** `setenv`, `setenv-safe`: for scripts; some go to the server, see `ClientPeerInfoOptions`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Options that name a program. */
export type ScriptOption =
  | "up"
  | "down"
  | "route-up"
  | "route-pre-down"
  | "ipchange"
  | "tls-verify"
  | "client-connect"
  | "client-disconnect"
  | "client-crresponse"
  | "learn-address";

/** The TUN device. */
export interface DeviceOptions {
  /** `tun` (the next free one), `tun5` or any name together with `dev-type tun`. */
  readonly name: string;
  /** `persist-tun`: keep the device over a SIGUSR1 or ping-restart. */
  readonly persist: boolean;
}
