/**
 * Who decides about log-ins: the file of users, a program, the management interface. All that there
 * are must agree.
 *
 * @module
 */

import type { Candidate } from "../server/admission.ts";
import type { ScriptVariables } from "../programs/script_variables.ts";

/** A log-in to decide about. */
export interface Login {
  /** Empty where the client gave none and need not (`auth-user-pass-optional`). */
  readonly username: string;
  /** The password field as it came, `SCRV1:…` and `CRV1:…` included; or a token (`external-auth`). */
  readonly password: string;
  /** What `session_id` and `session_state` say of tokens; empty without them. */
  readonly variables: ScriptVariables;
}

/** What a decider adds to its yes. */
export interface LoginConsent {
  /**
   * What the client said can't be said again (a one-time code): without a token it could not stay
   * beyond the next renegotiation.
   */
  readonly once?: boolean;
}

/** See the module's page. */
export interface LoginDecider {
  /** For the log. */
  readonly name: string;
  /**
   * Lets the log-in pass, after as long as it takes (`candidate.allow`, `candidate.signal`). It is
   * asked again at each renegotiation, unless the client has a token.
   *
   * @throws {AdmissionRefusal} with what the client is told.
   */
  decide(login: Login, candidate: Candidate): Promise<LoginConsent | void>;
  /**
   * Whether whoever was let in at that moment (s since 1970) still may be: asked where a token
   * stands for the password.
   */
  stillValid?(username: string, since: number, candidate: Candidate): boolean;
  /** Frees what it holds. */
  close?(): Promise<void>;
}
