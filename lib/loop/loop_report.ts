/**
 * Once per second: one line about what was dropped, for the log (counts and reasons, never
 * contents or keys), and what failed.
 *
 * @module
 */

import { errnoName } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import { type DropReason, dropReasonCount, dropReasonName } from "../data/drop_reason.ts";
import type { LoopState } from "./loop_state.ts";

/** Verbosity at which drops are shown: one line per second is for who looks for trouble. */
const dropVerb = 4;
/** What breaks the tunnel is shown always. */
const failureVerb = 1;

/** Remembers what was reported. */
export class LoopReport {
  readonly #state: LoopState;
  readonly #reported = new Float64Array(dropReasonCount);
  #deviceWasLost = false;

  constructor(state: LoopState) {
    this.#state = state;
  }

  /**
   * Reports what was dropped since the last call, and what failed.
   *
   * @throws {VpnError} when the TUN device is gone.
   */
  report(): void {
    this.#reportDrops();
    this.#reportEngine();
    this.#reportDevice();
  }

  #reportDrops(): void {
    const { counters, sockets, post } = this.#state;
    const parts: string[] = [];
    let waiting = 0;
    for (let reason = 0; reason < dropReasonCount; reason++) {
      const count = counters.drops[reason] - this.#reported[reason];
      if (count === 0) continue;
      this.#reported[reason] += count;
      parts.push(`${count} ${dropReasonName(reason as DropReason)}`);
    }
    for (const { sender } of sockets.all()) {
      if (sender.refusal !== 0) parts.push(`last refusal ${errnoName(sender.refusal)}`);
      sender.refusal = 0;
      waiting += sender.waiting;
    }
    counters.streamQueue = waiting;
    if (parts.length > 0) {
      post({ kind: "log", verb: dropVerb, message: `packets dropped: ${parts.join(", ")}` });
    }
  }

  #reportEngine(): void {
    const { engineError, post } = this.#state;
    if (engineError === undefined) return;
    this.#state.engineError = undefined;
    post({ kind: "log", verb: failureVerb, message: `the crypto engine failed: ${engineError}` });
  }

  /** A device that main is exchanging is lost for a moment: it is a failure at the second look. */
  #reportDevice(): void {
    const wasLost = this.#deviceWasLost;
    this.#deviceWasLost = this.#state.deviceLost;
    if (!wasLost || !this.#state.deviceLost) return;
    throw new VpnError("the TUN device is gone", "do not delete it while the VPN runs");
  }
}
