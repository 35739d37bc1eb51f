/**
 * What stands around a tunnel while the program runs: its log, the management interface, the status
 * file, the service manager, the background, privileges. It outlives the tunnel's restarts.
 *
 * @module
 */

import { setNice } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { LogEntry } from "../../base/log_entry.ts";
import type { ProcessLog } from "../../base/log.ts";
import type { Config } from "../../config/mod.ts";
import type { Management } from "../../management/management.ts";
import type { LogFlag, State, StateName } from "../../management/messages.ts";
import { LogTail } from "../log/log_tail.ts";
import type { ControlSocket } from "../control_socket/control_socket.ts";
import { openProgramLog } from "../log/program_log.ts";
import type { OpenedManagement } from "../management/open_management.ts";
import type { SignalQueue } from "../signals.ts";
import { StatusFile } from "../status/status_file.ts";
import type { Tunnel } from "../tunnel.ts";
import type { TunnelHooks } from "../tunnel_hooks.ts";
import { silentObserver } from "../tunnel_observer.ts";
import { isInBackground, tellFailure, tellStarted } from "./background.ts";
import { ManagedProgram } from "./managed_program.ts";
import { PidFile } from "./pid_file.ts";
import { Privileges } from "./privileges.ts";
import { ServiceManager } from "./service_manager.ts";

const logFlags: Readonly<Record<LogEntry["level"], LogFlag>> = {
  error: "N",
  warning: "W",
  info: "I",
  debug: "D",
};

/**
 * States in which a client has all that it needs of the user and this machine, and waits for the
 * server: it has started.
 */
const startedStates: readonly StateName[] = ["TCP_CONNECT", "WAIT", "CONNECTED"];

/** See the module's page. */
export class Operations {
  readonly #signals: SignalQueue;
  readonly #service: ServiceManager | undefined;
  #managed: ManagedProgram | undefined;
  #opened: OpenedManagement | undefined;
  #managementOptions = "";
  #controlSocket: ControlSocket | undefined;
  #status: StatusFile | undefined;
  #pidFile: PidFile | undefined;
  #privileges: Privileges | undefined;
  #log: ProcessLog | undefined;
  #logTail: LogTail | undefined;
  #started = false;

  /** @throws {VpnError} when what called the program is not to be understood. */
  constructor(signals: SignalQueue) {
    this.#signals = signals;
    this.#service = ServiceManager.find();
  }

  /** The management interface, where the configuration has one. */
  get management(): Management | undefined {
    return this.#opened?.management;
  }

  /** Why the program can't go on, where that came up by the way. */
  fatal: VpnError | undefined;

  /**
   * Opens the log that the configuration describes.
   *
   * @throws {VpnError} when it can't be written.
   */
  async openLog(config: Config): Promise<ProcessLog> {
    const hasPortal = config.role === "server" && config.portal !== undefined;
    this.#logTail = hasPortal ? this.#logTail ?? new LogTail() : undefined;
    const log = await openProgramLog(config.log, (entry) => {
      this.#logTail?.take(entry);
      this.management?.recordLog(logFlags[entry.level], entry.text, entry.time);
    });
    if (this.#managed !== undefined) this.#managed.log = log;
    this.#log = log;
    return log;
  }

  /**
   * Opens what else the configuration asks for; what is open already stays.
   *
   * @throws {VpnError} naming what can't be had.
   */
  async begin(config: Config, log: ProcessLog): Promise<void> {
    const { management } = config;
    const described = JSON.stringify(management ?? null);
    if (this.#managed !== undefined) {
      if (described !== this.#managementOptions) {
        log.warn("the management interface stays as it was at the start of the program");
      }
      return;
    }
    const { nice, writepid } = config.process;
    this.#managed = new ManagedProgram(config.role, log, this.#signals);
    this.#managementOptions = described;
    this.#privileges = Privileges.of(config, log);
    if (nice !== undefined) changeNice(nice);
    if (writepid !== undefined) this.#pidFile = new PidFile(writepid);
    if (config.role === "server" && config.controlSocket !== undefined) {
      const { openControlSocket } = await import("../control_socket/open_control_socket.ts");
      this.#controlSocket = await openControlSocket(config, log);
    }
    if (management === undefined) return;
    const { openManagement } = await import("../management/open_management.ts");
    this.#opened = await openManagement(management, this.#managed, log);
  }

  /** The start is held until the management client says so: everything else is there. */
  held(): void {
    this.#reachedStart();
  }

  /** What the tunnel is started with. */
  async hooks(config: Config): Promise<TunnelHooks> {
    const { management } = this;
    const hooks: TunnelHooks = management === undefined
      ? { observer: silentObserver }
      : (await import("../management/management_hooks.ts")).managementHooks(management, config);
    const { observer } = hooks;
    const state = (entered: State) => {
      observer.state(entered);
      if (config.role === "client") this.#clientState(entered);
      this.#service?.state(entered);
    };
    return {
      ...hooks,
      observer: { ...observer, state },
      processLog: this.#log,
      logTail: this.#logTail,
    };
  }

  /**
   * The tunnel runs.
   *
   * @throws {VpnError} when something that belongs to it can't be had.
   */
  attach(tunnel: Tunnel, config: Config, log: ProcessLog): void {
    const { status } = config.log;
    this.#managed!.tunnel = tunnel;
    if (this.management !== undefined) this.management.tunnel = tunnel;
    if (this.#controlSocket !== undefined) this.#controlSocket.tunnel = tunnel;
    this.#status = status &&
      new StatusFile(status.path, status.interval, () => tunnel.status(), log);
    if (config.role === "client") return;
    this.#privileges?.drop();
    this.#reachedStart();
  }

  /** It does no longer. */
  detach(): void {
    this.#status?.[Symbol.dispose]();
    this.#status = undefined;
    this.#managed!.tunnel = undefined;
    if (this.management !== undefined) this.management.tunnel = undefined;
    if (this.#controlSocket !== undefined) this.#controlSocket.tunnel = undefined;
  }

  /** SIGHUP: the configuration is read anew. */
  reloading(): void {
    this.#service?.reloading();
    this.#started = false;
  }

  /** The program ends, by that error or as it should. */
  async close(error?: unknown): Promise<void> {
    this.#service?.stopping();
    if (error !== undefined && !this.#started && isInBackground()) tellFailure(error);
    await this.#opened?.close();
    await this.#controlSocket?.[Symbol.asyncDispose]();
    this.#pidFile?.[Symbol.dispose]();
    this.#service?.[Symbol.dispose]();
  }

  #clientState({ name }: State): void {
    if (startedStates.includes(name)) this.#reachedStart();
    if (name !== "CONNECTED") return;
    try {
      this.#privileges?.drop();
    } catch (error) {
      // Traffic must not go on with privileges that were to be given up.
      this.fatal = error instanceof VpnError ? error : new VpnError(errorLine(error));
      this.#signals.push("SIGTERM");
    }
  }

  #reachedStart(): void {
    if (this.#started) return;
    this.#started = true;
    this.#service?.ready();
    if (isInBackground() && !this.#toldStarted) tellStarted();
    this.#toldStarted = true;
  }

  #toldStarted = false;
}

function changeNice(value: number): void {
  try {
    setNice(value);
  } catch (cause) {
    throw new VpnError(
      `the priority can't be set to ${value}: ${errorLine(cause)}`,
      "run as root, or leave the option nice out",
      { cause },
    );
  }
}
