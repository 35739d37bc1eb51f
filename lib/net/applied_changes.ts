/**
 * What was changed on this machine, and how to change it back.
 *
 * @module
 */

import { errorLine } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { describeChange, type MachineChange } from "./changes/change.ts";
import { ChangeJournal } from "./changes/journal.ts";
import { revertChange } from "./changes/revert.ts";

/** Takes a change back. What is gone already is no error. */
export type Undo = () => void | Promise<void>;

/**
 * Changes that were made, undone in reverse order, each once, whatever the others do.
 *
 * What goes with this process by itself, as a TUN device with its addresses and routes, is recorded
 * right after it was made (`record`). What would outlive it is made by `make`, which notes it on
 * disk first: the next start undoes it when this process is killed.
 */
export class AppliedChanges {
  readonly #log: Log;
  #entries: { readonly what: string; readonly undo: Undo }[] = [];
  #undoing: Promise<void> = Promise.resolve();

  /** @param log Where an undo that fails is told, as a warning. */
  constructor(log: Log) {
    this.#log = log;
  }

  /** How many changes are in force. */
  get size(): number {
    return this.#entries.length;
  }

  /**
   * Notes a change that was made.
   *
   * @param what For the log, if it cannot be undone: `route 10.0.0.0/8`.
   */
  record(what: string, undo: Undo): void {
    this.#entries.push({ what, undo });
  }

  /**
   * Makes a change that would outlive this process, once it is noted in the process's journal.
   *
   * @param apply Makes it; what it throws is thrown on, and then there is nothing to undo.
   * @throws {VpnError} when the change cannot be noted; it is not made then.
   */
  make(change: MachineChange, apply: () => void): void {
    const journal = ChangeJournal.ofThisProcess();
    const id = journal.add(change);
    try {
      apply();
    } catch (error) {
      journal.remove(id);
      throw error;
    }
    const context = {
      log: this.#log,
      sysctlNeeded: (name: string) => journal.otherHolder(name, id) !== undefined,
    };
    this.record(describeChange(change), () => {
      revertChange(change, context);
      journal.remove(id);
    });
  }

  /**
   * Undoes all changes, the last first. A second call waits for the first and finds nothing left.
   * Changes that are undone synchronously are undone before this returns, as long as none before
   * them takes time.
   */
  undo(): Promise<void> {
    const entries = this.#entries;
    if (entries.length === 0) return this.#undoing;
    this.#entries = [];
    const former = this.#undoing;
    // Not `await former` first: that would cost a turn, which a process that ends may not have.
    const current = this.#undoEntries(entries);
    return this.#undoing = Promise.all([former, current]).then(() => {});
  }

  async #undoEntries(
    entries: readonly { readonly what: string; readonly undo: Undo }[],
  ): Promise<void> {
    for (const { what, undo } of entries.toReversed()) {
      try {
        const pending = undo();
        if (pending instanceof Promise) await pending;
      } catch (error) {
        this.#log.warn(`cannot undo ${what}: ${errorLine(error)}`);
      }
    }
  }
}
