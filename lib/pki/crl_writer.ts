/**
 * Writes revocation lists (RFC 5280 section 5).
 *
 * @module
 */

import { parseRevocationList, type Revocation, type RevocationList } from "./crl.ts";
import { contextTag, Tag } from "./der.ts";
import {
  derBits,
  derElement,
  derInteger,
  derObjectIdentifier,
  derOctets,
  derSequence,
  derTime,
} from "./der_writer.ts";
import { signatureAlgorithmOf, signatureOf } from "./draft.ts";
import { ExtensionType } from "./extensions.ts";
import { BACKDATE, DAY, type SigningAuthority } from "./issue.ts";

/** Life of a revocation list, in days. */
export const REVOCATION_LIST_DAYS = 180;

/** What goes into a revocation list. */
export interface RevocationListRequest {
  /** Revoked certificates by serial number. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** CRL number, one higher at each issue (RFC 5280 section 5.2.3). */
  readonly number: bigint;
  /** The present, milliseconds since 1970. */
  readonly now: number;
  /** Life in days. Default {@linkcode REVOCATION_LIST_DAYS}. */
  readonly days?: number;
}

/** Issues a revocation list, and reads it back. */
export async function issueRevocationList(
  { certificate, key }: SigningAuthority,
  { revoked, number, now, days = REVOCATION_LIST_DAYS }: RevocationListRequest,
): Promise<RevocationList> {
  const algorithm = new Uint8Array(signatureAlgorithmOf(key).toSchema().toBER());
  const entries: Uint8Array[] = [];
  for (const [serial, revocation] of revoked) entries.push(writeEntry(serial, revocation));
  const { subject, subjectKeyIdentifier } = certificate;
  const signed = derSequence(
    derInteger("01"), // Version 2 counts from 0.
    algorithm,
    subject.raw,
    derTime(now - BACKDATE),
    derTime(now + days * DAY),
    ...entries.length === 0 ? [] : [derSequence(...entries)],
    derElement(
      contextTag(0, true),
      derSequence(
        ...subjectKeyIdentifier === undefined ? [] : [
          extension(
            ExtensionType.AUTHORITY_KEY_IDENTIFIER,
            derSequence(derElement(contextTag(0, false), subjectKeyIdentifier)),
          ),
        ],
        extension(ExtensionType.CRL_NUMBER, derInteger(number.toString(16))),
      ),
    ),
  );
  const signature = await signatureOf(signed, key);
  const bits = derBits(signature.valueBlock.valueHexView);
  return parseRevocationList(derSequence(signed, algorithm, bits));
}

function writeEntry(serial: string, { date, reason }: Revocation): Uint8Array {
  return derSequence(
    derInteger(serial),
    derTime(date),
    // RFC 5280 section 5.3.1: "unspecified" (0) is left out.
    ...reason
      ? [
        derSequence(
          extension(ExtensionType.CRL_REASON, derElement(Tag.ENUMERATED, Uint8Array.of(reason))),
        ),
      ]
      : [],
  );
}

function extension(type: string, value: Uint8Array): Uint8Array {
  return derSequence(derObjectIdentifier(type), derOctets(value));
}
