/**
 * Keys and certificates of a configuration, as the control channel wants them.
 *
 * @module
 */

import { errorLine, VpnError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { LoadedFiles, TlsOptions } from "../config/mod.ts";
import type { TlsCredentials } from "../control/tls_channel.ts";
import { checkKeyPair, parseCertificates } from "../pki/mod.ts";
import { type Identity, loadIdentity, type Passphrase } from "./identity.ts";
import { PeerTrust, type RevocationSource } from "./peer_trust.ts";
import type { VerifyProgram } from "./programs/verify_program.ts";

/** Who we are, and whom we trust. */
export interface Credentials {
  readonly credentials: TlsCredentials;
  readonly trust: PeerTrust;
}

/** What they are read from. */
export interface CredentialsOptions {
  /** What the other side is. */
  readonly peer: "server" | "client";
  readonly tls: TlsOptions;
  readonly files: LoadedFiles;
  readonly log: Log;
  /** Asked when a key needs one and `askpass` names no file. */
  readonly passphrase: Passphrase;
  /** `tls-verify`. */
  readonly verifyProgram?: VerifyProgram;
}

/**
 * Reads both.
 *
 * @throws {VpnError} when certificate and key do not belong together, can't be read, or are missing.
 */
export async function loadCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { tls, files, passphrase } = options;
  const identity = await loadIdentity(tls, files, passphrase);
  if (identity.authorities === "" && tls.peerFingerprints.length === 0) {
    throw new VpnError(
      "the PKCS#12 file has no certificate of an authority, so nobody could be trusted",
      `add "ca FILE"`,
    );
  }
  return { credentials: tlsCredentials(tls, identity), trust: peerTrust(options, identity) };
}

function tlsCredentials(tls: TlsOptions, identity: Identity): TlsCredentials {
  const { certificate, key, authorities } = identity;
  if (certificate !== undefined && key !== undefined) {
    const [own] = parseCertificates(certificate);
    if (own === undefined) throw new VpnError("cert holds no certificate", "give it one in PEM");
    checkKeyPair(own, key);
  }
  return {
    authorities,
    // Without an authority the fingerprint alone decides; see PeerPolicy.
    byFingerprint: authorities === "" && tls.peerFingerprints.length > 0,
    certificate,
    key,
    minimumVersion: `TLSv${tls.versionMin}`,
    maximumVersion: `TLSv${tls.versionMax}`,
    ciphers: [tls.cipherSuites, tls.cipherList].filter((list) => list !== undefined).join(":") ||
      undefined,
  };
}

/** Our own check of the other side. */
function peerTrust(
  { peer, tls, files, log, verifyProgram }: CredentialsOptions,
  { authorities }: Identity,
): PeerTrust {
  const trusted = authorities === "" ? undefined : authorities;
  return new PeerTrust(peer, trusted, tls, revocationSource(tls, files), log, verifyProgram);
}

function revocationSource(
  { crlVerify, crlDirectory, crlUrl }: TlsOptions,
  files: LoadedFiles,
): RevocationSource | undefined {
  if (crlDirectory !== undefined) {
    try {
      if (Deno.statSync(crlDirectory).isDirectory) return { kind: "directory", path: crlDirectory };
      throw new Error("it is none");
    } catch (cause) {
      const reason = errorLine(cause);
      throw new VpnError(
        `the directory ${crlDirectory} of crl-verify can't be used (${reason})`,
        "create it, or correct the path",
        { cause },
      );
    }
  }
  if (crlUrl !== undefined) return { kind: "url", url: crlUrl };
  if (crlVerify === undefined) return undefined;
  return crlVerify.source === "file"
    ? { kind: "file", path: crlVerify.path }
    : { kind: "text", text: files.text(crlVerify) };
}
