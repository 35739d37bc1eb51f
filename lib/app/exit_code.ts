/**
 * How the program ends.
 *
 * @module
 */

/** Exit codes of the program. */
export const ExitCode = { success: 0, failure: 1 } as const;
