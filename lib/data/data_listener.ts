/**
 * What the packet path has to tell, apart from counters.
 *
 * @module
 */

import type { DataKey, Peer } from "./peer.ts";

/** Called from the packet path: at once, and without throwing. */
export interface DataListener {
  /** An authentic packet came from another address, which is the peer's from now on. */
  peerFloated(peer: Peer): void;
  /** The peer said that it ends (OCC_EXIT). */
  peerExited(peer: Peer): void;
  /** The key's packet-ids near their end; told once. */
  keyExhausting(key: DataKey): void;
  /** The engine failed on packets, which are dropped. */
  engineFailed(error: unknown): void;
}
