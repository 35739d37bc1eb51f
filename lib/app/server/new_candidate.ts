/**
 * A client as the steps of its admission find it.
 *
 * @module
 */

import type { ServerConfig } from "../../config/config.ts";
import { noSettings } from "../per_client/client_settings.ts";
import { AdmissionRefusal, type Candidate } from "./admission.ts";
import { PushList } from "./push_list.ts";

/** What the instance knows by itself. */
export type CandidateFacts = Omit<Candidate, "variables" | "push" | "settings" | "onMessage">;

/** A candidate, with what every client of this server gets. */
export function newCandidate(facts: CandidateFacts, config: ServerConfig): Candidate {
  return {
    ...facts,
    variables: {},
    push: new PushList(config.push),
    settings: noSettings(config),
    onMessage: undefined,
  };
}

/** What a client is told that is not let in for this reason: what follows `AUTH_FAILED,`. */
export function refusalAnswer(error: unknown): string | undefined {
  if (error instanceof AdmissionRefusal) return error.answer;
  if (error instanceof Error && error.name === "CipherNegotiationError") {
    return "Data channel cipher negotiation failed (no shared cipher)";
  }
  return "the server takes no further client";
}
