/**
 * `ocsp`: asks the authority of a peer whether its certificate is good.
 *
 * @module
 */

import { randomBytes } from "../../base/bytes.ts";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { OcspOptions } from "../../config/config.ts";
import { type Certificate, CertificateError, type VerifiedPeer } from "../../pki/mod.ts";
import type { OcspVerdict } from "../../pki/ocsp_response.ts";
import { reasonName } from "../../pki/revocation_reason.ts";
import { download } from "./download.ts";

/** Longest response that is taken, octets. */
const LIMIT = 64 << 10;
/** As long as RFC 8954 section 2.1 recommends, octets. */
const NONCE_LENGTH = 32;

/**
 * Checks a peer that has passed all other checks.
 *
 * @throws {CertificateError} `revoked`; `ocsp` when `require` gets no answer that it can rely on.
 */
export async function checkByOcsp(
  peer: VerifiedPeer,
  { mode, url }: OcspOptions,
  log: Log,
): Promise<void> {
  const [certificate, issuer] = peer.path;
  let verdict: OcspVerdict;
  try {
    verdict = await askResponder(certificate, issuer, url ?? certificate.ocspUrls?.[0]);
  } catch (error) {
    if (mode === "require") throw error;
    log.warn(`ocsp try: ${errorLine(error)}`);
    return;
  }
  if (verdict.status === "revoked") {
    const { date, reason } = verdict.revocation ?? { date: 0, reason: undefined };
    throw new CertificateError(
      "revoked",
      `the certificate of ${peer.subject} (serial ${peer.serial}) is revoked since ` +
        `${new Date(date).toISOString()}: ${reasonName(reason)} (OCSP)`,
    );
  }
  if (verdict.status === "unknown") {
    const message = `the OCSP responder does not know the certificate of ${peer.subject}`;
    if (mode === "require") throw new CertificateError("ocsp", message);
    log.warn(`ocsp try: ${message}`);
    return;
  }
  log.at(3, `OCSP: the certificate of ${peer.subject} is good`);
}

/**
 * Asks a responder about one certificate.
 *
 * @param url Of the responder; undefined: nobody knows it.
 * @throws {CertificateError} `ocsp`.
 */
export async function askResponder(
  certificate: Certificate,
  issuer: Certificate | undefined,
  url: string | undefined,
): Promise<OcspVerdict> {
  if (issuer === undefined) {
    throw new CertificateError("ocsp", "OCSP needs the peer's authority", "give it with ca");
  }
  if (url === undefined || !/^https?:/.test(url)) {
    throw new CertificateError(
      "ocsp",
      "the certificate does not name an OCSP responder",
      "give its address: ocsp require URL",
    );
  }
  const nonce = randomBytes(NONCE_LENGTH);
  // The library that writes requests is loaded by those who ask.
  const { writeOcspRequest } = await import("../../pki/ocsp_writer.ts");
  const { checkOcspResponse } = await import("../../pki/ocsp_response.ts");
  const bytes = writeOcspRequest(certificate, issuer, nonce);
  let response: Uint8Array;
  try {
    response = await download(url, LIMIT, { type: "application/ocsp-request", bytes });
  } catch (cause) {
    throw new CertificateError("ocsp", `OCSP: ${errorLine(cause)}`, undefined, { cause });
  }
  return await checkOcspResponse(response, { certificate, issuer, nonce, now: Date.now() });
}
