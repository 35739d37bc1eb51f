/**
 * What a server's log says of a client's key message.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { optionWarnings } from "../../control/local_options.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";

/** Where its options don't fit ours. */
export function logOptionWarnings(
  local: Parameters<typeof optionWarnings>[0],
  { options }: KeyMethod2Message,
  verb: number,
  log: Log,
): void {
  for (const warning of optionWarnings(local, options)) log.at(verb, `WARNING: ${warning}`);
}

/** What it says of itself. */
export function logPeerInfo(peerInfo: PeerInfo, log: Log): void {
  for (const [name, value] of peerInfo) log.at(3, `peer info: ${name}=${value}`);
}
