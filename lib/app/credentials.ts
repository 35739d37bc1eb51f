/**
 * Keys and certificates of a configuration, as the control channel wants them.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { LoadedFiles, TlsOptions } from "../config/mod.ts";
import type { TlsCredentials } from "../control/tls_channel.ts";
import { checkKeyPair, parseCertificates } from "../pki/mod.ts";
import { PeerTrust } from "./peer_trust.ts";
import type { VerifyProgram } from "./programs/verify_program.ts";

/** @throws {VpnError} when certificate and key do not belong together, or are missing. */
export function tlsCredentials(tls: TlsOptions, files: LoadedFiles): TlsCredentials {
  const certificate = tls.cert && files.text(tls.cert);
  const key = tls.key && files.text(tls.key);
  if (certificate !== undefined && key !== undefined) {
    const [own] = parseCertificates(certificate);
    if (own === undefined) throw new VpnError("cert holds no certificate", "give it one in PEM");
    checkKeyPair(own, key);
  }
  const extra = tls.extraCerts && files.text(tls.extraCerts);
  return {
    authorities: tls.ca === undefined ? "" : files.text(tls.ca),
    certificate: extra === undefined ? certificate : `${certificate ?? ""}\n${extra}`,
    key,
    minimumVersion: `TLSv${tls.versionMin}`,
    maximumVersion: `TLSv${tls.versionMax}`,
    ciphers: [tls.cipherSuites, tls.cipherList].filter((list) => list !== undefined).join(":") ||
      undefined,
  };
}

/** Our own check of the other side. `purpose`: what the other side is. */
export function peerTrust(
  purpose: "server" | "client",
  tls: TlsOptions,
  files: LoadedFiles,
  log: Log,
  program?: VerifyProgram,
): PeerTrust {
  const { crlVerify, crlUrl } = tls;
  const revocation = crlUrl !== undefined
    ? { kind: "url" as const, url: crlUrl }
    : crlVerify === undefined
    ? undefined
    : crlVerify.source === "file"
    ? { kind: "file" as const, path: crlVerify.path }
    : { kind: "text" as const, text: files.text(crlVerify) };
  return new PeerTrust(purpose, tls.ca && files.text(tls.ca), tls, revocation, log, program);
}
