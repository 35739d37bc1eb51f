/**
 * `vpn pki ocsp`: asks a responder.
 *
 * @module
 */

import { readFileIfThere } from "../../base/atomic_file.ts";
import { type Certificate, parseCertificates } from "../../pki/certificate.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import { readImportFile } from "../../pki/authority_import.ts";
import { reasonName } from "../../pki/revocation_reason.ts";
import { stateFiles } from "../../pki/state_files.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { ExitCode } from "../exit_code.ts";
import { askResponder } from "../online_revocation/ocsp_check.ts";
import { openAuthorityOf, stateOf } from "./opened.ts";
import { print, printJson } from "./terminal.ts";

/** Asks about a certificate; the exit code. */
export async function ocsp(given: PkiOperation<"ocsp">): Promise<number> {
  const { certificate, issuer } = await chosen(given);
  const verdict = await askResponder(certificate, issuer, given.url ?? certificate.ocspUrls?.[0]);
  const { status, revocation, nextUpdate } = verdict;
  const revoked = revocation && {
    revokedAt: new Date(revocation.date).toISOString(),
    reason: reasonName(revocation.reason),
  };
  if (given.json) {
    const { serial } = certificate;
    printJson({ serial, status, ...revoked, nextUpdate: new Date(nextUpdate).toISOString() });
  } else {
    const since = revoked === undefined ? "" : ` since ${revoked.revokedAt}: ${revoked.reason}`;
    print(`${formatName(certificate.subject)} (serial ${certificate.serial}): ${status}${since}`);
  }
  return status === "good" ? ExitCode.success : ExitCode.failure;
}

async function chosen(
  given: PkiOperation<"ocsp">,
): Promise<{ certificate: Certificate; issuer: Certificate }> {
  const text = await readFileIfThere(given.certificate);
  if (text === undefined && given.issuer === undefined) {
    using authority = await openAuthorityOf(given);
    const entry = await authority.find(given.certificate);
    return {
      certificate: await authority.certificateOf(entry),
      issuer: authority.certificate,
    };
  }
  const [certificate] = parseCertificates(text ?? await readImportFile(given.certificate));
  const file = given.issuer ?? stateFiles(stateOf(given)).caCertificate;
  const [issuer] = parseCertificates(await readImportFile(file));
  return { certificate, issuer };
}
