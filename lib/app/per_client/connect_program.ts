/**
 * `client-connect` and `client-disconnect`: a program that lets a client in or not, and writes
 * options for it; one that hears when the client is gone.
 *
 * The first may answer later: it writes `2` into `client_connect_deferred_file`, ends, and something
 * else writes `1` (in) or `0` (out) there, within `hand-window`.
 *
 * Source: openvpn(8), `--client-connect`, `--client-disconnect`; OpenVPN's `multi.c`
 * (`multi_client_connect_call_script`, `multi_client_connect_script_deferred`).
 *
 * @module
 */

import { type Programs, succeeded } from "../programs/programs.ts";
import { type TemporaryFile, temporaryFile } from "../programs/temporary_file.ts";
import { AdmissionRefusal, type AdmissionStep, type Candidate } from "../server/admission.ts";
import type { AddressBook } from "./address_book.ts";
import { assignAddresses } from "./address_step.ts";
import { takeClientOptions } from "./client_files.ts";
import { clientVariables } from "./client_variables.ts";

/** Between two looks at whether a deferred answer is there, ms. */
const lookInterval = 500;

/** What such a step needs. */
export interface ConnectProgramOptions {
  readonly programs: Programs;
  readonly commandLine: string;
  /** `tmp-dir`. */
  readonly temporaryDirectory: string | undefined;
  readonly addresses: AddressBook;
}

/** `client-connect` as a step. */
export function connectStep(options: ConnectProgramOptions): AdmissionStep {
  return { name: "client-connect", take: (candidate) => ask(options, candidate) };
}

async function ask(
  { programs, commandLine, temporaryDirectory, addresses }: ConnectProgramOptions,
  candidate: Candidate,
): Promise<void> {
  await using answer = await temporaryFile(temporaryDirectory, "openvpn_cc");
  await using deferred = await temporaryFile(temporaryDirectory, "openvpn_ccr");
  const result = await programs.run({
    option: "client-connect",
    commandLine,
    args: [answer.path],
    variables: {
      ...clientVariables(candidate),
      client_connect_config_file: answer.path,
      client_connect_deferred_file: deferred.path,
    },
    signal: candidate.signal,
    log: candidate.log,
  });
  if (!succeeded(result) || !await isLetIn(deferred, candidate.signal)) {
    throw new AdmissionRefusal("client-connect doesn't let this client in");
  }
  const before = candidate.settings.push;
  takeClientOptions(await answer.read(), "client-connect", candidate);
  const { ifconfigPush, ifconfigIpv6Push } = candidate.settings.push;
  if (ifconfigPush === before.ifconfigPush && ifconfigIpv6Push === before.ifconfigIpv6Push) return;
  assignAddresses(addresses, candidate);
}

/** What the deferred file says in the end; an empty one says nothing against the client. */
async function isLetIn(file: TemporaryFile, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const state = (await file.read()).charAt(0);
    if (state !== "2") return state === "" || state === "1";
    if (signal.aborted) return false;
    await new Promise((resolve) => setTimeout(resolve, lookInterval));
  }
}

/** `client-disconnect` as a step: it is remembered for the client's end. */
export function disconnectStep(programs: Programs, commandLine: string): AdmissionStep {
  return {
    name: "client-disconnect",
    take: (candidate) => {
      candidate.atEnd(() => {
        const { bytesIn, bytesOut } = candidate.traffic();
        const seconds = Math.floor((Date.now() - candidate.createdAt) / 1000);
        programs.run({
          option: "client-disconnect",
          commandLine,
          variables: {
            ...clientVariables(candidate),
            bytes_received: String(bytesIn),
            bytes_sent: String(bytesOut),
            time_duration: String(seconds),
          },
          log: candidate.log,
        });
      });
    },
  };
}
