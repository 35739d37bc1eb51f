/**
 * The time between the key exchange and the server's PUSH_REPLY, in which the server may want
 * something more of the user: to open an address (WEB_AUTH), to answer a question (CR_TEXT). It ends
 * after `hand-window`, or when AUTH_PENDING says.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { TlsOptions } from "../../config/config.ts";
import { parsePendingAuth } from "../../users/pending_auth.ts";
import type { CredentialPrompt } from "./credential_prompt.ts";

/** What it needs of its connection. */
export interface PendingLoginContext {
  readonly tls: TlsOptions;
  readonly log: Log;
  readonly prompt: CredentialPrompt;
  /** The program ends. */
  readonly stopped: AbortSignal;
  sendMessage(text: string): void;
  /** The server has not let us in within its time. */
  expired(seconds: number): void;
}

/** See the module's page. */
export class PendingLogin {
  readonly #context: PendingLoginContext;
  readonly #over = new AbortController();
  /** s that the server has in all, from the key exchange on. */
  #seconds: number;
  #startedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: PendingLoginContext) {
    this.#context = context;
    this.#seconds = context.tls.handWindow;
  }

  /** The keys are exchanged: the server has its time from now on. */
  start(): void {
    this.#startedAt = performance.now();
    this.#setTimer();
  }

  /** AUTH_PENDING: the user needs longer. `timeout`: seconds, where the server says. */
  extend(timeout: number | undefined): void {
    const { log, tls } = this.#context;
    if (this.#over.signal.aborted) return;
    // As OpenVPN bounds what a server may ask for (push.c, receive_auth_pending()).
    const most = Math.max(Math.floor(tls.renegSec / 2), tls.handWindow);
    const seconds = Math.min(most, timeout ?? tls.handWindow);
    log.at(
      1,
      `AUTH_PENDING received, extending handshake timeout from ${tls.handWindow}s to ${seconds}s`,
    );
    this.#seconds = seconds;
    this.#setTimer();
  }

  /** INFO_PRE: what the user has to do. */
  async inform(text: string): Promise<void> {
    const { log, prompt, stopped } = this.#context;
    const wanted = parsePendingAuth(text);
    if (wanted.kind === "text") {
      log.at(1, `Info command was pushed by server ('${text}')`);
    } else if (wanted.kind === "url") {
      prompt.openUrl(wanted.url, wanted.flags);
    } else {
      try {
        const signal = AbortSignal.any([stopped, this.#over.signal]);
        const answer = await prompt.challenge({ ...wanted, pending: true }, signal);
        if (signal.aborted) return;
        const encoded = Buffer.from(answer, "utf8").toString("base64");
        this.#context.sendMessage(`CR_RESPONSE,${encoded}`);
        log.at(3, "SENT CONTROL: 'CR_RESPONSE,…'");
      } catch (error) {
        if (!this.#over.signal.aborted) log.error(errorLine(error));
      }
    }
  }

  /** We are in, or the connection is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#over.abort();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (this.#startedAt === 0 || this.#over.signal.aborted) return;
    const left = this.#startedAt + this.#seconds * 1000 - performance.now();
    this.#timer = setTimeout(() => this.#context.expired(this.#seconds), Math.max(0, left));
  }
}
