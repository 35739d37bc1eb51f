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
import { fileSink, type Log, openLog, standardOutputSink } from "../base/log.ts";
import {
  type ClientConfig,
  type LoadedFiles,
  loadFiles,
  type Notice,
  type ParsedConfig,
  type ServerConfig,
} from "../config/mod.ts";
import { programVersion } from "../control/peer_info.ts";
import { Client } from "./client.ts";
import { controlWrap, peerTrust, tlsCredentials } from "./credentials.ts";
import { Server } from "./server.ts";
import { SignalQueue } from "./signals.ts";
import { UserCredentialSource } from "./user_credentials.ts";

/** Exit codes of the program. */
export const ExitCode = { success: 0, failure: 1 } as const;

/** What a running server or client does for the program. */
interface Running {
  /** Resolves when it ends by itself, with the reason; `error` when it could not go on. */
  readonly ended: Promise<{ readonly reason: string; readonly error?: VpnError }>;
  status(): string[];
  /** SIGUSR1; false: it has to be restarted as a whole. */
  reconnect(): boolean;
  stop(reason: string): Promise<void>;
}

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
    let running: Running;
    try {
      running = config.role === "server"
        ? await startServer(config, files, log)
        : startClient(config, files, log);
    } catch (error) {
      return failed(log, error);
    }
    const outcome = await attend(running, log, signals);
    if (outcome !== "reconnect") return outcome;
  }
}

/** Takes signals until the server or client has ended. */
async function attend(
  running: Running,
  log: Log,
  signals: SignalQueue,
): Promise<number | "restart" | "reconnect"> {
  for (;;) {
    const signal = await signals.next(running.ended);
    switch (signal) {
      case "abandoned": {
        const { reason, error } = await running.ended;
        await running.stop(reason);
        if (error !== undefined) return failed(log, error);
        log.at(0, `${reason}, process exiting`);
        return ExitCode.success;
      }
      case "SIGUSR2":
        for (const line of running.status()) log.at(0, line);
        break;
      case "SIGUSR1":
        log.at(0, "SIGUSR1[hard,] received, process restarting");
        if (running.reconnect()) break;
        await running.stop("SIGUSR1");
        return "reconnect";
      case "SIGHUP":
        log.at(0, "SIGHUP[hard,] received, process restarting");
        await running.stop("SIGHUP");
        return "restart";
      case "SIGINT":
      case "SIGTERM":
        await running.stop(signal);
        log.at(0, `${signal}[hard,] received, process exiting`);
        return ExitCode.success;
    }
  }
}

async function startServer(config: ServerConfig, files: LoadedFiles, log: Log): Promise<Running> {
  const ended = Promise.withResolvers<{ reason: string; error?: VpnError }>();
  const server = await Server.start({
    config,
    credentials: tlsCredentials(config.tls, files),
    wrap: controlWrap(config.controlKey, files, config.data.auth, config.data),
    trust: peerTrust("client", config.tls, files, log),
    log,
    failed: (error) => ended.resolve({ reason: "failure", error }),
  });
  return {
    ended: ended.promise,
    status: () => server.status(),
    reconnect: () => false,
    stop: () => server.stop(),
  };
}

function startClient(config: ClientConfig, files: LoadedFiles, log: Log): Running {
  const users = new UserCredentialSource(config, files);
  const client = new Client({
    config,
    credentials: tlsCredentials(config.tls, files),
    wrap: (connection) => controlWrap(connection.controlKey, files, config.data.auth, config.data),
    trust: peerTrust("server", config.tls, files, log),
    log,
    userCredentials: () => users.get(),
    credentialsRefused: () => users.forget(),
  });
  const ended = client.run().catch((error: unknown) => ({
    reason: "failure",
    error: error instanceof VpnError
      ? error
      : new VpnError(errorLine(error), undefined, { cause: error }),
  }));
  return {
    ended,
    status: () => client.status(),
    reconnect: () => {
      client.reconnect("SIGUSR1");
      return true;
    },
    stop: async (reason) => {
      client.stop(reason);
      await ended;
    },
  };
}

function sinkOf(config: ServerConfig | ClientConfig) {
  const { file } = config.log;
  return file === undefined ? standardOutputSink() : fileSink(file.path, file.append);
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
