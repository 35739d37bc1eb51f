/**
 * Who is who: the server's key pair, the client's, and which clients are allowed.
 *
 * @module
 */

import type { BoxKeyPair, BoxPublicKey } from "../../crypto/box_keys.ts";

/** A server's keys, asked for at each handshake so that they can be exchanged in between. */
export interface ServerIdentity {
  /** S and Ss. */
  readonly keyPair: BoxKeyPair;
  /** Whether a client's key C may open a channel. */
  readonly allows: (clientKey: BoxPublicKey) => boolean;
}

/** What a client knows. */
export interface ClientIdentity {
  /** S. */
  readonly serverKey: BoxPublicKey;
  /** C and Cs. */
  readonly keyPair: BoxKeyPair;
}
