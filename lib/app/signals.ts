/**
 * Signals, one after the other, as OpenVPN takes them: SIGINT and SIGTERM end, SIGHUP restarts with
 * the configuration read anew, SIGUSR1 reconnects, SIGUSR2 prints the status.
 *
 * @module
 */

import { blockSignal, execute, isSignalBlocked, Signal, takeSignal } from "deno-tun";
import { errorLine, VpnError } from "../base/errors.ts";

/** The signals that the program takes. */
export const programSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

/** One of them. */
export type ProgramSignal = (typeof programSignals)[number];

/** How often a blocked SIGUSR1 is looked for, ms. */
const pollInterval = 200;

/**
 * `deno run` answers SIGUSR1 by opening V8's inspector on a port of 127.0.0.1, by which any user of
 * the machine could take the process over. So the process replaces itself, once, by the same
 * program with SIGUSR1 blocked from the start, in all threads; `SignalQueue` then asks for it. A
 * compiled executable has no inspector, and needs none of this.
 *
 * @throws {VpnError} when the process cannot be replaced.
 */
export function keepInspectorClosed(): void {
  if (Deno.build.standalone || isSignalBlocked(Signal.SIGUSR1)) return;
  try {
    const command = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
    blockSignal(Signal.SIGUSR1);
    execute(Deno.execPath(), command, Deno.env.toObject());
  } catch (cause) {
    throw new VpnError(
      `the process cannot be started with SIGUSR1 blocked: ${errorLine(cause)}`,
      "run it with all permissions (deno run -A), or use the compiled executable",
      { cause },
    );
  }
}

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
