/**
 * Tells a client what its user has to do while a log-in waits: AUTH_PENDING and INFO_PRE.
 *
 * Source: OpenVPN's `push.c` (`send_auth_pending_messages`), `ssl_verify.c`
 * (`check_auth_pending_method`).
 *
 * @module
 */

import { IvProto, protocolFlags } from "../../wire/peer_info.ts";
import { AdmissionRefusal, type Candidate } from "../server/admission.ts";

/** Longest wait that can be asked for, s. */
const longestWait = 1800;

/**
 * Has the client wait, and tells it what for.
 *
 * @param request.timeout Seconds that the user has.
 * @param request.method What the client must be able to do, one of its `IV_SSO`.
 * @param request.text What follows `INFO_PRE,`.
 * @throws {AdmissionRefusal} when the client can't do that.
 */
export function askWhilePending(
  candidate: Candidate,
  request: { readonly timeout: number; readonly method: string; readonly text: string },
): void {
  const { peerInfo } = candidate;
  const methods = peerInfo.get("IV_SSO")?.split(",") ?? [];
  if (!methods.includes(request.method)) {
    const problem = "Authentication failed, required pending auth method " +
      `'${request.method}' not supported`;
    throw new AdmissionRefusal(problem, problem);
  }
  const seconds = Math.min(request.timeout, longestWait);
  const keywords = (protocolFlags(peerInfo) & IvProto.AUTH_PENDING_KW) !== 0;
  candidate.allow(seconds * 1000);
  candidate.tell(keywords ? `AUTH_PENDING,timeout ${seconds}` : "AUTH_PENDING");
  candidate.tell(`INFO_PRE,${request.text}`);
}
