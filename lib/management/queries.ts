/**
 * What the program asks the management client for, one thing at a time: passwords, confirmations,
 * texts, which server to take.
 *
 * @module
 */

import { oneLine, quoted } from "./messages.ts";

/** User name and password that are wanted; with `passwordOnly` the password alone. */
export interface CredentialQuery {
  /** `Auth`, `Private Key`, … */
  readonly type: string;
  readonly passwordOnly: boolean;
  /** `static-challenge`: the answer comes with the password, as `SCRV1:…`. */
  readonly challenge?: { readonly text: string; readonly echo: boolean };
}

/** What was entered. */
export interface EnteredCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a client does with the server that is next in its list. */
export type RemoteAnswer =
  | { readonly kind: "accept" }
  /** Pass over so many. */
  | { readonly kind: "skip"; readonly count: number }
  | { readonly kind: "modify"; readonly hostname: string; readonly port: string };

interface Pending {
  readonly kind: "credentials" | "needok" | "needstr" | "remote" | "response";
  readonly type: string;
  /** What the management client is shown, now or when it comes. */
  readonly line: string | undefined;
  /** Wanted besides the password. */
  readonly username: boolean;
  readonly answer: (value: unknown) => void;
}

/** See the module's page. */
export class Queries {
  #pending: Pending | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #username: string | undefined;
  #password: string | undefined;

  /** @param send Sends a line to the management client, if there is one. */
  constructor(readonly send: (line: string) => void) {}

  /** `>PASSWORD:Need …`. Rejects with the signal's reason. */
  credentials(query: CredentialQuery, signal?: AbortSignal): Promise<EnteredCredentials> {
    const what = query.passwordOnly ? "password" : "username/password";
    const challenge = query.challenge === undefined
      ? ""
      : ` SC:${query.challenge.echo ? 1 : 0},${oneLine(query.challenge.text)}`;
    return this.#ask({
      kind: "credentials",
      type: query.type,
      line: `>PASSWORD:Need ${quoted(query.type)} ${what}${challenge}`,
      username: !query.passwordOnly,
    }, signal);
  }

  /** `>NEED-OK:…`: whether it was confirmed. */
  confirmation(type: string, message: string, signal?: AbortSignal): Promise<boolean> {
    const line = `>NEED-OK:Need ${quoted(type)} confirmation MSG:${oneLine(message)}`;
    return this.#ask({ kind: "needok", type, line, username: false }, signal);
  }

  /** `>NEED-STR:…`: the text. */
  text(type: string, message: string, signal?: AbortSignal): Promise<string> {
    const line = `>NEED-STR:Need ${quoted(type)} input MSG:${oneLine(message)}`;
    return this.#ask({ kind: "needstr", type, line, username: false }, signal);
  }

  /** `>REMOTE:HOST,PORT,PROTO`: what to do with that server. */
  remote(line: string, signal?: AbortSignal): Promise<RemoteAnswer> {
    return this.#ask(
      { kind: "remote", type: "", line: `>REMOTE:${line}`, username: false },
      signal,
    );
  }

  /** `cr-response`, after `>INFOMSG:CR_TEXT:…`: the answer in base64. */
  challengeResponse(signal?: AbortSignal): Promise<string> {
    const query = { kind: "response", type: "", line: undefined, username: false } as const;
    return this.#ask(query, signal);
  }

  /** The line of what is wanted at present, for a management client that has just come. */
  get outstanding(): string | undefined {
    return this.#pending?.line;
  }

  /** Takes `username` and `password`; the answer to the command. */
  enter(field: "username" | "password", type: string, value: string): string {
    const pending = this.#pending;
    if (pending?.kind !== "credentials" || (field === "username" && !pending.username)) {
      return `ERROR: no ${field} is currently needed at this time`;
    }
    if (type !== pending.type) return wrongType(field, type, pending.type);
    if (field === "username") this.#username = value;
    else this.#password = value;
    if (this.#password !== undefined && (!pending.username || this.#username !== undefined)) {
      pending.answer({ username: this.#username ?? "", password: this.#password });
    }
    return `SUCCESS: ${quoted(type)} ${field} entered, but not yet verified`;
  }

  /** Takes `needok` and `needstr`; the answer to the command. */
  reply(kind: "needok" | "needstr", type: string, value: string): string {
    const name = `${kind}-${kind === "needok" ? "confirmation" : "string"}`;
    const pending = this.#pending;
    if (pending?.kind !== kind) return `ERROR: no ${name} is currently needed at this time`;
    if (type !== pending.type) return wrongType(name, type, pending.type);
    pending.answer(kind === "needok" ? value === "ok" : value);
    return `SUCCESS: ${quoted(type)} ${name} entered, but not yet verified`;
  }

  /** Takes `remote`; false: nobody asked. */
  chooseRemote(answer: RemoteAnswer): boolean {
    const pending = this.#pending;
    if (pending?.kind !== "remote") return false;
    pending.answer(answer);
    return true;
  }

  /** Takes `cr-response`; false: nobody asked. */
  respond(response: string): boolean {
    const pending = this.#pending;
    if (pending?.kind !== "response") return false;
    pending.answer(response);
    return true;
  }

  #ask<T>(query: Omit<Pending, "answer">, signal?: AbortSignal): Promise<T> {
    const turn = this.#turn.then(() => this.#askNow<T>(query, signal));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #askNow<T>(query: Omit<Pending, "answer">, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        signal?.removeEventListener("abort", abort);
        this.#pending = undefined;
        this.#username = undefined;
        this.#password = undefined;
      };
      const abort = () => {
        end();
        reject(signal?.reason);
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending = {
        ...query,
        answer: (value) => {
          end();
          resolve(value as T);
        },
      };
      if (query.line !== undefined) this.send(query.line);
    });
  }
}

function wrongType(what: string, given: string, wanted: string): string {
  return `ERROR: ${what} of type ${quoted(given)} entered, but we need one of type ${
    quoted(wanted)
  }`;
}
