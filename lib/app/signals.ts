/**
 * Signals, one after the other, as OpenVPN takes them: SIGINT and SIGTERM end, SIGHUP restarts with
 * the configuration read anew, SIGUSR1 reconnects, SIGUSR2 prints the status.
 *
 * @module
 */

import { isSignalBlocked, Signal, takeSignal } from "deno-tun";

/** The signals that the program takes. */
export const programSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

/** One of them. */
export type ProgramSignal = (typeof programSignals)[number];

/** How often a SIGUSR1 that `keepInspectorClosed` has blocked is looked for, ms. */
const pollInterval = 200;

/** Receives signals from its creation to `close`; none is lost in between. */
export class SignalQueue {
  readonly #pending: ProgramSignal[] = [];
  readonly #listeners: [ProgramSignal, () => void][] = [];
  #poll: ReturnType<typeof setInterval> | undefined;
  #wake: (() => void) | undefined;

  constructor() {
    for (const signal of programSignals) {
      const listener = () => {
        this.#pending.push(signal);
        this.#wake?.();
      };
      if (signal === "SIGUSR1" && isSignalBlocked(Signal.SIGUSR1)) {
        this.#poll = setInterval(() => takeSignal(Signal.SIGUSR1) && listener(), pollInterval);
        continue;
      }
      Deno.addSignalListener(signal, listener);
      this.#listeners.push([signal, listener]);
    }
  }

  /** Takes a signal that somebody else sent, as if it came from the system. */
  push(signal: ProgramSignal): void {
    this.#pending.push(signal);
    this.#wake?.();
  }

  /** The next signal; "abandoned" when `until` resolves first. */
  async next(until: Promise<unknown>): Promise<ProgramSignal | "abandoned"> {
    let abandoned = false;
    until.then(() => {
      abandoned = true;
      this.#wake?.();
    });
    for (;;) {
      const signal = this.#pending.shift();
      if (signal !== undefined) return signal;
      if (abandoned) return "abandoned";
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Gives the signals back to the system's defaults. */
  close(): void {
    clearInterval(this.#poll);
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
