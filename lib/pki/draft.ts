/**
 * The pieces that certificates and revocation lists are written from.
 *
 * @module
 */

import { BitString, Integer, Null, OctetString, Utf8String } from "asn1js";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  Certificate as WritableCertificate,
  createCMSECDSASignature,
  Extension,
  GeneralName,
  type PublicKeyInfo,
  RelativeDistinguishedNames,
  Time,
} from "pkijs";
import { randomBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { commonNameType, replaceControls } from "./distinguished_name.ts";
import { ExtensionType, type KeyUsage, keyUsages } from "./extensions.ts";

// X.520: ub-common-name.
const MAX_COMMON_NAME_OCTETS = 64;

/** A certificate being written. */
export class CertificateDraft extends WritableCertificate {
  /** Signs, and reads the result back. */
  async signWith(key: CryptoKey): Promise<Certificate> {
    this.signature = this.signatureAlgorithm = signatureAlgorithmOf(key);
    this.tbsView = new Uint8Array(this.encodeTBS().toBER());
    this.signatureValue = await signatureOf(this.tbsView, key);
    return parseCertificate(new Uint8Array(this.toSchema().toBER()));
  }
}

// pkijs's own sign() leaves out the NULL that RFC 4055 section 5 wants with RSA.
/** The algorithm that a key of ours signs with. */
export function signatureAlgorithmOf(key: CryptoKey): AlgorithmIdentifier {
  if (key.algorithm.name === "RSASSA-PKCS1-v1_5") {
    return new AlgorithmIdentifier({
      algorithmId: "1.2.840.113549.1.1.11",
      algorithmParams: new Null(),
    });
  }
  return new AlgorithmIdentifier({
    algorithmId: ecdsaDigest(key) === "SHA-384" ? "1.2.840.10045.4.3.3" : "1.2.840.10045.4.3.2",
  });
}

/** A signature, as certificates carry it. */
export async function signatureOf(tbs: Uint8Array, key: CryptoKey): Promise<BitString> {
  if (key.algorithm.name === "RSASSA-PKCS1-v1_5") {
    const valueHex = await crypto.subtle.sign(key.algorithm.name, key, tbs.slice());
    return new BitString({ valueHex });
  }
  const algorithm = { name: "ECDSA", hash: ecdsaDigest(key) };
  const plain = await crypto.subtle.sign(algorithm, key, tbs.slice());
  return new BitString({ valueHex: createCMSECDSASignature(plain) });
}

/** The digest that matches the curve's strength. */
function ecdsaDigest(key: CryptoKey): "SHA-256" | "SHA-384" {
  return (key.algorithm as EcKeyAlgorithm).namedCurve === "P-384" ? "SHA-384" : "SHA-256";
}

/** A serial number: 16 octets, positive and without padding, so that 126 bits are random. */
export function newSerial(): Integer {
  const octets = randomBytes(16);
  octets[0] = (octets[0] & 0x3f) | 0x40;
  return new Integer({ valueHex: octets.buffer });
}

/** A non-negative integer. */
export function integerOf(value: bigint): Integer {
  let text = value.toString(16);
  if (text.length % 2 !== 0) text = `0${text}`;
  if (parseInt(text.slice(0, 2), 16) >= 0x80) text = `00${text}`;
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) octets[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return new Integer({ valueHex: octets.buffer });
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime after; whole seconds. */
export function timeOf(milliseconds: number): Time {
  const value = new Date(Math.floor(milliseconds / 1000) * 1000);
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

/**
 * A name that is one common name.
 *
 * @throws {VpnError} when it cannot stand in a certificate.
 */
export function nameOf(commonName: string): RelativeDistinguishedNames {
  const octets = new TextEncoder().encode(commonName).length;
  if (octets < 1 || octets > MAX_COMMON_NAME_OCTETS || replaceControls(commonName) !== commonName) {
    throw new VpnError(
      "this name cannot stand in a certificate",
      `use 1 to ${MAX_COMMON_NAME_OCTETS} bytes without control characters`,
    );
  }
  return new RelativeDistinguishedNames({
    typesAndValues: [
      new AttributeTypeAndValue({
        type: commonNameType,
        value: new Utf8String({ value: commonName }),
      }),
    ],
  });
}

/** The key usage extension, critical. */
export function keyUsageExtension(usages: readonly KeyUsage[]): Extension {
  let bits = 0;
  for (const usage of usages) bits |= 0x80 >> keyUsages.indexOf(usage);
  // X.690 section 11.2.2: trailing zero bits are not sent.
  const unusedBits = 31 - Math.clz32(bits & -bits);
  return new Extension({
    extnID: ExtensionType.KEY_USAGE,
    critical: true,
    extnValue: new BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits }).toBER(),
  });
}

/** RFC 5280 section 4.2.1.2, method 1: the SHA-1 of the key. It identifies, it protects nothing. */
export async function keyIdentifier(info: PublicKeyInfo): Promise<Uint8Array> {
  const key = info.subjectPublicKey.valueBlock.valueHexView.slice();
  return new Uint8Array(await crypto.subtle.digest("SHA-1", key));
}

/** Subject and authority key identifier. */
export function identifiers(own: Uint8Array, issuer: Uint8Array | undefined): Extension[] {
  return [
    new Extension({
      extnID: ExtensionType.SUBJECT_KEY_IDENTIFIER,
      extnValue: new OctetString({ valueHex: own.slice().buffer }).toBER(),
    }),
    ...issuer === undefined ? [] : [authorityKeyIdentifier(issuer)],
  ];
}

/** Authority key identifier. */
export function authorityKeyIdentifier(issuer: Uint8Array): Extension {
  const keyIdentifier = new OctetString({ valueHex: issuer.slice().buffer });
  return new Extension({
    extnID: ExtensionType.AUTHORITY_KEY_IDENTIFIER,
    extnValue: new AuthorityKeyIdentifier({ keyIdentifier }).toSchema().toBER(),
  });
}

const addressKind = 7;
const hostNameKind = 2;

/**
 * A host name or address as a general name.
 *
 * @throws {VpnError} when it is neither.
 */
export function generalName(name: string): GeneralName {
  const address = addressOctets(name);
  if (address !== undefined) {
    return new GeneralName({
      type: addressKind,
      value: new OctetString({ valueHex: address.slice().buffer }),
    });
  }
  if (!/^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(name) || name.length > 253) {
    throw new VpnError(`"${replaceControls(name)}" is neither a host name nor an address`);
  }
  return new GeneralName({ type: hostNameKind, value: name });
}

/** The octets of an IPv4 or IPv6 address; undefined for anything else. */
function addressOctets(text: string): Uint8Array | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const octets = text.split(".").map(Number);
    return octets.every((octet) => octet < 256) ? new Uint8Array(octets) : undefined;
  }
  if (!text.includes(":") || !URL.canParse(`http://[${text}]/`)) return undefined;
  const [head, tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = new Array(8 - before.length - after.length).fill("0");
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  for (const [i, group] of [...before, ...zeros, ...after].entries()) {
    view.setUint16(2 * i, parseInt(group, 16));
  }
  return octets;
}
