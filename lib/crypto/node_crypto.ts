/**
 * `node:crypto` for the data plane's worker, which needs it only where neither ipsec-mb nor OpenSSL
 * has a cipher.
 *
 * @module
 */

import type * as NodeCrypto from "node:crypto";

let loaded: typeof NodeCrypto | undefined;

/** The module, loaded when first asked for: it brings most of Node's layer with it, 25 ms. */
export function nodeCrypto(): typeof NodeCrypto {
  return loaded ??= globalThis.process.getBuiltinModule("node:crypto");
}
