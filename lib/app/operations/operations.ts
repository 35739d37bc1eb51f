/**
 * What stands around a tunnel while the program runs: its log, the management interface, the status
 * file. It outlives the tunnel's restarts.
 *
 * @module
 */

import type { LogEntry, ProcessLog } from "../../base/log.ts";
import type { Config } from "../../config/mod.ts";
import type { Management } from "../../management/management.ts";
import type { LogFlag } from "../../management/messages.ts";
import type { OpenedManagement } from "../management/open_management.ts";
import { openProgramLog } from "../log/program_log.ts";
import type { SignalQueue } from "../signals.ts";
import { StatusFile } from "../status/status_file.ts";
import type { Tunnel } from "../tunnel.ts";
import type { TunnelHooks } from "../tunnel_hooks.ts";
import { silentObserver } from "../tunnel_observer.ts";
import { ManagedProgram } from "./managed_program.ts";

const logFlags: Readonly<Record<LogEntry["level"], LogFlag>> = {
  error: "N",
  warning: "W",
  info: "I",
  debug: "D",
};

/** See the module's page. */
export class Operations {
  readonly #signals: SignalQueue;
  #managed: ManagedProgram | undefined;
  #opened: OpenedManagement | undefined;
  #managementOptions = "";
  #status: StatusFile | undefined;

  constructor(signals: SignalQueue) {
    this.#signals = signals;
  }

  /** The management interface, where the configuration has one. */
  get management(): Management | undefined {
    return this.#opened?.management;
  }

  /**
   * Opens the log that the configuration describes.
   *
   * @throws {VpnError} when it can't be written.
   */
  openLog(config: Config): ProcessLog {
    const log = openProgramLog(config.log, (entry) => {
      this.management?.recordLog(logFlags[entry.level], entry.text, entry.time);
    });
    if (this.#managed !== undefined) this.#managed.log = log;
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
    this.#managed = new ManagedProgram(config.role, log, this.#signals);
    this.#managementOptions = described;
    if (management === undefined) return;
    const { openManagement } = await import("../management/open_management.ts");
    this.#opened = await openManagement(management, this.#managed, log);
  }

  /** What the tunnel is started with. */
  async hooks(config: Config): Promise<TunnelHooks> {
    const { management } = this;
    if (management === undefined) return { observer: silentObserver };
    const { managementHooks } = await import("../management/management_hooks.ts");
    return managementHooks(management, config);
  }

  /**
   * The tunnel runs.
   *
   * @throws {VpnError} when the status file can't be written.
   */
  attach(tunnel: Tunnel, config: Config, log: ProcessLog): void {
    const { status } = config.log;
    this.#managed!.tunnel = tunnel;
    if (this.management !== undefined) this.management.tunnel = tunnel;
    this.#status = status &&
      new StatusFile(status.path, status.interval, () => tunnel.status(), log);
  }

  /** It does no longer. */
  detach(): void {
    this.#status?.[Symbol.dispose]();
    this.#status = undefined;
    this.#managed!.tunnel = undefined;
    if (this.management !== undefined) this.management.tunnel = undefined;
  }

  /** The program ends. */
  async close(): Promise<void> {
    await this.#opened?.close();
  }
}
