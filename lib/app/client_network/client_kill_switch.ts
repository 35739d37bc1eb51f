/**
 * A client's kill switch, from its start to its end and beyond.
 *
 * It stays where the user has not ended the program: over SIGHUP, after a crash, and when the client
 * gives up by itself. What stayed is taken over by the next client, wanted or not, and ends with it.
 *
 * @module
 */

import { NetlinkMonitor } from "deno-tun";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig } from "../../config/mod.ts";
import {
  killSwitchMark,
  putUpKillSwitch,
  removeKillSwitch,
  standingKillSwitch,
} from "../../net/kill_switch.ts";

/** How a user ends it. */
const remedy = "vpn kill-switch off ends it";

/** What is said of one that outlives its client. */
const stays = `the kill switch stays in force, nothing leaves this machine: ${remedy}`;

/** See the module's page. */
export class ClientKillSwitch {
  readonly #log: Log;
  readonly #allowLan: boolean;
  readonly #stay: boolean;
  #started = false;
  #monitor: NetlinkMonitor | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tunnelIndex: number | undefined;
  /** The user has said `vpn kill-switch off` meanwhile. */
  #off = false;

  private constructor(
    readonly mark: number,
    options: { readonly allowLan: boolean; readonly stay: boolean },
    log: Log,
  ) {
    this.#allowLan = options.allowLan;
    this.#stay = options.stay;
    this.#log = log;
  }

  /**
   * Puts it up where the configuration or what a former client left asks for it.
   *
   * @returns undefined when there is none.
   * @throws {VpnError} when there is to be one and it cannot be put up, or removed.
   */
  static start(config: ClientConfig, log: Log): ClientKillSwitch | undefined {
    const wanted = config.killSwitch;
    if (wanted?.on === false) {
      if (removeKillSwitch()) log.at(1, "Kill switch: off, as kill-switch off says");
      return undefined;
    }
    if (wanted === undefined) {
      if (!hasUnattended()) return undefined;
      log.warn(
        `a former client's kill switch is in force and stays until this one ends: ${remedy}`,
      );
    }
    const options = { allowLan: wanted?.allowLan ?? false, stay: wanted?.stay ?? false };
    const killSwitch = new ClientKillSwitch(config.socket.mark || killSwitchMark, options, log);
    killSwitch.letPass(undefined);
    killSwitch.#started = true;
    killSwitch.#attend();
    log.at(1, `Kill switch: nothing leaves but through the tunnel${lanClause(options.allowLan)}`);
    return killSwitch;
  }

  /** The number of the device that packets may leave by. */
  letPass(tunnelIndex: number | undefined): void {
    this.#tunnelIndex = tunnelIndex;
    // At the start an older one is replaced, whatever it says.
    if (this.#started && this.#isOff()) return;
    putUpKillSwitch({ mark: this.mark, allowLan: this.#allowLan, tunnelIndex });
  }

  #attend(): void {
    try {
      this.#monitor = NetlinkMonitor.openNftables();
    } catch (error) {
      this.#log.warn(`who flushes nftables takes the kill switch away, too: ${errorLine(error)}`);
      return;
    }
    this.#timer = setInterval(() => this.#look(), lookInterval);
    Deno.unrefTimer(this.#timer);
  }

  /** Puts it up again where somebody took it away, unless the user did. */
  #look(): void {
    try {
      if (!this.#monitor?.changed() || this.#isOff()) return;
      if (standingKillSwitch() !== undefined) return;
      this.letPass(this.#tunnelIndex);
      this.#log.warn("the kill switch was taken away by somebody, and is in force again");
    } catch (error) {
      this.#log.error(`the kill switch cannot be put up again: ${errorLine(error)}`);
    }
  }

  #isOff(): boolean {
    if (this.#off || standingKillSwitch()?.off !== true) return this.#off;
    this.#log.at(1, "Kill switch: off, as vpn kill-switch off says");
    return this.#off = true;
  }

  /** @param orderly The user has ended the program. */
  end(orderly: boolean): void {
    clearInterval(this.#timer);
    this.#monitor?.close();
    try {
      if (this.#takeAway(orderly)) return;
    } catch (error) {
      this.#log.error(`the kill switch cannot be taken away: ${errorLine(error)}`);
    }
    this.#log.warn(stays);
  }

  /** Whether it is, or was by the user. @throws {VpnError} */
  #takeAway(orderly: boolean): boolean {
    if (this.#isOff()) {
      const standing = standingKillSwitch();
      if (standing?.off && standing.owner?.pid === Deno.pid) removeKillSwitch();
      return true;
    }
    if (!orderly || this.#stay) return false;
    removeKillSwitch();
    this.#log.at(1, "Kill switch: off");
    return true;
  }
}

/** Says that a kill switch of this process is in force, where it is: the program ends without client. */
export function sayKillSwitchStays(log: Log): void {
  if (hasUnattended()) log.warn(stays);
}

/** How often it is seen to, ms: what flushes all of nftables (`nft flush ruleset`) takes it too. */
const lookInterval = 250;

/** Whether a former client's kill switch is in force. Without privileges there is no telling. */
function hasUnattended(): boolean {
  try {
    const standing = standingKillSwitch();
    if (standing === undefined) return false;
    const mine = !standing.attended || standing.owner?.pid === Deno.pid;
    if (mine && standing.off) removeKillSwitch();
    return mine && !standing.off;
  } catch {
    return false;
  }
}

function lanClause(allowLan: boolean): string {
  return allowLan ? ", and to private addresses" : "";
}
