/**
 * Certificates: parsing, checking a peer, keys, profiles, the server's state directory.
 *
 * Issuing (`issue.ts`) is not exported here, so that a client need not load the library that
 * writes certificates.
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
export * from "./client_profile.ts";
export * from "./server_configuration.ts";
export * from "./state_files.ts";
export * from "./state_directory.ts";
