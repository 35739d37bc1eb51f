/**
 * Certificates: parsing, checking a peer, keys, the names of a state directory's files.
 *
 * Issuing, the authority with its database, and the state directory are not exported here, so that
 * a tunnel need not load them.
 *
 * @module
 */

export * from "./errors.ts";
export * from "./distinguished_name.ts";
export * from "./general_name.ts";
export * from "./extensions.ts";
export * from "./public_key.ts";
export * from "./certificate.ts";
export * from "./crl.ts";
export * from "./keys.ts";
export * from "./usage.ts";
export * from "./verify_chain.ts";
export * from "./state_files.ts";
