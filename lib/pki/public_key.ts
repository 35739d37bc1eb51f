/**
 * What a certificate's public key is, and whether it is strong enough.
 *
 * @module
 */

import {
  type DerElement,
  malformed,
  readDer,
  readObjectIdentifier,
  readOctetBits,
  readUnsigned,
  Tag,
} from "./der.ts";
import { CertificateError } from "./errors.ts";

/** The public key of a certificate. */
export interface PublicKeyDescription {
  /** `unknown` is never accepted by the chain check. */
  readonly algorithm: "rsa" | "ec" | "ed25519" | "unknown";
  /** Modulus or field size in bits; 0 when unknown. */
  readonly bits: number;
  /** Named curve of an `ec` key; undefined when not one of these. */
  readonly curve?: NamedCurve;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** The key inside it: a point for `ec`, RSAPublicKey for `rsa`. */
  readonly key: Uint8Array;
}

/** The curves that WebCrypto knows. */
export type NamedCurve = "P-256" | "P-384" | "P-521";

// RFC 5480 section 2.1.1.1.
const curves: Readonly<Record<string, readonly [NamedCurve, number]>> = {
  "1.2.840.10045.3.1.7": ["P-256", 256],
  "1.3.132.0.34": ["P-384", 384],
  "1.3.132.0.35": ["P-521", 521],
};

/** NIST SP 800-57 part 1, table 2: 112 bits of security. */
const MIN_RSA_BITS = 2048;
/** A larger modulus only costs the verifier time; rustls stops at the same size. */
const MAX_RSA_BITS = 8192;

/**
 * Reads a `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
 *
 * @throws {CertificateError} `malformed`.
 */
export function readPublicKey(element: DerElement): PublicKeyDescription {
  const what = "public key";
  const cursor = element.children(what);
  const algorithm = cursor.next(Tag.SEQUENCE).children(what);
  const key = readOctetBits(cursor.next(Tag.BIT_STRING), what);
  cursor.finish();
  const type = readObjectIdentifier(algorithm.next(Tag.OBJECT_IDENTIFIER), what);
  const spki = element.raw;
  switch (type) {
    case "1.2.840.113549.1.1.1":
      return Object.freeze({ algorithm: "rsa", bits: modulusBits(key), spki, key });
    case "1.2.840.10045.2.1": {
      const parameters = algorithm.any();
      if (parameters.tag !== Tag.OBJECT_IDENTIFIER) break;
      const named = curves[readObjectIdentifier(parameters, what)];
      if (named === undefined) break;
      const [curve, bits] = named;
      // SEC 1 section 2.3.3: 04, x, y. A compressed point is one that WebCrypto does not take.
      if (key.length !== 1 + 2 * Math.ceil(bits / 8) || key[0] !== 4) {
        throw malformed(`${what}: bad point`);
      }
      return Object.freeze({ algorithm: "ec", bits, curve, spki, key });
    }
    case "1.3.101.112":
      if (key.length !== 32) throw malformed(`${what}: bad length`);
      return Object.freeze({ algorithm: "ed25519", bits: 256, spki, key });
  }
  return Object.freeze({ algorithm: "unknown", bits: 0, spki, key });
}

function modulusBits(key: Uint8Array): number {
  const cursor = readDer(key, Tag.SEQUENCE, "RSA key").children("RSA key");
  const modulus = readUnsigned(cursor.next(Tag.INTEGER), "RSA key");
  const exponent = readUnsigned(cursor.next(Tag.INTEGER), "RSA key");
  cursor.finish();
  // An even exponent is no RSA key; exponent 1 would make every signature valid.
  if ((exponent[exponent.length - 1] & 1) === 0 || (exponent.length === 1 && exponent[0] < 3)) {
    throw malformed("RSA key: bad exponent");
  }
  return modulus.length * 8 - Math.clz32(modulus[0]) + 24;
}

/**
 * Refuses RSA outside 2048–8192 bits, and every algorithm but RSA, P-256, P-384, P-521 and
 * Ed25519.
 *
 * @throws {CertificateError} `weak-key`.
 */
export function checkKeyStrength(key: PublicKeyDescription, owner: string): void {
  const refuse = (what: string) =>
    new CertificateError(
      "weak-key",
      `the key of ${owner} is ${what}`,
      "issue a certificate for an RSA key of 2048 to 8192 bits, a P-256, P-384 or P-521 key",
    );
  if (key.algorithm === "unknown") throw refuse("of an algorithm that is not accepted");
  if (key.algorithm === "rsa" && (key.bits < MIN_RSA_BITS || key.bits > MAX_RSA_BITS)) {
    throw refuse(`RSA of ${key.bits} bits`);
  }
}
