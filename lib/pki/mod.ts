/**
 * Certificates: parsing, issuing, revoking, checking a peer; the server's state directory.
 *
 * @module
 */

export * from "./errors.ts";
export * from "./distinguished_name.ts";
export * from "./certificate.ts";
export * from "./crl.ts";
export * from "./keys.ts";
export * from "./verify_chain.ts";
export * from "./profile.ts";
export * from "./state_directory.ts";
