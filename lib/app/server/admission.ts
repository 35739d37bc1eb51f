/**
 * How a client is let in: a list of steps, each of which may refuse it, name it, or change what it
 * gets. The steps of a server stand in admission_steps.ts, in their order:
 *
 * ```text
 * key exchange ─► users ─► options of this client, programs ─► lease (peer-id, addresses) ─► push
 * ```
 *
 * A step may take its time (a program, a question to the user): the control channel works meanwhile,
 * and other clients are served. Nothing of the client reaches the data plane before the last step.
 * Steps with `atRenegotiation` run again whenever keys are renewed, before the new ones count.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { processTracer, traced } from "../../base/tracing.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import type { ControlMessage } from "../../wire/control_message.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";
import type { ClientSettings } from "../per_client/client_settings.ts";
import type { PushList } from "./push_list.ts";

/** A client that wants to come in, or to stay in. */
export interface Candidate {
  /** The client's number: the CID of OpenVPN's management interface. */
  readonly id: number;
  /** When its first packet came, ms since 1970. */
  readonly createdAt: number;
  /** Where it comes from, as `1.2.3.4:5`. */
  readonly endpoint: string;
  /** The same as a raw sockaddr. */
  readonly address: Uint8Array;
  /** Its certificate, checked; undefined where it may be without and is. */
  readonly certificate: VerifiedPeer | undefined;
  /** What it said: user name, options; the password only until the steps are taken. */
  message: KeyMethod2Message;
  readonly peerInfo: PeerInfo;
  /** Whether it is in already, and only renews its keys. */
  readonly renegotiation: boolean;
  readonly log: Log;
  /** What it is called from here on; the certificate's common name at first. */
  commonName: string;
  /** What programs are told of it. */
  readonly variables: Record<string, string>;
  /** What it will be pushed, apart from addresses. */
  readonly push: PushList;
  /** Its addresses, its networks, when its session ends. */
  readonly settings: ClientSettings;
  /** Aborted when the client is gone: whatever goes on for it may end. */
  readonly signal: AbortSignal;
  /** Sends it a control message (`AUTH_PENDING,timeout 60`, `INFO_PRE,…`). */
  tell(message: string): void;
  /** At a renegotiation: sends it a control message once it has the new keys. */
  tellWithKeys(message: string): void;
  /** Ends its session, at any time: nothing goes through it from here on, and it is told why. */
  dismiss(answer: string): void;
  /** Gets control messages that nobody else takes (`CR_RESPONSE`), while a step waits for one. */
  onMessage: ((message: ControlMessage) => void) | undefined;
  /** Waits that many ms more for all steps, from now; `hand-window` is the time for them at first. */
  allow(milliseconds: number): void;
  /** What has gone through its session so far, in bytes. */
  traffic(): { readonly bytesIn: number; readonly bytesOut: number };
  /** Has something done when the client leaves, whether it was let in or not. */
  atEnd(action: () => void): void;
}

/** One step. */
export interface AdmissionStep {
  /** For a log. */
  readonly name: string;
  /** Whether it is taken at renegotiations too. */
  readonly atRenegotiation?: boolean;
  /**
   * Lets the client pass, or not.
   *
   * @throws {AdmissionRefusal} with what the client is told; any other error is told as nothing.
   */
  take(candidate: Candidate): void | Promise<void>;
}

/** A client is not let in. */
export class AdmissionRefusal extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "AdmissionRefusal";

  /**
   * @param message For our log.
   * @param answer What follows `AUTH_FAILED,`; undefined: AUTH_FAILED alone.
   */
  constructor(message: string, readonly answer?: string) {
    super(message);
  }
}

/**
 * Takes the steps one after the other, and forgets the password: the candidate is kept as long as
 * its session.
 *
 * @throws {AdmissionRefusal} of the step that refuses, or when the client has left meanwhile.
 */
export async function admitCandidate(
  steps: readonly AdmissionStep[],
  candidate: Candidate,
): Promise<void> {
  try {
    await takeSteps(steps, candidate);
  } finally {
    const { password: _, ...message } = candidate.message;
    candidate.message = message;
  }
}

async function takeSteps(steps: readonly AdmissionStep[], candidate: Candidate): Promise<void> {
  for (const step of steps) {
    if (candidate.renegotiation && step.atRenegotiation !== true) continue;
    candidate.log.at(6, `admission: ${step.name}`);
    const taken = processTracer() === undefined
      ? step.take(candidate)
      : traced(`vpn.admission ${step.name}`, {}, () => step.take(candidate));
    if (taken !== undefined) await taken;
    if (candidate.signal.aborted) throw new AdmissionRefusal("the client has left meanwhile");
  }
}
