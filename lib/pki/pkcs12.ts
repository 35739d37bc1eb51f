/**
 * PKCS#12 files (RFC 7292): a certificate, its key and its authority behind one passphrase.
 *
 * ```text
 * PFX { version 3, authSafe data [ encryptedData [certificates], data [shrouded key] ], macData }
 * ```
 *
 * Encrypted with PBES2 (AES-256-CBC) and authenticated with HMAC-SHA256, as OpenSSL 3 does.
 *
 * @module
 */

import {
  BmpString,
  Constructed,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as Asn1Set,
} from "asn1js";
import { createHash, createPrivateKey } from "node:crypto";
import { concatBytes, randomBytes, wipe } from "../base/bytes.ts";
import { parseCertificates } from "./certificate.ts";
import { type EncryptedBytes, encryptPbes2 } from "./encrypted_key.ts";

/** What goes into a file. */
export interface Pkcs12Contents {
  /** The owner's certificate, PEM. */
  readonly certificate: string;
  /** Certificates of authorities, PEM each. */
  readonly authorities: readonly string[];
  /** The owner's private key, PEM. */
  readonly key: string;
  /** Encrypts and authenticates the file. */
  readonly passphrase: string;
  /** What programs call it. */
  readonly friendlyName: string;
}

// RFC 7292 appendix D, RFC 5652 and RFC 2985.
const oid = {
  data: "1.2.840.113549.1.7.1",
  encryptedData: "1.2.840.113549.1.7.6",
  shroudedKeyBag: "1.2.840.113549.1.12.10.1.2",
  certBag: "1.2.840.113549.1.12.10.1.3",
  x509Certificate: "1.2.840.113549.1.9.22.1",
  friendlyName: "1.2.840.113549.1.9.20",
  localKeyId: "1.2.840.113549.1.9.21",
  sha256: "2.16.840.1.101.3.4.2.1",
} as const;

/** Rounds of PBKDF2 and of the MAC's key; these files are opened on telephones. */
const ITERATIONS = 100_000;
const SALT_LENGTH = 16;

/** Makes a file. */
export async function writePkcs12(contents: Pkcs12Contents): Promise<Uint8Array<ArrayBuffer>> {
  const { passphrase } = contents;
  const [own] = parseCertificates(contents.certificate);
  const localKeyId = new Uint8Array(await crypto.subtle.digest("SHA-1", own.raw.slice()));
  const attributes = new Asn1Set({
    value: [
      attribute(oid.friendlyName, new BmpString({ value: contents.friendlyName })),
      attribute(oid.localKeyId, new OctetString({ valueHex: localKeyId.buffer })),
    ],
  });
  const certificates = new Sequence({
    value: [
      certificateBag(own.raw, attributes),
      ...contents.authorities.flatMap(parseCertificates).map(({ raw }) => certificateBag(raw)),
    ],
  });
  const plainKey = Uint8Array.from(
    createPrivateKey(contents.key).export({ type: "pkcs8", format: "der" }),
  );
  try {
    const shrouded = await encryptPbes2(plainKey, passphrase, ITERATIONS);
    const keys = new Sequence({
      value: [bag(oid.shroudedKeyBag, encryptedInfo(shrouded), attributes)],
    });
    const encrypted = await encryptPbes2(der(certificates), passphrase, ITERATIONS);
    const safe = der(new Sequence({ value: [encryptedData(encrypted), data(der(keys))] }));
    const pfx = new Sequence({
      value: [new Integer({ value: 3 }), data(safe), await macData(safe, passphrase)],
    });
    return der(pfx);
  } finally {
    wipe(plainKey);
  }
}

type Element = Sequence | Asn1Set | Constructed | Primitive | OctetString;

function der(element: Sequence): Uint8Array<ArrayBuffer> {
  return new Uint8Array(element.toBER());
}

function octets(bytes: Uint8Array): OctetString {
  return new OctetString({ valueHex: bytes.slice().buffer });
}

/** `[0] EXPLICIT`. */
function explicit(value: Element): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [value] });
}

function contentInfo(type: string, content: Element): Sequence {
  return new Sequence({ value: [new ObjectIdentifier({ value: type }), explicit(content)] });
}

function data(bytes: Uint8Array): Sequence {
  return contentInfo(oid.data, octets(bytes));
}

function encryptedData({ algorithm, bytes }: EncryptedBytes): Sequence {
  const content = new Primitive({
    idBlock: { tagClass: 3, tagNumber: 0 },
    valueHex: bytes.slice().buffer,
  });
  const info = new Sequence({
    value: [new ObjectIdentifier({ value: oid.data }), algorithm, content],
  });
  return contentInfo(
    oid.encryptedData,
    new Sequence({ value: [new Integer({ value: 0 }), info] }),
  );
}

function encryptedInfo({ algorithm, bytes }: EncryptedBytes): Sequence {
  return new Sequence({ value: [algorithm, octets(bytes)] });
}

function bag(type: string, value: Element, attributes?: Asn1Set): Sequence {
  return new Sequence({
    value: [
      new ObjectIdentifier({ value: type }),
      explicit(value),
      ...attributes === undefined ? [] : [attributes],
    ],
  });
}

function certificateBag(raw: Uint8Array, attributes?: Asn1Set): Sequence {
  const value = new Sequence({
    value: [new ObjectIdentifier({ value: oid.x509Certificate }), explicit(octets(raw))],
  });
  return bag(oid.certBag, value, attributes);
}

function attribute(type: string, value: BmpString | OctetString): Sequence {
  return new Sequence({
    value: [new ObjectIdentifier({ value: type }), new Asn1Set({ value: [value] })],
  });
}

async function macData(safe: Uint8Array, passphrase: string): Promise<Sequence> {
  const salt = randomBytes(SALT_LENGTH);
  const secret = macKey(passphrase, salt, ITERATIONS);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  wipe(secret);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, safe.slice()));
  const digest = new Sequence({
    value: [
      new Sequence({ value: [new ObjectIdentifier({ value: oid.sha256 }), new Null()] }),
      octets(mac),
    ],
  });
  return new Sequence({ value: [digest, octets(salt), new Integer({ value: ITERATIONS })] });
}

/** RFC 7292 appendix B.2 with SHA-256, for the MAC (ID 3); one block of output is enough. */
function macKey(
  passphrase: string,
  salt: Uint8Array,
  iterations: number,
): Uint8Array<ArrayBuffer> {
  const block = 64; // v of SHA-256, in octets.
  // A BMPString with its terminating zero, in network order.
  const password = new Uint8Array(2 * (passphrase.length + 1));
  const view = new DataView(password.buffer);
  for (let i = 0; i < passphrase.length; i++) view.setUint16(2 * i, passphrase.charCodeAt(i));
  const fill = (bytes: Uint8Array) => {
    const filled = new Uint8Array(Math.ceil(bytes.length / block) * block);
    for (let i = 0; i < filled.length; i++) filled[i] = bytes[i % bytes.length];
    return filled;
  };
  const input = concatBytes(new Uint8Array(block).fill(3), fill(salt), fill(password));
  let key: Uint8Array = input;
  for (let i = 0; i < iterations; i++) key = createHash("sha256").update(key).digest();
  wipe(password, input);
  return Uint8Array.from(key);
}
