/**
 * The options that one client is sent: its PUSH_REPLY, once, and PUSH_UPDATE after it.
 *
 * @module
 */

import type { ServerConfig } from "../../config/config.ts";
import { type Admission, sessionOptions } from "../../control/server_admission.ts";
import { IvProto, protocolFlags } from "../../wire/peer_info.ts";
import { buildPushReplies } from "../../wire/push_reply.ts";
import { withoutOwnNetworks } from "../per_client/client_settings.ts";
import type { Candidate } from "./admission.ts";
import type { Lease } from "./server_client.ts";

/** See the module's page. */
export class SessionPush {
  readonly #send: (message: string, redacted: string) => void;
  #requested = false;
  #answered = false;

  /** @param send Sends a control message; `redacted` is what the log may say of it. */
  constructor(send: (message: string, redacted: string) => void) {
    this.#send = send;
  }

  /** The client has sent PUSH_REQUEST. */
  requested(): void {
    this.#requested = true;
  }

  /** Whether it waits for its options. */
  awaited({ pushUnasked }: Admission): boolean {
    return pushUnasked || this.#requested;
  }

  /** Sends the PUSH_REPLY, unless the client has had its answer. */
  reply(config: ServerConfig, admission: Admission, lease: Lease, candidate: Candidate): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#sendAll(buildPushReplies(pushedOptions(config, admission, lease, candidate)));
  }

  /** Sends PUSH_UPDATE messages; false when the client does not take them, or not yet. */
  update(messages: readonly string[], admission: Admission): boolean {
    if (!this.#answered || !takesPushUpdate(admission)) return false;
    this.#sendAll(messages);
    return true;
  }

  /** The client gets another answer. */
  refused(): void {
    this.#answered = true;
  }

  #sendAll(messages: readonly string[]): void {
    for (const message of messages) this.#send(message, redactedReply(message));
  }
}

/** Its options: the common ones, those of this client, those of this session. */
function pushedOptions(
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
function takesPushUpdate({ peerInfo }: Admission): boolean {
  return (protocolFlags(peerInfo) & IvProto.PUSH_UPDATE) !== 0;
}

/** A PUSH_REPLY for the log: a token is as good as a password. */
function redactedReply(reply: string): string {
  return reply.replace(/(^|,)(auth-token) [^,]*/g, "$1$2 [redacted]");
}
