/**
 * The PUSH_REPLY of one client.
 *
 * @module
 */

import type { ServerConfig } from "../../config/config.ts";
import { type Admission, sessionOptions } from "../../control/server_admission.ts";
import { withoutOwnNetworks } from "../per_client/client_settings.ts";
import type { Candidate } from "./admission.ts";
import type { Lease } from "./server_client.ts";

/** Its options: the common ones, those of this client, those of this session. */
export function pushedOptions(
  config: ServerConfig,
  admission: Admission,
  lease: Lease,
  { push, settings }: Candidate,
): string[] {
  return [
    ...withoutOwnNetworks(push.options, settings.networks),
    ...push.session,
    ...sessionOptions(config, admission, lease),
  ];
}

/** A PUSH_REPLY for the log: a token is as good as a password. */
export function redactedReply(reply: string): string {
  return reply.replace(/(^|,)(auth-token) [^,]*/g, "$1$2 [redacted]");
}
