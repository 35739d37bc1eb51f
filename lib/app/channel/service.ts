/**
 * What runs until a signal: SIGHUP reads keys again, SIGINT and SIGTERM end it.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { ExitCode } from "../exit_code.ts";
import { SignalQueue } from "../signals.ts";

/** What to do at signals. */
export interface ServiceActions {
  /** SIGHUP. What it throws is said and changes nothing. */
  readonly reload?: () => Promise<void> | void;
  /** SIGUSR2: lines that say how things stand. */
  readonly status?: () => readonly string[];
}

/** Runs until a signal or until `work` is over. @throws what `work` throws. */
export async function runService(
  work: Promise<void>,
  log: Log,
  actions: ServiceActions = {},
): Promise<number> {
  const signals = new SignalQueue();
  let failure: { error: unknown } | undefined;
  const over = work.catch((error) => void (failure = { error }));
  try {
    for (;;) {
      const signal = await signals.next(over);
      switch (signal) {
        case "abandoned":
          if (failure !== undefined) throw failure.error;
          return ExitCode.success;
        case "SIGINT":
        case "SIGTERM":
          log.at(0, `${signal} received, process exiting`);
          return ExitCode.success;
        case "SIGHUP":
          await reload(actions, log);
          break;
        case "SIGUSR2":
          for (const line of actions.status?.() ?? []) log.at(0, line);
      }
    }
  } finally {
    signals.close();
  }
}

async function reload(actions: ServiceActions, log: Log): Promise<void> {
  if (actions.reload === undefined) {
    return log.at(1, "SIGHUP received, there is nothing to read again");
  }
  try {
    await actions.reload();
    log.at(1, "SIGHUP received, keys are read again");
  } catch (error) {
    log.error(`SIGHUP received, and the old keys stay: ${errorLine(error)}`);
  }
}
