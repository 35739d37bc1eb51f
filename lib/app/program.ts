/**
 * A run of the program: from a parsed configuration to the exit code.
 *
 * ```text
 * configuration ─► files, keys ─► server or client ─► signals ─┬ SIGINT, SIGTERM: end
 *      ▲                                 ▲                     ├ SIGUSR2: status
 *      │                                 └──── SIGUSR1 ────────┤
 *      └────────────────────────────────────── SIGHUP ─────────┘
 * ```
 *
 * @module
 */

import { errorLine, VpnError } from "../base/errors.ts";
import type { Log, ProcessLog } from "../base/log.ts";
import { programVersion } from "../base/version.ts";
import {
  type Config,
  type LoadedFiles,
  loadFiles,
  type Notice,
  type ParsedConfig,
} from "../config/mod.ts";
import { prepareEngine } from "../loop/early_worker.ts";
import { recoverChanges } from "../net/changes/recovery.ts";
import { ExitCode } from "./exit_code.ts";
import { isInBackground, startInBackground } from "./operations/background.ts";
import { isManagedService } from "./operations/service_manager.ts";
import { Operations } from "./operations/operations.ts";
import { SignalQueue } from "./signals.ts";
import { startObservedTunnel, type Tunnel } from "./start.ts";

/**
 * Runs until a signal ends it or it cannot go on.
 *
 * @param load Reads the configuration; called again at SIGHUP.
 */
export async function runProgram(load: () => ParsedConfig): Promise<number> {
  const signals = new SignalQueue();
  let operations: Operations | undefined;
  let failure: unknown;
  try {
    for (;;) {
      const { config, notices } = load();
      prepareEngine(config.process.engine);
      if (config.process.daemon && !isInBackground() && !isManagedService()) {
        return await startInBackground();
      }
      operations ??= new Operations(signals);
      const log = await operations.openLog(config);
      if (config.process.directory !== undefined) Deno.chdir(config.process.directory);
      say(log, notices);
      log.at(1, `vpn ${programVersion}, OpenVPN-compatible, on Deno ${Deno.version.deno}`);
      recoverChanges(log);
      const outcome = await runConfig(config, log, signals, operations);
      if (outcome === "restart") operations.reloading();
      else if (typeof outcome === "number") return outcome;
      else {
        failure = outcome.error;
        return failed(log, failure, operations);
      }
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    await operations?.close(failure);
    signals.close();
  }
}

/** What made the program end. */
interface Failure {
  readonly error: unknown;
}

async function runConfig(
  config: Config,
  log: ProcessLog,
  signals: SignalQueue,
  operations: Operations,
): Promise<number | "restart" | Failure> {
  let files: LoadedFiles;
  try {
    await operations.begin(config, log);
    files = loadFiles(config);
    say(log, files.notices);
  } catch (error) {
    return { error };
  }
  for (;;) {
    const ended = await holdStart(operations, log, signals);
    if (ended !== undefined) {
      if (config.role === "client") await sayWhatStays(log);
      return ended;
    }
    let tunnel: Tunnel | undefined;
    try {
      tunnel = await startObservedTunnel(config, files, log, await operations.hooks(config));
      operations.attach(tunnel, config, log);
    } catch (error) {
      await tunnel?.stop("failure");
      return { error };
    }
    const outcome = await attend(tunnel, config.process.remapUsr1, log, signals);
    operations.detach();
    if (operations.fatal !== undefined) return { error: operations.fatal };
    if (outcome instanceof VpnError) return { error: outcome };
    if (outcome !== "reconnect") return outcome;
  }
}

/** Waits while the management interface holds the start; undefined: go on. */
async function holdStart(
  operations: Operations,
  log: Log,
  signals: SignalQueue,
): Promise<number | "restart" | undefined> {
  const { management } = operations;
  if (!management?.hold) return undefined;
  operations.held();
  const abort = new AbortController();
  const released = management.waitForRelease(0, abort.signal).catch(() => {});
  for (;;) {
    const signal = await signals.next(released);
    if (signal === "abandoned") return undefined;
    // As OpenVPN, which ignores the others meanwhile.
    if (signal !== "SIGINT" && signal !== "SIGTERM") continue;
    abort.abort();
    log.at(0, `${signal}[hard,] received, process exiting`);
    return ExitCode.success;
  }
}

/** A kill switch that was put up before SIGHUP, and whose client was not started again. */
async function sayWhatStays(log: Log): Promise<void> {
  const { sayKillSwitchStays } = await import("./client_network/client_kill_switch.ts");
  sayKillSwitchStays(log);
}

/** Takes signals until the server or client has ended. */
async function attend(
  tunnel: Tunnel,
  remapUsr1: "SIGHUP" | "SIGTERM" | undefined,
  log: Log,
  signals: SignalQueue,
): Promise<number | "restart" | "reconnect" | VpnError> {
  for (;;) {
    const sent = await signals.next(tunnel.ended);
    const signal = sent === "SIGUSR1" ? remapUsr1 ?? sent : sent;
    switch (signal) {
      case "abandoned": {
        const { reason, error, restart } = await tunnel.ended;
        await tunnel.stop(restart ? "SIGHUP" : reason);
        if (error !== undefined) return error;
        if (restart) return "restart";
        log.at(0, `${reason}, process exiting`);
        return ExitCode.success;
      }
      case "SIGUSR2":
        for (const line of tunnel.status()) log.at(0, line);
        break;
      case "SIGUSR1":
        log.at(0, "SIGUSR1[hard,] received, process restarting");
        if (tunnel.reconnect()) break;
        await tunnel.stop("SIGUSR1");
        return "reconnect";
      case "SIGHUP":
        log.at(0, "SIGHUP[hard,] received, process restarting");
        await tunnel.stop("SIGHUP");
        return "restart";
      case "SIGINT":
      case "SIGTERM":
        await tunnel.stop(signal);
        log.at(0, `${signal}[hard,] received, process exiting`);
        return ExitCode.success;
    }
  }
}

function say(log: Log, notices: readonly Notice[]): void {
  for (const { level, verb, message } of notices) {
    if (level === "warning") log.warn(message);
    else log.at(verb, message);
  }
}

/** One line for the user; the stack from `--verb 9`. */
function failed(log: Log, error: unknown, { management }: Operations): number {
  log.error(errorLine(error));
  management?.recordFatal(errorLine(error));
  if (log.verb >= 9 && error instanceof Error) {
    for (const line of (error.stack ?? "").split("\n")) log.error(line);
  }
  log.error("Exiting due to fatal error");
  return ExitCode.failure;
}
