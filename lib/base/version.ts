/**
 * What this program is.
 *
 * @module
 */

/** This program's version. */
export const programVersion = "0.1.0";
