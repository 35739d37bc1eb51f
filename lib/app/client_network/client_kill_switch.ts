/**
 * A client's kill switch, from its start to its end and beyond.
 *
 * It stays where the user has not ended the program: over SIGHUP, after a crash, and when the client
 * gives up by itself. What stayed is taken over by the next client, wanted or not, and ends with it.
 *
 * @module
 */

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

/** See the module's page. */
export class ClientKillSwitch {
  readonly #log: Log;
  readonly #allowLan: boolean;
  readonly #stay: boolean;

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
    log.at(1, `Kill switch: nothing leaves but through the tunnel${lanClause(options.allowLan)}`);
    return killSwitch;
  }

  /** The number of the device that packets may leave by. */
  letPass(tunnelIndex: number | undefined): void {
    putUpKillSwitch({ mark: this.mark, allowLan: this.#allowLan, tunnelIndex });
  }

  /** @param orderly The user has ended the program. */
  end(orderly: boolean): void {
    if (orderly && !this.#stay) {
      removeKillSwitch();
      this.#log.at(1, "Kill switch: off");
      return;
    }
    this.#log.warn(`the kill switch stays in force, nothing leaves this machine: ${remedy}`);
  }
}

/** Whether a former client's kill switch is in force. Without `nft` there is no telling, and none. */
function hasUnattended(): boolean {
  try {
    const standing = standingKillSwitch();
    return standing !== undefined && (!standing.attended || standing.owner?.pid === Deno.pid);
  } catch {
    return false;
  }
}

function lanClause(allowLan: boolean): string {
  return allowLan ? ", and to private addresses" : "";
}
