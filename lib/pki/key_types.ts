/**
 * The kinds of key that certificates are issued for.
 *
 * @module
 */

/** The kinds of key that certificates are issued for. */
export const keyTypes = ["rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384"] as const;

/** One kind of key. */
export type KeyType = (typeof keyTypes)[number];
