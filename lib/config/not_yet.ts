/**
 * What the option table knows and the program doesn't do yet. The one list of it: when the
 * feature comes, its row goes, and the option's handler counts.
 *
 * `refuse`: the configuration can't be used (the option asks for protection, for a peer that
 * needs it, or for something that would visibly not happen). `warn`: the session works without,
 * and the user is told so at verb 1 each time.
 *
 * @module
 */

/** One thing that isn't there yet. */
export interface NotYet {
  readonly options: readonly string[];
  readonly effect: "refuse" | "warn";
  /** What is the case instead, as a clause. */
  readonly reason: string;
  /** What to do meanwhile. */
  readonly remedy?: string;
  /** Only with such parameters. */
  readonly when?: (parameters: readonly string[]) => boolean;
}

/** Options by themselves. */
export const notYet: readonly NotYet[] = [
  // Control channel and certificates.
  {
    // Measured with Deno 2.9.6: node:tls takes `ciphers` and disregards it.
    options: ["tls-cipher", "tls-ciphersuites", "tls-groups", "ecdh-curve"],
    effect: "warn",
    reason: "the TLS library chooses among its own (ECDHE with AES-GCM or ChaCha20-Poly1305)",
  },
  // Data channel.
  {
    options: ["max-packet-size", "passtos", "multihome"],
    effect: "warn",
    reason: "it has no effect yet",
  },
  // Server.
  // Process and log.
];

/** What postprocessing refuses because it isn't there yet; see where each is used. */
export const notYetCombinations = {
  /** Whether one end of two without `pull` and without `mode server` can run. */
  pointToPoint: false,
};

/** The rows that apply to an option with these parameters. */
export function notYetFor(option: string, parameters: readonly string[]): readonly NotYet[] {
  return notYet.filter((row) =>
    row.options.includes(option) && (row.when === undefined || row.when(parameters))
  );
}
