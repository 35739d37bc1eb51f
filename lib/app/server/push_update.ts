/**
 * Changes of what clients are pushed, as a server sends them.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { buildPushReplies } from "../../wire/push_reply.ts";
import { isUpdatable, parsePushChange } from "../../wire/push_update.ts";

/**
 * The messages for changes as `route 10.1.0.0 255.255.0.0,-dns`.
 *
 * @throws {VpnError} naming what can't be changed: a client would have to connect anew.
 */
export function pushUpdateMessages(options: string): readonly string[] {
  const changes = options.split(",").map((text) => text.trim());
  for (const text of changes) {
    const change = parsePushChange(text);
    if (change === undefined) {
      throw new VpnError(`"${text}" is no change`, "write OPTION, -NAME or ?OPTION");
    }
    if (!isUpdatable(change.name) && !change.optional) {
      throw new VpnError(`clients can't change "${change.name}" while they are connected`);
    }
    if (change.name === "ifconfig" || change.name === "ifconfig-ipv6") {
      throw new VpnError(
        "a client's address stays the same while it is connected",
        "change its file in client-config-dir and end its session",
      );
    }
  }
  return buildPushReplies(changes, "PUSH_UPDATE");
}
