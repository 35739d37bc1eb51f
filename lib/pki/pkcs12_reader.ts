/**
 * PKCS#12 files (RFC 7292): a private key, its certificate and those of its authorities, under a
 * passphrase (`pkcs12`).
 *
 * Strict DER; an integrity check by passphrase, none by signature.
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import { constantTimeEqual, sameBytes, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import {
  contextTag,
  type DerElement,
  malformed,
  readDer,
  readObjectIdentifier,
  readSmallInteger,
  Tag,
} from "./der.ts";
import {
  decryptWithPassphrase,
  DerivedFor,
  derivePkcs12,
  PassphraseError,
  readIterations,
} from "./password_encryption.ts";
import { publicKeyOfPkcs8 } from "./private_key.ts";
import { writePem } from "./pem.ts";

/** What a file holds, as PEM. */
export interface Pkcs12Contents {
  /** The certificate of the private key. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Further certificates: authorities and intermediates; may be empty. */
  readonly others: string;
}

const what = "the PKCS#12 file";

// RFC 5652, section 4 and 8; RFC 7292, section 4.2.
const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const KEY_BAG = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";

const digests: Readonly<Record<string, string>> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.4": "sha224",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

interface Bags {
  readonly keys: Uint8Array[];
  readonly certificates: Certificate[];
}

/**
 * Reads a file.
 *
 * @throws {PassphraseError} when the passphrase is wrong.
 * @throws {VpnError} when it is malformed, encrypted in a way that can't be read, or has no key with
 *   its certificate.
 */
export function readPkcs12(file: Uint8Array, passphrase: string): Pkcs12Contents {
  // PEM around it, or nothing that is DER at all.
  if (file[0] !== Tag.SEQUENCE) {
    throw new VpnError(`${what} is none`, "give it as openssl pkcs12 -export writes it");
  }
  if (file[1] === indefiniteLength) {
    throw new VpnError(
      `${what} is BER with lengths left open, which isn't read here`,
      `write it anew with "openssl pkcs12"`,
    );
  }
  const cursor = readDer(file, Tag.SEQUENCE, what).children(what);
  if (readSmallInteger(cursor.next(Tag.INTEGER), what) !== 3) throw malformed(`${what}: version`);
  const safe = contentOf(cursor.next(Tag.SEQUENCE));
  const mac = cursor.optional(Tag.SEQUENCE);
  if (mac === undefined) throw new VpnError(`${what} has no integrity check by passphrase`);
  checkMac(mac, safe, passphrase);
  const bags: Bags = { keys: [], certificates: [] };
  for (const info of readDer(safe, Tag.SEQUENCE, what).children(what).rest()) {
    readBags(contentOf(info, passphrase), passphrase, bags);
  }
  return contents(bags);
}

const indefiniteLength = 0x80;

/** The octets in a `ContentInfo`: plain, or encrypted under the passphrase. */
function contentOf(info: DerElement, passphrase?: string): Uint8Array {
  const cursor = info.children(what);
  const type = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
  const content = cursor.next(contextTag(0, true)).children(what);
  if (type === DATA) return content.next(Tag.OCTET_STRING).content;
  if (type !== ENCRYPTED_DATA || passphrase === undefined) {
    throw new VpnError(`${what} is protected by a public key, not by a passphrase`);
  }
  const data = content.next(Tag.SEQUENCE).children(what);
  data.next(Tag.INTEGER);
  const encrypted = data.next(Tag.SEQUENCE).children(what);
  encrypted.next(Tag.OBJECT_IDENTIFIER);
  const algorithm = encrypted.next(Tag.SEQUENCE);
  const bytes = encrypted.next(contextTag(0, false)).content;
  return decryptWithPassphrase(algorithm, bytes, passphrase, what);
}

// RFC 7292, section 4: MacData.
function checkMac(mac: DerElement, safe: Uint8Array, passphrase: string): void {
  const cursor = mac.children(what);
  const digestInfo = cursor.next(Tag.SEQUENCE).children(what);
  const algorithm = digestInfo.next(Tag.SEQUENCE).children(what);
  const type = readObjectIdentifier(algorithm.next(Tag.OBJECT_IDENTIFIER), what);
  const expected = digestInfo.next(Tag.OCTET_STRING).content;
  const salt = cursor.next(Tag.OCTET_STRING).content;
  const count = cursor.optional(Tag.INTEGER);
  const iterations = count === undefined ? 1 : readIterations(count, what);
  const digest = digests[type];
  if (digest === undefined) {
    throw new VpnError(
      `${what} is authenticated with ${type}, which isn't known here`,
      `write it anew with "openssl pkcs12 -macalg sha256"`,
    );
  }
  const key = derivePkcs12(
    ...[DerivedFor.mac, passphrase, salt, iterations] as const,
    ...[createHash(digest).digest().length, digest] as const,
  );
  const actual = createHmac(digest, key).update(safe).digest();
  wipe(key);
  if (!constantTimeEqual(actual, expected)) throw new PassphraseError(what);
}

function readBags(safeContents: Uint8Array, passphrase: string, bags: Bags): void {
  for (const bag of readDer(safeContents, Tag.SEQUENCE, what).children(what).rest()) {
    const cursor = bag.children(what);
    const type = readObjectIdentifier(cursor.next(Tag.OBJECT_IDENTIFIER), what);
    const value = cursor.next(contextTag(0, true)).children(what);
    if (type === KEY_BAG) bags.keys.push(value.next(Tag.SEQUENCE).raw.slice());
    else if (type === SHROUDED_KEY_BAG) {
      const info = value.next(Tag.SEQUENCE).children(what);
      const algorithm = info.next(Tag.SEQUENCE);
      const encrypted = info.next(Tag.OCTET_STRING).content;
      bags.keys.push(decryptWithPassphrase(algorithm, encrypted, passphrase, what));
    } else if (type === CERTIFICATE_BAG) {
      const certificate = value.next(Tag.SEQUENCE).children(what);
      const kind = readObjectIdentifier(certificate.next(Tag.OBJECT_IDENTIFIER), what);
      if (kind !== X509_CERTIFICATE) continue;
      const octets = certificate.next(contextTag(0, true)).children(what).next(Tag.OCTET_STRING);
      bags.certificates.push(parseCertificate(octets.content.slice()));
    }
    // Secrets, revocation lists and bags of bags are none of ours.
  }
}

/** The key and its certificate by their public key: names and ids in the bags may be missing. */
function contents({ keys, certificates }: Bags): Pkcs12Contents {
  for (const key of keys) {
    const spki = publicKeyOfPkcs8(key);
    const own = certificates.find(({ publicKey }) => sameBytes(publicKey.spki, spki));
    if (own === undefined) continue;
    const others = certificates.filter((certificate) => certificate !== own);
    return {
      certificate: writePem("CERTIFICATE", own.raw),
      privateKey: writePem("PRIVATE KEY", key),
      others: others.map(({ raw }) => writePem("CERTIFICATE", raw)).join(""),
    };
  }
  throw new VpnError(
    keys.length === 0 ? `${what} has no private key` : `${what} has no certificate for its key`,
    "export it again together with key and certificate",
  );
}
