/**
 * Requests for a certificate, made where the private key stays (PKCS#10, RFC 2986).
 *
 * @module
 */

import { contextTag, malformed, readSmallInteger, Tag } from "./der.ts";
import {
  commonNameOf,
  type DistinguishedName,
  formatName,
  readName,
} from "./distinguished_name.ts";
import { importPublicKey } from "./keys.ts";
import { readPem } from "./pem.ts";
import { checkKeyStrength, readPublicKey } from "./public_key.ts";
import { readSigned, verifySignature } from "./signature.ts";

/** What a request asks for. Its extensions are not looked at: the authority decides on those. */
export interface CertificationRequest {
  /** Whom it names. */
  readonly subject: DistinguishedName;
  /** The last common name of it. */
  readonly commonName: string | undefined;
  /** The key to be certified, whose private half signed the request. */
  readonly publicKey: CryptoKey;
}

/**
 * Reads a request and checks that who made it has the private key.
 *
 * @param file PEM or DER.
 * @throws {CertificateError} `malformed`, `weak-key`, `weak-signature` or `bad-signature`.
 */
export async function readCertificationRequest(file: Uint8Array): Promise<CertificationRequest> {
  const what = "certificate request";
  const request = readSigned(requestDer(file), what);
  const inner = request.content.children(what);
  if (readSmallInteger(inner.next(Tag.INTEGER), what) !== 0) {
    throw malformed(`${what}: unknown version`);
  }
  const subject = readName(inner.next(Tag.SEQUENCE), `subject of the ${what}`);
  const key = readPublicKey(inner.next(Tag.SEQUENCE));
  inner.optional(contextTag(0, true)); // Attributes. OpenSSL leaves them out where there are none.
  inner.finish();

  const called = `the ${what} of "${formatName(subject)}"`;
  checkKeyStrength(key, called);
  await verifySignature(request, key, called);
  return { subject, commonName: commonNameOf(subject), publicKey: await importPublicKey(key) };
}

function requestDer(file: Uint8Array): Uint8Array {
  // DER begins with a SEQUENCE; a PEM file with text.
  if (file[0] === Tag.SEQUENCE) return file;
  const block = readPem(new TextDecoder().decode(file))
    .find(({ label }) => label === "CERTIFICATE REQUEST" || label === "NEW CERTIFICATE REQUEST");
  if (block === undefined) throw malformed("file: it holds no certificate request");
  return block.bytes;
}
