/**
 * An OpenVPN-compatible VPN as a library: configurations, certificates, servers and clients.
 *
 * ```ts
 * import { loadFiles, openLog, parseConfigFile, startTunnel } from "@vpn/vpn";
 *
 * const { config } = parseConfigFile("client.ovpn");
 * const tunnel = await startTunnel(config, loadFiles(config), openLog(3));
 * console.log((await tunnel.ended).reason);
 * ```
 *
 * `psk` and `box` are the two lean channels: encrypted duplex streams, and packets.
 *
 * TUN devices by themselves are in `@vpn/vpn/tun` (deno-tun).
 *
 * @module
 */

export { PrivilegeError, VpnError } from "./lib/base/errors.ts";
export {
  type EntryFormat,
  fileSink,
  type Log,
  type LogEntry,
  type LogSink,
  openLog,
  type ProcessLog,
  standardOutputSink,
} from "./lib/base/log.ts";
export * from "./lib/config/mod.ts";
export { CertificateError, type CertificateReason } from "./lib/pki/errors.ts";
export { type Certificate, parseCertificate, parseCertificates } from "./lib/pki/certificate.ts";
export type { DistinguishedName, NameAttribute } from "./lib/pki/distinguished_name.ts";
export type { AlternativeName } from "./lib/pki/general_name.ts";
export {
  type CertificateExtensions,
  type Extension,
  type KeyUsage,
  keyUsages,
} from "./lib/pki/extensions.ts";
export type { NameConstraints, NameSubtree } from "./lib/pki/name_constraints.ts";
export type { NamedCurve, PublicKeyDescription } from "./lib/pki/public_key.ts";
export type { Digest, SignatureAlgorithm, Signed } from "./lib/pki/signature.ts";
export { parseRevocationLists, type Revocation, type RevocationList } from "./lib/pki/crl.ts";
export {
  type PeerPolicy,
  type VerifiedPeer,
  verifyPeerCertificate,
} from "./lib/pki/verify_chain.ts";
export type { Purpose } from "./lib/pki/usage.ts";
export {
  clientProfile,
  type ClientProfileOptions,
  type ProfileControlKey,
  type ProfileReferences,
  type ProfileRemote,
  type ProfileSystem,
  profileSystems,
} from "./lib/pki/client_profile.ts";
export type { TunnelOptions } from "./lib/pki/profile_lines.ts";
export {
  openStateDirectory,
  type StateDirectory,
  type StateDirectoryOptions,
} from "./lib/pki/state_directory.ts";
export type { StateBuilderOptions } from "./lib/pki/state_builder.ts";
export type { ServerExitConfiguration } from "./lib/pki/server_configuration.ts";
export type { PassphraseSource } from "./lib/pki/authority_key.ts";
export type { StateFiles } from "./lib/pki/state_files.ts";
export { type KeyType, keyTypes } from "./lib/pki/keys.ts";
export type {
  AuthRetry,
  ClientTraffic,
  ManagedClient,
  ManagedRemote,
  ManagedServer,
  ManagedTunnel,
  Traffic,
} from "./lib/management/control.ts";
export { startTunnel, type Tunnel, type TunnelEnd } from "./lib/app/start.ts";
export { chooseExit } from "./lib/app/exit/exit_choices.ts";
export * as psk from "./lib/channel/psk/mod.ts";
export * as box from "./lib/channel/box/mod.ts";
export type { ServerReport } from "./lib/app/control_socket/server_report.ts";
export type { ClientStatus } from "./lib/app/status/server_status.ts";
