/**
 * What OpenVPN's small commands get.
 *
 * @module
 */

/** Options of a command line by name; the last one counts. */
export type CommandOptions = ReadonlyMap<string, readonly string[]>;
