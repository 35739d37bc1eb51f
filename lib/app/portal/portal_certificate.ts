/**
 * The portal's certificate: issued by the authority for the names that the portal goes by, and
 * renewed before it ends.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { LoadedFiles, PortalOptions } from "../../config/mod.ts";
import type { Authority } from "../../pki/authority.ts";
import { newEntry } from "../../pki/authority_entries.ts";
import { type Certificate, certificatePem } from "../../pki/certificate.ts";
import type { IndexEntry } from "../../pki/certificate_index.ts";
import { generateKeyPair, privateKeyPem } from "../../pki/keys.ts";
import { configuredCertificates } from "../authority/certificate_files.ts";
import type { CertificateSource, ExpiringCertificate } from "../authority/certificate_renewal.ts";
import { noCertificate } from "./first_start.ts";

/** Its common name in the index. */
const portalName = "vpn portal";

/** Its life, days: short, since it renews itself. */
const life = 90;

/** With less left it is made anew, ms. */
const renewBefore = 30 * 86_400_000;

/** Or when so much of its life is left, where that is less: an authority that ends cuts it short. */
const lastPart = 1 / 3;

/** How often the authority's index is looked at, ms: the certificate may have been revoked. */
const interval = 3_600_000;

/**
 * Where the portal's certificates come from: the configuration, or else the authority.
 *
 * @throws {VpnError} when there is none.
 */
export async function portalCertificate(
  { certificate, key }: PortalOptions,
  files: LoadedFiles,
  authority: Authority | undefined,
  hosts: readonly string[],
): Promise<CertificateSource> {
  if (certificate !== undefined && key !== undefined) {
    return configuredCertificates(certificate, key, files);
  }
  if (authority === undefined) throw noCertificate();
  return {
    current: await issuedCertificate(authority, hosts),
    newest: () => renewedCertificate(authority, hosts),
    interval,
  };
}

/**
 * The newest certificate that is good for those names for a while, or a new one.
 *
 * @throws {VpnError} when there is none and the authority's key is not to be had.
 */
export async function issuedCertificate(
  authority: Authority,
  hosts: readonly string[],
): Promise<ExpiringCertificate> {
  const { now } = authority;
  const url = await authority.index.setting("url");
  const entries = (await authority.index.byName(portalName)).filter((entry) =>
    entry.purpose === "server" && entry.holdsKey && entry.revocation === undefined &&
    entry.notAfter > now
  );
  let usable: IndexEntry | undefined;
  for (const entry of entries) {
    const certificate = await authority.certificateOf(entry);
    if (isFor(certificate, hosts, url)) usable = entry;
  }
  const lasts = usable !== undefined && renewalTime(authority, usable) > now;
  if (usable !== undefined && (lasts || !await authority.key.usable())) {
    return await withKey(authority, usable.serial);
  }
  if (!await authority.key.usable()) {
    throw new VpnError(
      `the portal needs a certificate, and ${authority.files.caKey} or its passphrase is not here`,
      "give ca-passphrase-file, or portal-cert and portal-key",
    );
  }
  return await withKey(authority, await issue(authority, hosts, url));
}

/**
 * The same in a running server, which can go on with the one that it has.
 *
 * @throws {VpnError} when a new one is due and the authority's key is not to be had.
 */
export async function renewedCertificate(
  authority: Authority,
  hosts: readonly string[],
): Promise<ExpiringCertificate> {
  const newest = await issuedCertificate(authority, hosts);
  if (newest.renewAt > authority.now) return newest;
  throw new VpnError(
    `a new one is due, and ${authority.files.caKey} or its passphrase is not here`,
    "give ca-passphrase-file, or portal-cert and portal-key",
  );
}

/** When it is to be made anew: never, where the authority's own end is why it is short. */
function renewalTime(
  { certificate }: Authority,
  { issuedAt, notAfter }: Pick<IndexEntry, "issuedAt" | "notAfter">,
): number {
  if (notAfter >= certificate.notAfter) return Infinity;
  return notAfter - Math.min(renewBefore, Math.round((notAfter - issuedAt) * lastPart));
}

async function issue(
  authority: Authority,
  hosts: readonly string[],
  url: string | undefined,
): Promise<string> {
  const { issueCertificate } = await import("../../pki/issue.ts");
  // A signature of this kind costs the least, and every connection costs one.
  const keys = await generateKeyPair("ec:p256");
  const certificate = await issueCertificate(await authority.key.signer(), {
    commonName: portalName,
    purpose: "server",
    publicKey: keys.publicKey,
    alternativeNames: hosts,
    days: life,
    url,
    now: authority.now,
  });
  const privateKey = await privateKeyPem(keys.privateKey);
  await authority.index.add([newEntry(certificate, "server", authority.now, privateKey)]);
  return certificate.serial;
}

function isFor(
  certificate: Certificate,
  hosts: readonly string[],
  url: string | undefined,
): boolean {
  const names = new Set(certificate.subjectAltNames?.map(({ value }) => value.toLowerCase()));
  const pointed = certificate.ocspUrls?.some((ocsp) => url !== undefined && ocsp.startsWith(url));
  return hosts.every((host) => names.has(host)) && (url === undefined) === (pointed !== true);
}

async function withKey(authority: Authority, serial: string): Promise<ExpiringCertificate> {
  const entry = await authority.index.bySerial(serial);
  const key = entry && await authority.privateKeyOf(entry);
  if (entry === undefined || key === undefined) {
    throw new VpnError("the portal's certificate is gone from the index", "start the server again");
  }
  const own = certificatePem(await authority.certificateOf(entry));
  return {
    serial,
    certificate: own + certificatePem(authority.certificate),
    key,
    renewAt: renewalTime(authority, entry),
  };
}
