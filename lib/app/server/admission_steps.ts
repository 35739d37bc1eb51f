/**
 * What a server asks of its clients before they are in, in this order. Whoever adds a step puts it
 * where it belongs here.
 *
 * @module
 */

import type { AddressBook } from "../per_client/address_book.ts";
import { addressStep } from "../per_client/address_step.ts";
import { clientFileStep, exclusiveStep } from "../per_client/client_files.ts";
import { connectStep, disconnectStep } from "../per_client/connect_program.ts";
import { learnAddressStep } from "../per_client/learn_address.ts";
import type { AdmissionStep, Candidate } from "./admission.ts";
import type { ServerParts } from "./server_context.ts";

/** What steps need of the server itself. */
export interface AdmissionDesk {
  readonly addresses: AddressBook;
  /** Ends the session that a client of the same name has, unless `duplicate-cn`. */
  closeFormer(candidate: Candidate): void;
}

/** The steps of a server. @throws {VpnError} when something that they need is not there. */
export function admissionSteps(
  { config, loginStep, lastStep, programs }: ServerParts,
  desk: AdmissionDesk,
): readonly AdmissionStep[] {
  const { clientConfigDir, ccdExclusive } = config;
  const steps: AdmissionStep[] = [];
  if (loginStep !== undefined) steps.push(loginStep);
  if (clientConfigDir !== undefined) {
    if (ccdExclusive) steps.push(exclusiveStep(clientConfigDir));
    steps.push(clientFileStep(clientConfigDir));
  }
  // Before the addresses: the client is to have its own again.
  steps.push({ name: "former session", take: (candidate) => desk.closeFormer(candidate) });
  steps.push(addressStep(desk.addresses));
  const { "client-connect": connect, "client-disconnect": disconnect } = config.scripts;
  if (connect !== undefined) {
    steps.push(connectStep({
      programs,
      commandLine: connect,
      temporaryDirectory: config.process.temporaryDirectory,
      addresses: desk.addresses,
    }));
  }
  const learn = config.scripts["learn-address"];
  if (learn !== undefined) steps.push(learnAddressStep(programs, learn));
  if (disconnect !== undefined) steps.push(disconnectStep(programs, disconnect));
  if (lastStep !== undefined) steps.push(lastStep);
  return steps;
}
