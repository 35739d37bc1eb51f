/**
 * The process and its tunnel, as the management interface controls them.
 *
 * @module
 */

import type { ProcessLog } from "../../base/log.ts";
import type {
  AuthRetry,
  ManagedProcess,
  ManagedSignal,
  ManagedTunnel,
} from "../../management/control.ts";
import type { SignalQueue } from "../signals.ts";
import { programTitle } from "../status/status_text.ts";

/** See the module's page. */
export class ManagedProgram implements ManagedProcess {
  readonly title = programTitle;
  readonly pid = Deno.pid;
  /** The log of the present configuration. */
  log: ProcessLog;
  #authRetry: AuthRetry | undefined;
  #tunnel: ManagedTunnel | undefined;
  readonly #signals: SignalQueue;

  constructor(readonly role: "client" | "server", log: ProcessLog, signals: SignalQueue) {
    this.log = log;
    this.#signals = signals;
  }

  /** The running tunnel. */
  set tunnel(tunnel: ManagedTunnel | undefined) {
    this.#tunnel = tunnel;
    const client = tunnel?.client;
    if (client !== undefined && this.#authRetry !== undefined) client.authRetry = this.#authRetry;
  }

  get verb(): number {
    return this.log.verb;
  }
  set verb(verb: number) {
    this.log.verb = verb;
  }
  get mute(): number {
    return this.log.mute;
  }
  set mute(mute: number) {
    this.log.mute = mute;
  }
  get authRetry(): AuthRetry {
    return this.#authRetry ?? this.#tunnel?.client?.authRetry ?? "none";
  }
  set authRetry(authRetry: AuthRetry) {
    this.#authRetry = authRetry;
    const client = this.#tunnel?.client;
    if (client !== undefined) client.authRetry = authRetry;
  }

  signal(signal: ManagedSignal): void {
    this.#signals.push(signal);
  }

  forgetPasswords(): void {
    this.#tunnel?.client?.forgetPasswords();
  }
}
