/**
 * What others put into a tunnel when it starts.
 *
 * @module
 */

import type { CredentialPrompt } from "./client/credential_prompt.ts";
import type { AdmissionStep } from "./server/admission.ts";
import type { TunnelObserver } from "./tunnel_observer.ts";

/** See the module's page. */
export interface TunnelHooks {
  readonly observer: TunnelObserver;
  /** Client: who is asked in place of, or along with, the terminal. */
  readonly prompt?: (terminal: CredentialPrompt) => CredentialPrompt;
  /** Server: a step that decides about each client, after those about users. */
  readonly admission?: AdmissionStep;
}
