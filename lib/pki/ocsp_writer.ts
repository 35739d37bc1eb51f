/**
 * Writes OCSP requests and responses.
 *
 * @module
 */

import {
  BitString,
  Constructed,
  Enumerated,
  fromBER,
  GeneralizedTime,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
} from "asn1js";
import { createHash } from "node:crypto";
import type { Certificate } from "./certificate.ts";
import type { Revocation } from "./crl.ts";
import { integerOf, signatureAlgorithmOf, signatureOf } from "./draft.ts";
import { CERT_ID_DIGEST, type CertId, issuerHashes, OCSP_BASIC, OCSP_NONCE } from "./ocsp.ts";

/** How one certificate stands. */
export type CertificateStatus =
  | { readonly kind: "good" | "unknown" }
  | { readonly kind: "revoked"; readonly revocation: Revocation };

/** An answer about one certificate. */
export interface SingleResponse {
  /** Which. */
  readonly id: CertId;
  /** How it stands. */
  readonly status: CertificateStatus;
}

/** Who answers. */
export interface ResponseSigner {
  /** The responder's certificate, which the authority issued for this. */
  readonly certificate: Certificate;
  /** Its private key. */
  readonly key: CryptoKey;
}

/** What an answer says. */
export interface ResponseOptions {
  /** About each certificate that was asked for. */
  readonly responses: readonly SingleResponse[];
  /** The nonce extension's value of the request. */
  readonly nonce: Uint8Array | undefined;
  /** When it is so, milliseconds since 1970. */
  readonly now: number;
  /** Until when it may be relied on, milliseconds since 1970. */
  readonly nextUpdate: number;
}

type Element = ConstructorParameters<typeof Sequence>[0] extends infer Options
  ? Options extends { value?: (infer Item)[] } ? Item : never
  : never;

function explicit(tagNumber: number, value: Element): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [value] });
}

/** What is DER already. */
function ready(der: Uint8Array): Element {
  return fromBER(der.slice().buffer).result;
}

function time(milliseconds: number): GeneralizedTime {
  const valueDate = new Date(Math.floor(milliseconds / 1000) * 1000);
  return new GeneralizedTime({ valueDate });
}

function nonceExtensions(tagNumber: number, nonce: Uint8Array | undefined): Element[] {
  if (nonce === undefined) return [];
  const extension = new Sequence({
    value: [
      new ObjectIdentifier({ value: OCSP_NONCE }),
      new OctetString({ valueHex: nonce.slice().buffer }),
    ],
  });
  return [explicit(tagNumber, new Sequence({ value: [extension] }))];
}

/** An answer that is none: something went wrong. */
export function writeOcspError(status: number): Uint8Array<ArrayBuffer> {
  return der(new Sequence({ value: [new Enumerated({ value: status })] }));
}

/** An answer, signed. */
export async function writeOcspResponse(
  signer: ResponseSigner,
  options: ResponseOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { certificate, key } = signer;
  // RFC 6960 section 4.2.1: the SHA-1 of the responder's key names it.
  const keyHash = createHash("sha1").update(certificate.publicKey.key).digest();
  const data = new Sequence({
    value: [
      explicit(2, new OctetString({ valueHex: Uint8Array.from(keyHash).buffer })),
      time(options.now),
      new Sequence({ value: options.responses.map((response) => single(response, options)) }),
      ...nonceExtensions(1, options.nonce),
    ],
  });
  const signed = der(data);
  const basic = new Sequence({
    value: [
      data,
      signatureAlgorithmOf(key).toSchema(),
      await signatureOf(signed, key) as BitString,
      explicit(0, new Sequence({ value: [ready(certificate.raw)] })),
    ],
  });
  const bytes = new Sequence({
    value: [
      new ObjectIdentifier({ value: OCSP_BASIC }),
      new OctetString({ valueHex: der(basic).buffer }),
    ],
  });
  return der(new Sequence({ value: [new Enumerated({ value: 0 }), explicit(0, bytes)] }));
}

function single({ id, status }: SingleResponse, { now, nextUpdate }: ResponseOptions): Sequence {
  return new Sequence({
    value: [ready(id.raw), statusOf(status), time(now), explicit(0, time(nextUpdate))],
  });
}

function statusOf(status: CertificateStatus): Element {
  if (status.kind !== "revoked") {
    return new Primitive({
      idBlock: { tagClass: 3, tagNumber: status.kind === "good" ? 0 : 2 },
    });
  }
  const { date, reason } = status.revocation;
  return new Constructed({
    idBlock: { tagClass: 3, tagNumber: 1 },
    value: [
      time(date),
      // As in a list, "unspecified" is left out.
      ...reason ? [explicit(0, new Enumerated({ value: reason }))] : [],
    ],
  });
}

/** A request about one certificate. */
export function writeOcspRequest(
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const { name, key } = issuerHashes(issuer);
  const id = new Sequence({
    value: [
      new Sequence({ value: [new ObjectIdentifier({ value: CERT_ID_DIGEST }), new Null()] }),
      new OctetString({ valueHex: name.slice().buffer }),
      new OctetString({ valueHex: key.slice().buffer }),
      integerOf(BigInt(`0x${certificate.serial}`)) as Integer,
    ],
  });
  const value = nonce && new Uint8Array(
    new OctetString({ valueHex: nonce.slice().buffer }).toBER(),
  );
  const request = new Sequence({
    value: [
      new Sequence({ value: [new Sequence({ value: [id] })] }),
      ...nonceExtensions(2, value),
    ],
  });
  return der(new Sequence({ value: [request] }));
}

function der(element: Sequence): Uint8Array<ArrayBuffer> {
  return new Uint8Array(element.toBER());
}
