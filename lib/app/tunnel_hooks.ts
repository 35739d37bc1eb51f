/**
 * What others put into a tunnel when it starts.
 *
 * @module
 */

import type { ProcessLog } from "../base/log.ts";
import type { LogTail } from "./log/log_tail.ts";
import type { CredentialPrompt } from "./client/credential_prompt.ts";
import type { AdmissionStep } from "./server/admission.ts";
import type { LoginDecider } from "./users/login_decider.ts";
import type { TunnelObserver } from "./tunnel_observer.ts";

/** See the module's page. */
export interface TunnelHooks {
  readonly observer: TunnelObserver;
  /** Client: who is asked in place of, or along with, the terminal. */
  readonly prompt?: (terminal: CredentialPrompt) => CredentialPrompt;
  /** Server: who decides about log-ins besides those of the configuration. */
  readonly deciders?: readonly LoginDecider[];
  /** Server: the program's log, and what it said last, for the portal. */
  readonly processLog?: ProcessLog;
  readonly logTail?: LogTail;
  /** Server: the last step of each client's admission. */
  readonly lastStep?: AdmissionStep;
}
