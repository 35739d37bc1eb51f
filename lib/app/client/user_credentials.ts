/**
 * What a client logs in with: a token that the server gave it, the answer to a challenge, or user
 * name and password of `auth-user-pass` from a file, an inline block or whoever is asked.
 *
 * @module
 */

import { type ClientConfig, type LoadedFiles, parseUserPass } from "../../config/mod.ts";
import {
  type Challenge,
  dynamicResponse,
  parseChallenge,
  staticResponse,
} from "../../users/challenge.ts";
import type { UserCredentials } from "./connection_context.ts";
import type { CredentialPrompt } from "./credential_prompt.ts";

/** What the server's refusal means. */
export type RefusalConsequence =
  /** Try again, at the same server: with other credentials, or as `auth-retry` says. */
  | "retry"
  | "end";

/** Asks where it must, and remembers unless `auth-nocache`. */
export class UserCredentialSource {
  readonly #config: ClientConfig;
  readonly #files: LoadedFiles;
  readonly #prompt: CredentialPrompt;
  /** What was given once; without the answer to a static challenge. */
  #cached: UserCredentials | undefined;
  /** For the next connection: asked before it, because a server doesn't wait for long. */
  #prepared: UserCredentials | undefined;
  #challenge: Challenge | undefined;
  #token: UserCredentials | undefined;
  #lastUsername = "";
  /** `auth-retry`; the management interface may change it. */
  authRetry: ClientConfig["authRetry"];

  constructor(config: ClientConfig, files: LoadedFiles, prompt: CredentialPrompt) {
    this.#config = config;
    this.authRetry = config.authRetry;
    this.#files = files;
    this.#prompt = prompt;
  }

  /**
   * Asks for what the next connection needs.
   *
   * @throws {VpnError} when there is nobody to ask.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#token === undefined || this.#challenge !== undefined) {
      this.#prepared ??= await this.#ask(signal);
    }
  }

  /**
   * Credentials for a key exchange; undefined where the configuration has no `auth-user-pass`.
   *
   * @throws {VpnError} when there is nobody to ask.
   */
  async get(signal: AbortSignal): Promise<UserCredentials | undefined> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    const user = prepared ?? this.#token ?? await this.#ask(signal);
    this.#lastUsername = user?.username ?? "";
    return user;
  }

  /** The server pushed a token: it stands for the password from now on. */
  tokenPushed(token: string, username: string | undefined): void {
    this.#token = { username: username ?? this.#lastUsername, password: token };
  }

  /** The server refuses what it got. */
  refused(reason: string | undefined): RefusalConsequence {
    this.#prepared = undefined;
    const hadToken = this.#token !== undefined;
    this.#token = undefined;
    this.#prompt.refused("Auth", reason);
    this.#challenge = reason === undefined ? undefined : parseChallenge(reason);
    // The password was right, something more is asked for.
    if (this.#challenge !== undefined) return "retry";
    // A token that ran out is no reason to give up: the password is still there.
    if (hadToken) return "retry";
    const { authRetry } = this;
    if (authRetry !== "nointeract") this.#cached = undefined;
    return authRetry === "none" ? "end" : "retry";
  }

  /** Forgets what was entered. */
  forget(): void {
    this.#cached = undefined;
    this.#prepared = undefined;
  }

  async #ask(signal: AbortSignal): Promise<UserCredentials | undefined> {
    const challenge = this.#challenge;
    if (challenge !== undefined) {
      const { username, state } = challenge;
      const response = await this.#prompt.challenge({ ...challenge, login: challenge }, signal);
      this.#challenge = undefined;
      return { username, password: dynamicResponse(state, response) };
    }
    const { authUserPass, staticChallenge } = this.#config;
    if (authUserPass === undefined) return undefined;
    const given: { username?: string; password?: string } | undefined = this.#cached ??
      (authUserPass.source === "prompt"
        ? undefined
        : parseUserPass(this.#files.text(authUserPass)));
    if (given?.username !== undefined && given.password !== undefined) {
      const user = this.#remember({ username: given.username, password: given.password });
      if (staticChallenge === undefined) return user;
      // A one-time code is not to be said twice: that is asked for each time.
      const request = { ...staticChallenge, responseRequired: true };
      return withResponse(user, await this.#prompt.challenge(request, signal), staticChallenge);
    }
    const { username, password, response } = await this.#prompt.userPass({
      ...(given?.username ? { username: given.username } : {}),
      ...(staticChallenge === undefined ? {} : { staticChallenge }),
    }, signal);
    const user = { username, password };
    if (staticChallenge === undefined) return this.#remember(user);
    // The answer may be in the password already, and that is good for once only.
    if (response === undefined) return user;
    return withResponse(this.#remember(user), response, staticChallenge);
  }

  #remember(user: UserCredentials): UserCredentials {
    if (!this.#config.authNocache) this.#cached = user;
    return user;
  }
}

function withResponse(
  { username, password }: UserCredentials,
  response: string,
  { format }: { readonly format: "scrv1" | "concat" },
): UserCredentials {
  return format === "concat"
    ? { username, password: password + response }
    : { username, password: staticResponse(password, response) };
}
