/**
 * Takes back what processes that were killed have left on this machine.
 *
 * A journal is taken over by renaming it to one of ours, so that of two starts at the same time one
 * does it, and the next one goes on if this one is killed too.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { describeChange, type MachineChange } from "./change.ts";
import { ChangeJournal } from "./journal.ts";
import {
  formatEntry,
  journalDirectory,
  type JournalFile,
  journalPath,
  listJournals,
  readJournal,
} from "./journal_file.ts";
import { isAlive, isNamespaceGone, type Owner, sameNamespace, thisOwner } from "./owner.ts";
import { revertChange } from "./revert.ts";

/** How much is taken back. */
export interface RecoveryOptions {
  /** Changes that are to stay for now, noted as they are; a later call without this takes them. */
  keep?(change: MachineChange): boolean;
}

/**
 * Takes back all that dead processes have left in this network namespace, the last change first,
 * and removes the notes of namespaces that are gone. What cannot be taken back is a warning, and
 * stays noted for the next start.
 */
export function recoverChanges(log: Log, options: RecoveryOptions = {}): void {
  try {
    const directory = journalDirectory();
    const journals = listJournals(directory);
    if (journals.length === 0) return;
    const ours = thisOwner();
    for (const file of journals) recoverJournal(file, ours, directory, log, options);
  } catch (error) {
    log.warn(`cannot look for what an earlier run has left: ${errorLine(error)}`);
  }
}

function recoverJournal(
  file: JournalFile,
  ours: Owner,
  directory: string,
  log: Log,
  options: RecoveryOptions,
): void {
  const { owner, path } = file;
  const takenOver = isSame(owner, ours) && file.adopted !== undefined;
  if (!takenOver && isAlive(owner)) return;
  try {
    if (!sameNamespace(owner, ours)) {
      if (isNamespaceGone(owner, ours)) removeIfThere(path);
      return;
    }
    const changes = readJournal(path);
    if (changes === undefined) return;
    const adopted = takenOver ? path : freePath(directory, ours);
    if (!takenOver) Deno.renameSync(path, adopted);
    revertAll(adopted, changes, owner, log, options);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // Another start has taken it over.
    log.warn(`cannot undo what an earlier run has left: ${errorLine(error)}`);
  }
}

function revertAll(
  path: string,
  changes: Map<number, MachineChange>,
  owner: Owner,
  log: Log,
  { keep }: RecoveryOptions,
): void {
  const journal = ChangeJournal.ofThisProcess();
  const context = {
    log,
    sysctlNeeded: (name: string) => journal.otherHolder(name) !== undefined,
  };
  for (const [id, change] of [...changes].reverse()) {
    if (keep?.(change) === true) continue;
    try {
      revertChange(change, context);
    } catch (error) {
      log.warn(
        `cannot undo ${describeChange(change)} of process ${owner.pid}: ${errorLine(error)}`,
      );
      continue;
    }
    changes.delete(id);
    if (changes.size > 0) {
      Deno.writeTextFileSync(path, formatEntry({ undone: id }), { append: true });
    }
    log.at(1, `undone what process ${owner.pid} had left: ${describeChange(change)}`);
  }
  if (changes.size === 0) removeIfThere(path);
}

function freePath(directory: string, ours: Owner): string {
  const taken = new Set(listJournals(directory).map(({ path }) => path));
  for (let n = 1;; n++) {
    const path = journalPath(directory, ours, n);
    if (!taken.has(path)) return path;
  }
}

function isSame(a: Owner, b: Owner): boolean {
  return sameNamespace(a, b) && a.pid === b.pid && a.startTime === b.startTime;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
