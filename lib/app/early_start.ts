/**
 * What a tunnel needs in any case, and what takes long: begun before the program is loaded, so that
 * both go on side by side. A tunnel that then does not come to be leaves nothing behind but time.
 *
 * @module
 */

import { startWorkerEarly } from "../loop/early_worker.ts";

/** Begins all of it; nothing waits for it. */
export function startEarly(): void {
  startWorkerEarly();
  // The cryptography library of Deno's TLS seeds its random number generator at the first key that
  // it makes: 30 ms, in a thread of its own here, before the handshake asks for it.
  crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"])
    .catch(() => {});
}
