/**
 * The PUSH_REPLY of one client.
 *
 * @module
 */

import type { ServerConfig } from "../../config/config.ts";
import { type Admission, sessionOptions } from "../../control/server_admission.ts";
import { IvProto, protocolFlags } from "../../wire/peer_info.ts";
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

/** Whether the client knows PUSH_UPDATE. */
export function takesPushUpdate({ peerInfo }: Admission): boolean {
  return (protocolFlags(peerInfo) & IvProto.PUSH_UPDATE) !== 0;
}

/** A PUSH_REPLY for the log: a token is as good as a password. */
export function redactedReply(reply: string): string {
  return reply.replace(/(^|,)(auth-token) [^,]*/g, "$1$2 [redacted]");
}
