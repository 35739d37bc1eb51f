/**
 * The step of a client's admission that asks who its user is, at the beginning and whenever keys are
 * renewed:
 *
 * ```text
 * user name, password ─┬ a token of ours: still good? its user still there? ─┐
 *                      └ deciders: file of users, program, management ───────┴► name, new token
 * ```
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { constantTimeEqual } from "../../base/bytes.ts";
import type { LoginOptions } from "../../config/mod.ts";
import { type AuthToken, isAuthToken } from "../../users/mod.ts";
import { AdmissionRefusal, type AdmissionStep, type Candidate } from "../server/admission.ts";
import type { ScriptVariables } from "../programs/script_variables.ts";
import type { LoginDecider } from "./login_decider.ts";
import type { LoginTokens } from "./login_tokens.ts";

/** What the step is made of. */
export interface LoginStepOptions {
  readonly login: LoginOptions;
  readonly usernameAsCommonName: boolean;
  readonly deciders: readonly LoginDecider[];
  readonly tokens: LoginTokens;
}

interface UserPass {
  readonly username: string;
  readonly password: string;
}

/** A log-in that may go on. */
interface Passed {
  /** Its token so far, which a new one goes on with. */
  readonly token: AuthToken;
  /** Whether it gets a token although none are configured: it can't say its password twice. */
  readonly needsToken: boolean;
}

/** A client that is in. */
interface Session {
  readonly username: string;
  readonly token: AuthToken;
}

/** See the module's page. */
export class LoginStep implements AdmissionStep {
  readonly name = "users";
  readonly atRenegotiation = true;
  readonly #options: LoginStepOptions;
  /** By the client's number. */
  readonly #sessions = new Map<number, Session>();

  constructor(options: LoginStepOptions) {
    this.#options = options;
  }

  async take(candidate: Candidate): Promise<void> {
    const { message } = candidate;
    const username = printable(message.username ?? "").normalize("NFC");
    const password = message.password ?? "";
    if ((username === "" || password === "") && !this.#options.login.optional) {
      throw new AdmissionRefusal(
        "TLS Error: Auth Username/Password was not provided by peer",
        "user name and password are needed",
      );
    }
    const session = this.#sessions.get(candidate.id);
    if (session !== undefined && session.username !== username) {
      throw new AdmissionRefusal(
        `TLS Auth Error: username attempted to change from '${session.username}' to ` +
          `'${username}' -- tunnel disabled`,
      );
    }
    const byToken = isAuthToken(password);
    const judge = byToken ? this.#judgeToken : this.#judgePassword;
    const passed = await judge.call(this, { username, password }, session, candidate);
    this.#sessions.set(candidate.id, { username, token: passed.token });
    if (session === undefined) candidate.atEnd(() => this.#sessions.delete(candidate.id));
    const { usernameAsCommonName, login } = this.#options;
    if (usernameAsCommonName && username !== "") candidate.commonName = username;
    candidate.variables.username = username;
    const how = byToken ? "Username/auth-token" : "Username/Password";
    const named = usernameAsCommonName ? " [CN SET]" : "";
    candidate.log.at(1, `TLS: ${how} authentication succeeded for username '${username}'${named}`);
    if (username !== "" && (login.token !== undefined || passed.needsToken)) {
      this.#giveToken(username, passed.token, candidate);
    }
  }

  async #judgePassword(
    { username, password }: UserPass,
    session: Session | undefined,
    candidate: Candidate,
  ): Promise<Passed> {
    const { deciders, tokens } = this.#options;
    const token = session?.token ?? tokens.begin(now());
    const login = { username, password, variables: this.#variables("Initial", token) };
    let needsToken = false;
    for (const decider of deciders) {
      const consent = await decider.decide(login, candidate);
      needsToken ||= consent?.once ?? false;
    }
    return { token, needsToken };
  }

  async #judgeToken(
    { username, password }: UserPass,
    session: Session | undefined,
    candidate: Candidate,
  ): Promise<Passed> {
    const { deciders, login, tokens } = this.#options;
    const verdict = tokens.judge(username, password, now());
    const expired = verdict.kind === "expired";
    // A token of another log-in can't be put in the place of this one's.
    const valid = verdict.kind === "valid" && (session === undefined ||
      constantTimeEqual(session.token.sessionId, verdict.token.sessionId));
    if (valid) {
      for (const decider of deciders) {
        if (decider.stillValid?.(username, verdict.token.firstIssued, candidate) === false) {
          throw new AdmissionRefusal(
            `TLS: Username/auth-token: '${username}' is not to come in any more (${decider.name})`,
          );
        }
      }
    }
    if (login.token?.externalAuth) {
      const token = verdict.kind === "invalid" ? tokens.begin(now()) : verdict.token;
      const state = valid ? "Authenticated" : expired ? "Expired" : "Invalid";
      const variables = this.#variables(state, token);
      for (const decider of deciders) {
        // One that answers for users, not for what they say, has answered.
        if (valid && decider.stillValid !== undefined) continue;
        await decider.decide({ username, password, variables }, candidate);
      }
      return { token: valid ? token : tokens.begin(now()), needsToken: true };
    }
    if (valid) return { token: verdict.token, needsToken: true };
    throw new AdmissionRefusal(
      `TLS: Username/auth-token authentication failed for username '${username}' (${
        expired ? "expired" : "not ours"
      })`,
      // A server that was started anew has another secret: the password is to be said again.
      "SESSION: token expired",
    );
  }

  #giveToken(username: string, former: AuthToken, candidate: Candidate): void {
    const token = this.#options.tokens.issue(username, now(), former);
    if (candidate.renegotiation) candidate.tellWithKeys(`PUSH_REPLY,auth-token ${token}`);
    else candidate.push.addToSession(`auth-token ${token}`);
  }

  /** What OpenVPN tells its programs of tokens, where they are configured. */
  #variables(state: string, { sessionId }: AuthToken): ScriptVariables {
    if (this.#options.login.token === undefined) return {};
    return { session_id: Buffer.from(sessionId).toString("base64"), session_state: state };
  }
}

/** s since 1970. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** Control characters become `_`, as in OpenVPN: a name ends up in logs and environments. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what this replaces
  return text.replace(/[\x00-\x1f\x7f]/g, "_");
}
