/**
 * Whether anything on a path is revoked (`crl-verify`).
 *
 * @module
 */

import type { Certificate } from "./certificate.ts";
import { type RevocationList, verifyRevocationList } from "./crl.ts";
import { formatName, sameName } from "./distinguished_name.ts";
import { CertificateError } from "./errors.ts";
import { called } from "./path.ts";

/**
 * Looks every certificate of a path up in the list of its issuer. A list that is out of date is
 * refused, as OpenVPN does. For the peer's own certificate a list there must be; where an
 * intermediate has none that is a warning, since few authorities publish one for it.
 *
 * @returns Warnings for the log.
 * @throws {CertificateError} `revoked`, `crl-missing`, `crl-expired`, `crl-not-yet-valid`, or why
 * the list itself is refused.
 */
export async function checkRevocation(
  path: readonly Certificate[],
  lists: readonly RevocationList[],
  now: number,
): Promise<string[]> {
  const warnings: string[] = [];
  for (const [depth, certificate] of path.entries()) {
    // The last one is the trusted authority: if it is self-issued, its own list could name it.
    const issuer = path[depth + 1] ?? certificate;
    const known = sameName(issuer.subject, certificate.issuer);
    if (!known && depth > 0) continue;
    const candidates = known ? lists.filter((list) => sameName(list.issuer, issuer.subject)) : [];
    if (candidates.length === 0) {
      const message = `no revocation list of "${formatName(certificate.issuer)}" for ` +
        called(certificate);
      if (depth === 0) {
        throw new CertificateError("crl-missing", message, "add it to the crl-verify file");
      }
      warnings.push(message);
      continue;
    }
    const current = await firstUsable(candidates, issuer, now);
    for (const list of current) {
      if (!list.revoked.has(certificate.serial)) continue;
      throw new CertificateError("revoked", `${called(certificate)} is revoked`);
    }
  }
  return warnings;
}

/** The lists that this issuer's key made and that are in date; at least one. */
async function firstUsable(
  candidates: readonly RevocationList[],
  issuer: Certificate,
  now: number,
): Promise<RevocationList[]> {
  const usable: RevocationList[] = [];
  let failure: CertificateError | undefined;
  for (const list of candidates) {
    try {
      await verifyRevocationList(list, issuer);
      checkListValidity(list, now);
      usable.push(list);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      failure ??= error;
    }
  }
  if (usable.length === 0 && failure !== undefined) throw failure;
  return usable;
}

function checkListValidity(list: RevocationList, now: number): void {
  const what = `the revocation list of "${formatName(list.issuer)}"`;
  if (now < list.thisUpdate) {
    throw new CertificateError(
      "crl-not-yet-valid",
      `${what} is valid from ${new Date(list.thisUpdate).toISOString()} only`,
      "check the clock",
    );
  }
  if (list.nextUpdate !== undefined && now > list.nextUpdate) {
    throw new CertificateError(
      "crl-expired",
      `${what} ended at ${new Date(list.nextUpdate).toISOString()}`,
      "have its authority issue a new one",
    );
  }
}
