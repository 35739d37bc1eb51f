/**
 * Why certificates are revoked.
 *
 * @module
 */

/** `CRLReason` of RFC 5280 section 5.3.1 by its number; those that a complete list can have. */
const reasons: Readonly<Record<number, string>> = {
  0: "unspecified",
  1: "keyCompromise",
  2: "cACompromise",
  3: "affiliationChanged",
  4: "superseded",
  5: "cessationOfOperation",
  6: "certificateHold",
  9: "privilegeWithdrawn",
  10: "aACompromise",
};

/** The reasons that a certificate may be revoked for; holds cannot be lifted here. */
export const revocationReasons = [
  "unspecified",
  "keyCompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "privilegeWithdrawn",
] as const;

/** One reason. */
export type RevocationReason = (typeof revocationReasons)[number];

/** The number of a reason; undefined for `unspecified`, which a list leaves out. */
export function reasonNumber(reason: RevocationReason): number | undefined {
  const [number] = Object.entries(reasons).find(([, name]) => name === reason) ?? ["0"];
  return number === "0" ? undefined : Number(number);
}

/** The name of a reason. */
export function reasonName(reason: number | undefined): string {
  return reasons[reason ?? 0] ?? `reason ${reason}`;
}
