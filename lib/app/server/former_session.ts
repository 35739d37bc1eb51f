/**
 * One session a name: a client's former one ends when it comes again.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ServerConfig } from "../../config/config.ts";
import type { Candidate } from "./admission.ts";
import type { ClientLeases } from "./client_leases.ts";
import { namelessClient } from "./server_client.ts";

/** Ends the session that a client of the same name has, unless `duplicate-cn`. */
export function closeFormerSession(
  { commonName, id }: Pick<Candidate, "commonName" | "id">,
  leases: ClientLeases,
  { config, log }: { readonly config: Pick<ServerConfig, "duplicateCn">; readonly log: Log },
): void {
  if (config.duplicateCn || commonName === namelessClient) return;
  const former = leases.all()
    .find((other) => other.commonName === commonName && other.id !== id);
  if (former === undefined) return;
  log.at(
    1,
    `MULTI: new connection by client '${commonName}' will cause previous active sessions ` +
      "by this client to be dropped. Remember to use the --duplicate-cn option if you want " +
      "multiple clients using the same certificate or username to concurrently connect.",
  );
  former.close("replaced");
}
