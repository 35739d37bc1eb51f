/**
 * The management interface of one process: what it remembers from one management client to the
 * next, over restarts of the tunnel, and what it tells the present one.
 *
 * ```text
 * program: state, log, echo, questions ─► Management ─► Session ─► management client
 * program: ManagedProcess, ManagedTunnel ◄──────────────── commands ◄┘
 * ```
 *
 * @module
 */

import { ClientDecisions } from "./client_decisions.ts";
import type { ManagedProcess, ManagedTunnel } from "./control.ts";
import { History } from "./history.ts";
import {
  echoLine,
  type LogFlag,
  logLine,
  notification,
  oneLine,
  quoted,
  type State,
  stateLine,
} from "./messages.ts";
import { Queries } from "./queries.ts";

/** How the interface behaves; the names are those of the options. */
export interface ManagementOptions {
  /** `management-log-cache`: lines. */
  readonly logCache: number;
  /** `management-hold`. */
  readonly hold: boolean;
  /** `management-signal`: SIGUSR1 when the management client goes. */
  readonly signalOnDisconnect: boolean;
  /** `management-forget-disconnect`: passwords are forgotten when it goes. */
  readonly forgetOnDisconnect: boolean;
  /** `management-up-down`. */
  readonly upDown: boolean;
}

/** What a management client's connection offers the interface. */
export interface ManagementListener {
  /** Sends lines, after those that went before. */
  send(lines: readonly string[]): void;
  /** Which of the notifications it has asked for. */
  readonly wants: { readonly state: boolean; readonly log: boolean; readonly echo: boolean };
}

/** Lines that are kept of states and of echoes, each. */
const keptLines = 100;

/** See the module's page. */
export class Management {
  readonly log: History;
  readonly echo = new History(keptLines);
  readonly states = new History(keptLines);
  readonly queries = new Queries((line) => this.#send([line]));
  readonly decisions = new ClientDecisions((lines) => this.#send(lines));
  /** The hold flag: whether (re)starts wait for `hold release`. */
  hold: boolean;
  /** The running tunnel; absent while it is held, or between two. */
  tunnel: ManagedTunnel | undefined;
  /** The process ends: that a management client goes means nothing any more. */
  ending = false;
  #released = false;
  #holdLine: string | undefined;
  #release: (() => void) | undefined;
  #listener: ManagementListener | undefined;

  constructor(readonly process: ManagedProcess, readonly options: ManagementOptions) {
    this.log = new History(options.logCache);
    this.hold = options.hold;
  }

  /** A management client is there, and may be told things. */
  connected(listener: ManagementListener): void {
    this.#listener = listener;
    if (this.#holdLine !== undefined) this.#send([this.#holdLine]);
    const question = this.queries.outstanding;
    if (question !== undefined) this.#send([question]);
    this.#send(this.decisions.outstanding());
  }

  /** It is gone. */
  disconnected(): void {
    this.#listener = undefined;
    if (this.ending) return;
    if (this.options.forgetOnDisconnect) this.process.forgetPasswords();
    if (this.options.signalOnDisconnect) this.process.signal("SIGUSR1");
  }

  /** The tunnel entered a state. */
  recordState(state: State): void {
    const line = stateLine(state, Date.now());
    this.states.add(line);
    if (this.#listener?.wants.state) this.#send([`>STATE:${line}`]);
  }

  /** A line went to the log. */
  recordLog(flag: LogFlag, text: string, time: number): void {
    const line = logLine(flag, text, time);
    this.log.add(line);
    if (this.#listener?.wants.log) this.#send([`>LOG:${line}`]);
  }

  /** `echo`, of the configuration or pushed. */
  recordEcho(text: string): void {
    const line = echoLine(text, Date.now());
    this.echo.add(line);
    if (this.#listener?.wants.echo) this.#send([`>ECHO:${line}`]);
  }

  /** The process ends by an error. */
  recordFatal(text: string): void {
    this.#send([`>FATAL:${oneLine(text)}`]);
  }

  /** The server refused a password, or a key's passphrase was wrong. */
  verificationFailed(type: string, reason?: string): void {
    const suffix = reason === undefined ? "" : ` [${quoted(reason)}]`;
    this.#send([`>PASSWORD:Verification Failed: ${quoted(type)}${suffix}`]);
  }

  /** A server gave us a token in place of the password. */
  authToken(token: string): void {
    this.#send([`>PASSWORD:Auth-Token:${oneLine(token)}`]);
  }

  /** INFO_PRE of a server: a web page to open, a challenge to answer. */
  infoMessage(text: string): void {
    this.#send([`>INFOMSG:${oneLine(text)}`]);
  }

  /** `management-up-down`. */
  upDown(which: "UP" | "DOWN", environment: Readonly<Record<string, string>>): void {
    if (this.options.upDown) this.#send(notification("UPDOWN", which, environment));
  }

  /** `>CLIENT:ESTABLISHED,0` and its like. */
  clientEvent(head: string, environment?: Readonly<Record<string, string>>): void {
    this.#send(
      environment === undefined
        ? [`>CLIENT:${oneLine(head)}`]
        : notification("CLIENT", head, environment),
    );
  }

  /**
   * Waits for `hold release`, if the hold flag is on; whether it was. Rejects with the signal's
   * reason.
   *
   * @param seconds How long the program would wait by itself, for a management client that would
   * like the same.
   */
  waitForRelease(seconds: number, signal: AbortSignal): Promise<boolean> {
    if (!this.hold || this.#released) {
      this.#released = false;
      return Promise.resolve(false);
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        signal.removeEventListener("abort", abort);
        this.#holdLine = undefined;
        this.#release = undefined;
      };
      const abort = () => {
        end();
        reject(signal.reason);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#release = () => {
        end();
        resolve(true);
      };
      this.#holdLine = `>HOLD:Waiting for hold release:${Math.round(seconds)}`;
      this.#send([this.#holdLine]);
    });
  }

  /** `hold release`. While nothing waits it counts for the next start. */
  releaseHold(): void {
    if (this.#release === undefined) this.#released = true;
    this.#release?.();
  }

  #send(lines: readonly string[]): void {
    if (lines.length > 0) this.#listener?.send(lines);
  }
}
