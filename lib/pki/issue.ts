/**
 * Issuing (RFC 5280): a certification authority, certificates for servers and clients, its
 * responder. All certificates are X.509 version 3. Revocation lists are in `crl_writer.ts`.
 *
 * What is written here is read back by this room's strict reader before anyone sees it.
 *
 * @module
 */

import { Null, ObjectIdentifier, Sequence } from "asn1js";
import {
  BasicConstraints,
  Extension,
  GeneralNames,
  PublicKeyInfo,
  RelativeDistinguishedNames,
} from "pkijs";
import { traced } from "../base/tracing.ts";
import { type Certificate, parseCertificates } from "./certificate.ts";
import { authorityAddresses } from "./authority_addresses.ts";
import {
  CertificateDraft,
  generalName,
  identifiers,
  keyIdentifier,
  keyUsageExtension,
  nameOf,
  newSerial,
  timeOf,
} from "./draft.ts";
import { CertificateError } from "./errors.ts";
import { ExtensionType, type KeyUsage } from "./extensions.ts";
import { checkKeyPair, importKeyPair } from "./keys.ts";
import { OCSP_SIGNING, type Purpose, purposeTypes } from "./usage.ts";

/** A certification authority that can sign. */
export interface SigningAuthority {
  /** Its certificate. */
  readonly certificate: Certificate;
  /** Its private key. */
  readonly key: CryptoKey;
}

/** Milliseconds in a day. */
export const DAY = 86_400_000;
/** How far validity is dated back, in milliseconds, for clocks that are slow. */
export const BACKDATE = 5 * 60_000;
/** Life of an authority, in days: ten years. */
export const AUTHORITY_DAYS = 3650;
/** Life of a server's or client's certificate, in days, as easy-rsa has it. */
export const CERTIFICATE_DAYS = 825;

/**
 * Makes an authority: a certificate signed by its own key that may sign certificates (no further
 * authorities) and revocation lists.
 *
 * @param options `now` in milliseconds since 1970.
 * @throws {VpnError} when the common name cannot stand in a certificate.
 */
export async function createAuthority(
  { commonName, keys, now, days = AUTHORITY_DAYS }: {
    readonly commonName: string;
    readonly keys: CryptoKeyPair;
    readonly now: number;
    readonly days?: number;
  },
): Promise<SigningAuthority> {
  const writer = new CertificateDraft();
  const name = nameOf(commonName);
  await fill(writer, { issuer: name, subject: name, publicKey: keys.publicKey, now, days });
  const identifier = await keyIdentifier(writer.subjectPublicKeyInfo);
  writer.extensions = [
    new Extension({
      extnID: ExtensionType.BASIC_CONSTRAINTS,
      critical: true,
      extnValue: new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema().toBER(),
    }),
    keyUsageExtension(["keyCertSign", "cRLSign"]),
    ...identifiers(identifier, identifier),
  ];
  return { certificate: await writer.signWith(keys.privateKey), key: keys.privateKey };
}

/**
 * Takes an authority from its files.
 *
 * @throws {CertificateError} when either cannot be read, they don't belong together, or the
 * certificate is no authority's.
 */
export async function openAuthority(
  certificate: string,
  privateKey: string,
): Promise<SigningAuthority> {
  const [own] = parseCertificates(certificate);
  checkKeyPair(own, privateKey);
  if (own.basicConstraints?.ca !== true) {
    throw new CertificateError("not-an-authority", "the CA certificate lacks CA:TRUE");
  }
  return { certificate: own, key: (await importKeyPair(privateKey)).privateKey };
}

/** What a certificate is issued for. */
export interface CertificateRequest {
  /** Common name, 1 to 64 bytes. */
  readonly commonName: string;
  /** The role in TLS; `ocsp`: to answer for the authority. */
  readonly purpose: Purpose | "ocsp";
  /** The subject's public key. */
  readonly publicKey: CryptoKey;
  /** Host names and addresses for the subject alternative name. */
  readonly alternativeNames?: readonly string[];
  /** The present, milliseconds since 1970. */
  readonly now: number;
  /** Life in days. Default {@linkcode CERTIFICATE_DAYS}; never longer than the authority's. */
  readonly days?: number;
  /** Where the authority answers, without a slash at its end; absent: nowhere. */
  readonly url?: string;
}

