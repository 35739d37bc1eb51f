/**
 * Signatures on certificates and revocation lists, checked by WebCrypto.
 *
 * @module
 */

import {
  contextTag,
  type DerElement,
  malformed,
  readDer,
  readObjectIdentifier,
  readOctetBits,
  readSmallInteger,
  readUnsigned,
  Tag,
} from "./der.ts";
import { CertificateError } from "./errors.ts";
import type { PublicKeyDescription } from "./public_key.ts";

/** Digests that a signature may use. */
export type Digest = "SHA-256" | "SHA-384" | "SHA-512";

/** How something was signed. */
export type SignatureAlgorithm =
  | { readonly kind: "rsa-pkcs1" | "ecdsa"; readonly digest: Digest }
  | { readonly kind: "rsa-pss"; readonly digest: Digest; readonly saltLength: number }
  | { readonly kind: "ed25519" }
  /** Broken, or not known: `name` says which, for the log. */
  | { readonly kind: "refused"; readonly name: string };

/** Something signed: a certificate or a revocation list. */
export interface Signed {
  /** The octets that are signed. */
  readonly signed: Uint8Array;
  /** How. */
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The signature itself. */
  readonly signature: Uint8Array;
}

// RFC 8017 appendix C, RFC 5758 section 3.2, RFC 8410 section 3.
const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.113549.1.1.11": { kind: "rsa-pkcs1", digest: "SHA-256" },
  "1.2.840.113549.1.1.12": { kind: "rsa-pkcs1", digest: "SHA-384" },
  "1.2.840.113549.1.1.13": { kind: "rsa-pkcs1", digest: "SHA-512" },
  "1.2.840.10045.4.3.2": { kind: "ecdsa", digest: "SHA-256" },
  "1.2.840.10045.4.3.3": { kind: "ecdsa", digest: "SHA-384" },
  "1.2.840.10045.4.3.4": { kind: "ecdsa", digest: "SHA-512" },
  "1.3.101.112": { kind: "ed25519" },
  "1.2.840.113549.1.1.2": { kind: "refused", name: "MD2" },
  "1.2.840.113549.1.1.3": { kind: "refused", name: "MD4" },
  "1.2.840.113549.1.1.4": { kind: "refused", name: "MD5" },
  "1.2.840.113549.1.1.5": { kind: "refused", name: "SHA-1" },
  "1.2.840.10045.4.1": { kind: "refused", name: "SHA-1" },
};
const RSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";

// RFC 8017 appendix A.2.1.
const digests: Readonly<Record<string, Digest>> = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};

/** Something signed, as it is read. */
export interface SignedElement extends Signed {
  /** All of it. */
  readonly raw: Uint8Array;
  /** What is signed. */
  readonly content: DerElement;
  /** The algorithm's octets; certificates and revocation lists have them inside once more. */
  readonly algorithm: Uint8Array;
}

/**
 * Reads the outer SEQUENCE of a certificate, a revocation list (RFC 5280, sections 4.1 and 5.1) or a
 * request: what is signed, the algorithm, the signature.
 *
 * @throws {CertificateError} `malformed`.
 */
export function readSigned(der: Uint8Array, what: string): SignedElement {
  const outer = readDer(der.slice(), Tag.SEQUENCE, what);
  const cursor = outer.children(what);
  const content = cursor.next(Tag.SEQUENCE);
  const algorithm = cursor.next(Tag.SEQUENCE);
  const signature = readOctetBits(cursor.next(Tag.BIT_STRING), what);
  cursor.finish();
  return {
    raw: outer.raw,
    content,
    algorithm: algorithm.raw,
    signed: content.raw,
    signatureAlgorithm: readSignatureAlgorithm(algorithm),
    signature,
  };
}

/**
 * Reads a signature's `AlgorithmIdentifier`. One that is not accepted is no error yet: a trusted
 * authority's signature on itself is never checked.
 *
 * @throws {CertificateError} `malformed`.
 */
export function readSignatureAlgorithm(element: DerElement): SignatureAlgorithm {
  const what = "signature algorithm";
  const cursor = element.children(what);
  const type = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
  const parameters = cursor.done ? undefined : cursor.any();
  cursor.finish();
  if (type === RSA_PSS) return readPssParameters(parameters);
  const algorithm = algorithms[type];
  if (algorithm === undefined) return Object.freeze({ kind: "refused", name: type });
  // RFC 4055 section 5 wants NULL with RSA; some leave it out. The others have no parameters.
  const isNull = parameters?.tag === Tag.NULL && parameters.content.length === 0;
  if (parameters !== undefined && !(algorithm.kind === "rsa-pkcs1" && isNull)) {
    if (algorithm.kind !== "refused") throw malformed(`${what}: unexpected parameters`);
  }
  return algorithm;
}

