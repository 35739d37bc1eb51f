/**
 * How one client is let in, or not: what it shows and says, the steps that it takes, the answer.
 *
 * ```text
 * 1. verifyPeer   certificates of a negotiation
 * 2. authorize    its key message; at a renegotiation the steps that are taken then
 * 3. pass         all steps (admission_steps.ts), once the first keys are there
 * ```
 *
 * A refusal is only noted here: the instance tells it when the client can hear it.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { serverOptionValues } from "../../control/local_options.ts";
import { type Admission, admit } from "../../control/server_admission.ts";
import type { TlsPeer } from "../../control/tls_channel.ts";
import type { VerifiedPeer } from "../../pki/mod.ts";
import type { KeyMethod2Message } from "../../wire/key_method.ts";
import { AdmissionRefusal, admitCandidate, type Candidate } from "./admission.ts";
import { CandidateLife } from "./candidate_life.ts";
import { ClientCertificate } from "./client_certificate.ts";
import { logOptionWarnings, logPeerInfo } from "./client_log.ts";
import { type CandidateFacts, newCandidate, refusalAnswer } from "./new_candidate.ts";
import { namelessClient } from "./server_client.ts";
import type { ServerContext } from "./server_context.ts";

/** Why a client is not let in; `answer` follows `AUTH_FAILED,`. */
export interface Refusal {
  readonly answer: string | undefined;
}

/** What the admission needs of the client's instance. */
export interface AdmissionSubject
  extends
    Pick<CandidateFacts, "id" | "createdAt" | "endpoint" | "address">,
    Pick<CandidateFacts, "tell" | "tellWithKeys" | "dismiss" | "traffic"> {
  /** The worker's number of the socket that it comes in by. */
  readonly socket: number;
  readonly log: Log;
  /** The time for the admission is over. */
  expired(): void;
}

/** See the module's page. */
export class ClientAdmission {
  readonly #context: ServerContext;
  readonly #subject: AdmissionSubject;
  readonly #certificate: ClientCertificate;
  readonly #life: CandidateLife;
  #negotiated: Admission | undefined;
  #candidate: Candidate | undefined;
  #refusal: Refusal | undefined;
  #commonName: string | undefined;

  constructor(context: ServerContext, subject: AdmissionSubject) {
    const { trust, config: { verifyClientCert } } = context;
    this.#context = context;
    this.#subject = subject;
    this.#certificate = new ClientCertificate(trust, verifyClientCert !== "require");
    this.#life = new CandidateLife(() => subject.expired());
  }

  /** What the client showed, once checked. */
  get certificate(): VerifiedPeer | undefined {
    return this.#certificate.verified;
  }
  /** What was settled with it, once its first key message is there. */
  get negotiated(): Admission | undefined {
    return this.#negotiated;
  }
  /** The client as the steps have it, once its first key message is there. */
  get candidate(): Candidate | undefined {
    return this.#candidate;
  }
  /** Why it is not let in, once that is so. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }
  /** What it is called once it has passed: as its certificate says, or as a step made of it. */
  get commonName(): string | undefined {
    return this.#commonName;
  }

  /** @throws {VpnError} where the handshake ends at that. */
  async verifyPeer({ chain, objection }: TlsPeer, keyId: number): Promise<void> {
    const { address, log } = this.#subject;
    try {
      await this.#certificate.verify(chain, address, log);
    } catch (error) {
      // A first session that TLS has no objection to lives on until the refusal is told, without
      // keys: a revoked client should hear why. Any other ends here, and says so when it does.
      if (keyId > 0 || objection !== undefined) throw error;
      log.error(`VERIFY ERROR: ${errorLine(error)}`);
      this.#refusal = { answer: "certificate verification failed" };
    }
  }

  /** @param admitted Whether the client is in. */
  async authorize(message: KeyMethod2Message, keyId: number, admitted: boolean): Promise<void> {
    if (this.#refusal !== undefined) return;
    const { config, steps, transport } = this.#context;
    const { log, socket } = this.#subject;
    const local = serverOptionValues(config, transport(socket));
    logOptionWarnings(local, message, keyId === 0 ? 3 : 4, log);
    try {
      if (keyId > 0) {
        if (!admitted) throw new AdmissionRefusal("renegotiation before admission");
        await admitCandidate(steps, this.#candidateOf(message, true));
        return;
      }
      this.#negotiated = admit(config, message);
      logPeerInfo(this.#negotiated.peerInfo, log);
      this.#candidate = this.#candidateOf(message, false);
    } catch (error) {
      this.refuse(error);
    }
  }

  #candidateOf(message: KeyMethod2Message, renegotiation: boolean): Candidate {
    const subject = this.#subject;
    const certificate = this.#certificate.verified;
    return newCandidate({
      id: subject.id,
      createdAt: subject.createdAt,
      endpoint: subject.endpoint,
      address: subject.address,
      certificate,
      message,
      peerInfo: this.#negotiated!.peerInfo,
      renegotiation,
      log: subject.log,
      commonName: this.#commonName ?? certificate?.commonName ?? namelessClient,
      signal: this.#life.signal,
      tell: (text) => subject.tell(text),
      tellWithKeys: (text) => subject.tellWithKeys(text),
      dismiss: (answer) => subject.dismiss(answer),
      allow: (milliseconds) => this.#life.allow(milliseconds),
      traffic: () => subject.traffic(),
      atEnd: (action) => this.#life.atEnd(action),
    }, this.#context.config);
  }

  /** The first keys are there: the steps have their time from now on. */
  keysDerived(): void {
    this.#life.allow(this.#context.config.tls.handWindow * 1000);
  }

  /**
   * Takes the steps.
   *
   * @returns The client; undefined when it has gone or was refused meanwhile.
   * @throws {AdmissionRefusal} of the step that refuses.
   */
  async pass(): Promise<Candidate | undefined> {
    const candidate = this.#candidate!;
    await admitCandidate(this.#context.steps, candidate);
    if (this.#refusal !== undefined || this.#life.signal.aborted) return undefined;
    this.#commonName = candidate.commonName;
    return candidate;
  }

  /** The client is in. */
  admitted(): void {
    this.#life.admitted();
  }

  /** It is not let in, for that reason. */
  refuse(error: unknown): void {
    this.#subject.log.error(errorLine(error));
    this.#refusal = { answer: refusalAnswer(error) };
  }

  /** It is not let in, or no longer; a refusal that is there already stays. */
  dismiss(answer?: string): void {
    this.#refusal ??= { answer };
  }

  /** The refusal is being told: whatever goes on for the client may stop. */
  refused(): void {
    this.#life.refused();
  }

  /** The client is gone. */
  end(): void {
    this.#life.end();
  }
}
