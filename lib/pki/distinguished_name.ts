/**
 * X.501 names: their parts and the one-line form that OpenVPN logs and compares.
 *
 * @module
 */

/** One attribute of a name. */
export interface NameAttribute {
  /** Dotted object identifier, e.g. `2.5.4.3`. */
  readonly type: string;
  /** The value as text. */
  readonly value: string;
}

/** A distinguished name: relative names in order, each of one or more attributes. */
export interface DistinguishedName {
  /** The relative distinguished names, outermost first. */
  readonly relative: readonly (readonly NameAttribute[])[];
  /** The name's DER, for comparison. */
  readonly raw: Uint8Array;
}