function readPssParameters(parameters: DerElement | undefined): SignatureAlgorithm {
  const what = "RSA-PSS parameters";
  // The defaults of RFC 4055 section 3.1 are SHA-1 and a salt of 20 octets.
  let digest: Digest | undefined;
  let maskDigest: Digest | undefined;
  let saltLength = 20;
  if (parameters !== undefined) {
    if (parameters.tag !== Tag.SEQUENCE) throw malformed(what);
    const cursor = parameters.children(what);
    digest = readDigest(cursor.optional(contextTag(0, true))?.children(what).any());
    const mask = cursor.optional(contextTag(1, true))?.children(what).next(Tag.SEQUENCE);
    const salt = cursor.optional(contextTag(2, true));
    cursor.optional(contextTag(3, true));
    cursor.finish();
    if (mask !== undefined) {
      const inner = mask.children(what);
      if (readObjectIdentifier(inner.next(Tag.OBJECT_IDENTIFIER), what) === MGF1) {
        maskDigest = readDigest(inner.any());
      }
    }
    if (salt !== undefined) {
      saltLength = readSmallInteger(salt.children(what).next(Tag.INTEGER), what);
    }
  }
  // WebCrypto masks with the digest it signs with.
  if (digest === undefined || digest !== maskDigest || saltLength > 64) {
    return Object.freeze({ kind: "refused", name: "RSA-PSS with a weak or unusual digest" });
  }
  return Object.freeze({ kind: "rsa-pss", digest, saltLength });
}

function readDigest(element: DerElement | undefined): Digest | undefined {
  if (element === undefined) return undefined;
  const cursor = element.children("digest");
  return digests[readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), "digest")];
}

/**
 * Checks a signature.
 *
 * @param signed What is signed.
 * @param signer The key that should have made it.
 * @param what The certificate or list, for the message.
 * @throws {CertificateError} `weak-signature` or `bad-signature`.
 */
export async function verifySignature(
  signed: Signed,
  signer: PublicKeyDescription,
  what: string,
): Promise<void> {
  const algorithm = signed.signatureAlgorithm;
  if (algorithm.kind === "refused") {
    throw new CertificateError(
      "weak-signature",
      `${what} is signed with ${algorithm.name}, which is not accepted`,
      "have it issued again with SHA-256",
    );
  }
  if (!await signatureIsValid(signed, algorithm, signer)) {
    throw new CertificateError(
      "bad-signature",
      `the signature of ${what} was not made by its issuer's key`,
    );
  }
}

async function signatureIsValid(
  { signed, signature }: Signed,
  algorithm: Exclude<SignatureAlgorithm, { kind: "refused" }>,
  signer: PublicKeyDescription,
): Promise<boolean> {
  const bytes = signature.slice();
  switch (algorithm.kind) {
    case "rsa-pkcs1":
      if (signer.algorithm !== "rsa") return false;
      return await verify(
        { name: "RSASSA-PKCS1-v1_5", hash: algorithm.digest },
        { name: "RSASSA-PKCS1-v1_5" },
        signer,
        bytes,
        signed,
      );
    case "rsa-pss":
      if (signer.algorithm !== "rsa") return false;
      return await verify(
        { name: "RSA-PSS", hash: algorithm.digest },
        { name: "RSA-PSS", saltLength: algorithm.saltLength },
        signer,
        bytes,
        signed,
      );
    case "ecdsa": {
      if (signer.algorithm !== "ec" || signer.curve === undefined) return false;
      const plain = plainEcdsa(bytes, Math.ceil(signer.bits / 8));
      if (plain === undefined) return false;
      return await verify(
        { name: "ECDSA", namedCurve: signer.curve },
        { name: "ECDSA", hash: algorithm.digest },
        signer,
        plain,
        signed,
      );
    }
    case "ed25519":
      if (signer.algorithm !== "ed25519") return false;
      return await verify({ name: "Ed25519" }, { name: "Ed25519" }, signer, bytes, signed);
  }
}

async function verify(
  importAs: RsaHashedImportParams | EcKeyImportParams | Algorithm,
  verifyAs: AlgorithmIdentifier | RsaPssParams | EcdsaParams,
  signer: PublicKeyDescription,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("spki", signer.spki.slice(), importAs, false, [
      "verify",
    ]);
    return await crypto.subtle.verify(verifyAs, key, signature, signed.slice());
  } catch {
    // A key or signature that WebCrypto cannot even read is no valid signature.
    return false;
  }
}

/** An ECDSA signature as WebCrypto wants it: r and s, each as long as the field. */
function plainEcdsa(
  signature: Uint8Array,
  octets: number,
): Uint8Array<ArrayBuffer> | undefined {
  const what = "ECDSA signature";
  try {
    const cursor = readDer(signature, Tag.SEQUENCE, what).children(what);
    const parts = [cursor.next(Tag.INTEGER), cursor.next(Tag.INTEGER)];
    cursor.finish();
    const plain = new Uint8Array(2 * octets);
    for (const [i, part] of parts.entries()) {
      const value = readUnsigned(part, what);
      if (value.length > octets) return undefined;
      plain.set(value, (i + 1) * octets - value.length);
    }
    return plain;
  } catch (error) {
    if (error instanceof CertificateError) return undefined;
    throw error;
  }
}
