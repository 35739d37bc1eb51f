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

import { errorLine } from "../base/errors.ts";
import { fileSink, type Log, openLog, standardOutputSink } from "../base/log.ts";
import { programVersion } from "../base/version.ts";
import {
  type ClientConfig,
  type LoadedFiles,
  loadFiles,
  type Notice,
  type ParsedConfig,
  type ServerConfig,
} from "../config/mod.ts";
import { recoverChanges } from "../net/changes/recovery.ts";
import { ExitCode } from "./exit_code.ts";
import { SignalQueue } from "./signals.ts";
import { StatusFile } from "./status/status_file.ts";
import { startTunnel, type Tunnel } from "./start.ts";

/**
 * Runs until a signal ends it or it cannot go on.
 *
 * @param load Reads the configuration; called again at SIGHUP.
 */
export async function runProgram(load: () => ParsedConfig): Promise<number> {
  const signals = new SignalQueue();
  try {
    for (;;) {
      const { config, notices } = load();
      const log = openLog(config.log.verb, sinkOf(config));
      if (config.process.directory !== undefined) Deno.chdir(config.process.directory);
      say(log, notices);
      log.at(1, `vpn ${programVersion}, OpenVPN-compatible, on Deno ${Deno.version.deno}`);
      recoverChanges(log);
      const code = await runConfig(config, log, signals);
      if (code !== "restart") return code;
    }
  } finally {
    signals.close();
  }
}

async function runConfig(
  config: ServerConfig | ClientConfig,
  log: Log,
  signals: SignalQueue,
): Promise<number | "restart"> {
  let files: LoadedFiles;
  try {
    files = loadFiles(config);
    say(log, files.notices);
    if (config.process.writepid !== undefined) {
      Deno.writeTextFileSync(config.process.writepid, `${Deno.pid}\n`);
    }
  } catch (error) {
    return failed(log, error);
  }
  for (;;) {
    let tunnel: Tunnel;
    try {
      tunnel = await startTunnel(config, files, log);
    } catch (error) {
      return failed(log, error);
    }
    let status: StatusFile | undefined;
    try {
      status = openStatusFile(config, tunnel, log);
    } catch (error) {
      await tunnel.stop("failure");
      return failed(log, error);
    }
    const outcome = await attend(tunnel, log, signals);
    status?.[Symbol.dispose]();
    if (outcome !== "reconnect") return outcome;
  }
}

function openStatusFile(
  { log: { status } }: ServerConfig | ClientConfig,
  tunnel: Tunnel,
  log: Log,
): StatusFile | undefined {
  return status && new StatusFile(status.path, status.interval, () => tunnel.status(), log);
}

/** Takes signals until the server or client has ended. */
async function attend(
  tunnel: Tunnel,
  log: Log,
  signals: SignalQueue,
): Promise<number | "restart" | "reconnect"> {
  for (;;) {
    const signal = await signals.next(tunnel.ended);
    switch (signal) {
      case "abandoned": {
        const { reason, error } = await tunnel.ended;
        await tunnel.stop(reason);
        if (error !== undefined) return failed(log, error);
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

function sinkOf(config: ServerConfig | ClientConfig) {
  const { file, timestamps } = config.log;
  return file === undefined
    ? standardOutputSink(timestamps)
    : fileSink(file.path, file.append, timestamps);
}

function say(log: Log, notices: readonly Notice[]): void {
  for (const { level, verb, message } of notices) {
    if (level === "warning") log.warn(message);
    else log.at(verb, message);
  }
}

/** One line for the user; the stack from `--verb 9`. */
function failed(log: Log, error: unknown): number {
  log.error(errorLine(error));
  if (log.verb >= 9 && error instanceof Error) {
    for (const line of (error.stack ?? "").split("\n")) log.error(line);
  }
  log.error("Exiting due to fatal error");
  return ExitCode.failure;
}
