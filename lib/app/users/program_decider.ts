/**
 * Decides by a program (`auth-user-pass-verify`): exit code 0 lets in, 2 means "later, by the
 * control file", anything else refuses.
 *
 * Source: openvpn(8), `--auth-user-pass-verify`.
 *
 * @module
 */

import { addressVariables } from "../programs/address_variables.ts";
import { type ProgramResult, type Programs, succeeded } from "../programs/programs.ts";
import type { ScriptVariables } from "../programs/script_variables.ts";
import { temporaryFile } from "../programs/temporary_file.ts";
import { AdmissionRefusal, type Candidate } from "../server/admission.ts";
import { failureText } from "./auth_failure.ts";
import { DeferredDecision } from "./deferred_decision.ts";
import type { Login, LoginDecider } from "./login_decider.ts";
import { askWhilePending } from "./pending_auth.ts";

/** What it needs. */
export interface ProgramDeciderOptions {
  readonly command: string;
  /** `client-crresponse`: judges what the client answers meanwhile. */
  readonly answerCommand?: string;
  readonly method: "via-env" | "via-file";
  readonly programs: Programs;
  /** `tmp-dir`. */
  readonly temporaryDirectory: string | undefined;
}

const deferred = 2;

/** See the module's page. */
export class ProgramDecider implements LoginDecider {
  readonly name = "auth-user-pass-verify";
  readonly #options: ProgramDeciderOptions;

  constructor(options: ProgramDeciderOptions) {
    this.#options = options;
  }

  async decide(login: Login, candidate: Candidate): Promise<void> {
    await using decision = await DeferredDecision.create(this.#options.temporaryDirectory);
    const result = await this.#run(login, candidate, decision);
    if (succeeded(result)) return;
    const later = result.kind === "exited" && result.code === deferred;
    if (later && await this.#isRightInTheEnd(login, candidate, decision)) return;
    throw new AdmissionRefusal(
      "TLS Auth Error: Auth Username/Password verification failed for peer",
      failureText(candidate.peerInfo, await decision.reason.read()),
    );
  }

  async #run(
    login: Login,
    candidate: Candidate,
    decision: DeferredDecision,
  ): Promise<ProgramResult> {
    const { command, method, programs, temporaryDirectory } = this.#options;
    const request = {
      option: this.name,
      commandLine: command,
      scriptType: "user-pass-verify",
      variables: programVariables(login, candidate, decision),
      signal: candidate.signal,
      log: candidate.log,
    };
    if (method === "via-env") {
      return await programs.run({ ...request, secrets: { password: login.password } });
    }
    await using file = await temporaryFile(
      temporaryDirectory,
      "openvpn_up",
      `${printable(login.username)}\n${printable(login.password)}\n`,
    );
    return await programs.run({ ...request, args: [file.path] });
  }

  async #isRightInTheEnd(
    login: Login,
    candidate: Candidate,
    decision: DeferredDecision,
  ): Promise<boolean> {
    const pending = await decision.pendingRequest();
    if (pending === "malformed") {
      candidate.log.warn(`${this.name}: auth_pending_file needs three lines, the first a number`);
      return false;
    }
    if (pending !== undefined) askWhilePending(candidate, pending);
    const wrong = new AbortController();
    candidate.onMessage = (message) => {
      if (message.kind !== "challenge-response") return;
      this.#judgeAnswer(message.text, login, candidate, decision).then((passed) => {
        if (!passed) wrong.abort();
      });
    };
    try {
      return await decision.wait(AbortSignal.any([candidate.signal, wrong.signal]));
    } finally {
      candidate.onMessage = undefined;
    }
  }

  /** The program writes its judgement to the control file; one that fails refuses. */
  async #judgeAnswer(
    answer: string,
    login: Login,
    candidate: Candidate,
    decision: DeferredDecision,
  ): Promise<boolean> {
    const { answerCommand, programs, temporaryDirectory } = this.#options;
    candidate.log.at(3, "CR response was sent by client");
    if (answerCommand === undefined) return true;
    // Base64 as it came: the file is no place for line ends of the user's.
    await using file = await temporaryFile(temporaryDirectory, "openvpn_cr", `${answer}\n`);
    const result = await programs.run({
      option: "client-crresponse",
      commandLine: answerCommand,
      args: [file.path],
      variables: programVariables(login, candidate, decision),
      signal: candidate.signal,
      log: candidate.log,
    });
    return succeeded(result);
  }
}

function programVariables(
  login: Login,
  candidate: Candidate,
  decision: DeferredDecision,
): ScriptVariables {
  return {
    ...candidate.variables,
    ...addressVariables("untrusted", candidate.address),
    ...peerInfoVariables(candidate),
    common_name: candidate.certificate?.commonName ?? "",
    username: login.username,
    ...login.variables,
    ...decision.variables,
  };
}

/** What the client said of itself (`IV_…`, `UV_…`). */
function peerInfoVariables(candidate: Candidate): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of candidate.peerInfo) {
    if (/^[IU]V_/.test(name)) variables[name] = value;
  }
  return variables;
}

/** A line end in a name must not make two lines of it (OpenVPN's `string_mod`). */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what this replaces
  return text.replace(/[\x00-\x1f\x7f]/g, "_");
}