/**
 * Issues a certificate for a server or a client.
 *
 * @throws {VpnError} when a name cannot stand in a certificate or the authority has expired.
 */
export async function issueCertificate(
  authority: SigningAuthority,
  request: CertificateRequest,
): Promise<Certificate> {
  const about = { "vpn.common_name": request.commonName, "vpn.purpose": request.purpose };
  return await traced("vpn.authority.issue", about, () => writeCertificate(authority, request));
}

async function writeCertificate(
  authority: SigningAuthority,
  request: CertificateRequest,
): Promise<Certificate> {
  const { certificate: issuer } = authority;
  if (request.now > issuer.notAfter) {
    throw new CertificateError(
      "expired",
      `the CA's certificate ended at ${new Date(issuer.notAfter).toISOString()}`,
      "make a new CA",
    );
  }
  const writer = new CertificateDraft();
  await fill(writer, {
    issuer: RelativeDistinguishedNames.fromBER(issuer.subject.raw.slice().buffer),
    subject: nameOf(request.commonName),
    publicKey: request.publicKey,
    now: request.now,
    days: request.days ?? CERTIFICATE_DAYS,
    notAfter: issuer.notAfter,
  });
  const alternatives = request.alternativeNames ?? [];
  writer.extensions = [
    new Extension({
      extnID: ExtensionType.BASIC_CONSTRAINTS,
      critical: true,
      extnValue: new Sequence().toBER(), // CA:FALSE is the default, which DER leaves out.
    }),
    keyUsageExtension(usagesOf(request)),
    new Extension({
      extnID: ExtensionType.EXTENDED_KEY_USAGE,
      extnValue: new Sequence({
        value: [
          new ObjectIdentifier({
            value: request.purpose === "ocsp" ? OCSP_SIGNING : purposeTypes[request.purpose],
          }),
        ],
      }).toBER(),
    }),
    // RFC 6960 section 4.2.2.2.1: nobody asks a responder about itself.
    ...request.purpose !== "ocsp"
      ? []
      : [new Extension({ extnID: ExtensionType.OCSP_NO_CHECK, extnValue: new Null().toBER() })],
    ...alternatives.length === 0 ? [] : [
      new Extension({
        extnID: ExtensionType.SUBJECT_ALT_NAME,
        extnValue: new GeneralNames({ names: alternatives.map(generalName) }).toSchema().toBER(),
      }),
    ],
    ...identifiers(
      await keyIdentifier(writer.subjectPublicKeyInfo),
      issuer.subjectKeyIdentifier,
    ),
    ...request.url === undefined ? [] : authorityAddresses(request.url),
  ];
  return await writer.signWith(authority.key);
}

async function fill(
  writer: CertificateDraft,
  { issuer, subject, publicKey, now, days, notAfter = Infinity }: {
    readonly issuer: RelativeDistinguishedNames;
    readonly subject: RelativeDistinguishedNames;
    readonly publicKey: CryptoKey;
    readonly now: number;
    readonly days: number;
    readonly notAfter?: number;
  },
): Promise<void> {
  writer.version = 2; // X.509 version 3 counts from 0.
  writer.serialNumber = newSerial();
  writer.issuer = issuer;
  writer.subject = subject;
  writer.notBefore = timeOf(now - BACKDATE);
  writer.notAfter = timeOf(Math.min(now + days * DAY, notAfter));
  const spki = await crypto.subtle.exportKey("spki", publicKey);
  writer.subjectPublicKeyInfo = PublicKeyInfo.fromBER(spki);
}

function usagesOf({ purpose, publicKey }: CertificateRequest): KeyUsage[] {
  // TLS 1.2 peers that know only RSA key exchange encrypt to the server's key.
  const encrypts = purpose === "server" && publicKey.algorithm.name.startsWith("RSA");
  return encrypts ? ["digitalSignature", "keyEncipherment"] : ["digitalSignature"];
}
