/**
 * Asks on the terminal, tells in the log.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { ask, canAsk } from "../terminal.ts";
import type {
  ChallengeRequest,
  CredentialPrompt,
  UserPassAnswer,
  UserPassRequest,
} from "./credential_prompt.ts";

/** See the module's page. */
export class TerminalPrompt implements CredentialPrompt {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  async userPass(request: UserPassRequest, signal: AbortSignal): Promise<UserPassAnswer> {
    requireTerminal("user name and password are", "name a file: auth-user-pass FILE");
    const username = request.username ??
      await ask({ prompt: "Enter Auth Username:", echo: true, signal });
    if (username === "") throw new VpnError("the user name is empty");
    const password = await ask({ prompt: "Enter Auth Password:", echo: false, signal });
    const { staticChallenge } = request;
    if (staticChallenge === undefined) return { username, password };
    const { text, echo } = staticChallenge;
    const response = await ask({ prompt: `CHALLENGE: ${text}`, echo, signal });
    return { username, password, response };
  }

  async challenge(request: ChallengeRequest, signal: AbortSignal): Promise<string> {
    if (!request.responseRequired) {
      this.#log.at(0, `The server says: ${request.text}`);
      return "";
    }
    requireTerminal(
      `the server asks "${request.text.slice(0, 100)}" and an answer is`,
      "start it in a terminal",
    );
    return await ask({ prompt: `CHALLENGE: ${request.text}`, echo: request.echo, signal });
  }

  async passphrase(): Promise<string> {
    requireTerminal("the private key's passphrase is", "name a file: askpass FILE");
    // It is asked for before there is a tunnel, which attends to signals.
    return await ask({ prompt: "Enter Private Key Password:", echo: false });
  }

  refused(): void {
    // The log has the server's message.
  }

  openUrl(url: string): void {
    // Not opened by us: the server's text would go into a command line.
    this.#log.at(0, `To log in, open this address in a browser: ${url}`);
  }
}

function requireTerminal(what: string, remedy: string): void {
  if (!canAsk()) throw new VpnError(`${what} needed and there is no terminal to ask on`, remedy);
}
