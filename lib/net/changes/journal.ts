/**
 * This process's journal of what it changed on the machine, on disk before each change, so that
 * after a SIGKILL the next start takes back what is left.
 *
 * The file stays open: a process that gave up being root can still write to it. It cannot remove it
 * then; an empty one is left, which the next start removes.
 *
 * @module
 */

import { PrivilegeError, VpnError } from "../../base/errors.ts";
import type { MachineChange, SysctlChange } from "./change.ts";
import {
  formatEntry,
  journalDirectory,
  journalPath,
  listJournals,
  readJournal,
  requireTrusted,
} from "./journal_file.ts";
import { isAlive, type Owner, sameNamespace, thisOwner } from "./owner.ts";

let ofThisProcess: ChangeJournal | undefined;

/** See the module's page. */
export class ChangeJournal {
  readonly #directory: string;
  readonly #owner: Owner;
  readonly #path: string;
  readonly #changes = new Map<number, MachineChange>();
  #file: Deno.FsFile | undefined;
  #lastId = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#owner = thisOwner();
    this.#path = journalPath(directory, this.#owner);
  }

  /** The one journal of this process. Nothing is on disk before the first change. */
  static ofThisProcess(): ChangeJournal {
    const directory = journalDirectory();
    if (ofThisProcess === undefined || ofThisProcess.#directory !== directory) {
      ofThisProcess = new ChangeJournal(directory);
    }
    return ofThisProcess;
  }

  /**
   * Opens the file, if it is not open yet: to be called before giving up privileges.
   *
   * @throws {VpnError} when there can be none.
   */
  prepare(): void {
    if (this.#file !== undefined) return;
    try {
      Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      requireTrusted(this.#directory);
      const options = { write: true, create: true, append: true, mode: 0o600 };
      this.#file = Deno.openSync(this.#path, options);
    } catch (cause) {
      if (cause instanceof VpnError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `cannot note changes of this machine in ${this.#directory}: ${reason}`;
      const remedy = "set VPN_RUN_DIRECTORY to a directory of yours, or run as root";
      throw cause instanceof Deno.errors.PermissionDenied
        ? new PrivilegeError(message, remedy, { cause })
        : new VpnError(message, remedy, { cause });
    }
  }

  /**
   * Notes a change that is about to be made.
   *
   * @returns What `remove` takes.
   * @throws {VpnError} when it cannot be noted: then it must not be made.
   */
  add(change: MachineChange): number {
    this.prepare();
    const id = ++this.#lastId;
    this.#write(formatEntry({ id, change }));
    this.#changes.set(id, change);
    return id;
  }

  /** Strikes out a change that was undone, or was not made after all. */
  remove(id: number): void {
    if (!this.#changes.delete(id) || this.#file === undefined) return;
    if (this.#changes.size > 0) this.#write(formatEntry({ undone: id }));
    else this.#clear();
  }

  /**
   * A switch as another journal in this network namespace, or another entry of this one, has it.
   *
   * @param except The entry that asks.
   */
  otherHolder(name: string, except?: number): SysctlChange | undefined {
    const holds = (change: MachineChange): change is SysctlChange =>
      change.kind === "sysctl" && change.name === name;
    for (const [id, change] of this.#changes) if (id !== except && holds(change)) return change;
    for (const { path, owner, adopted } of listJournals(this.#directory)) {
      // One that was taken over is being undone.
      if (path === this.#path || adopted !== undefined) continue;
      if (!sameNamespace(owner, this.#owner) || !isAlive(owner)) continue;
      const found = [...readableJournal(path)].find(holds);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #write(line: string): void {
    const bytes = new TextEncoder().encode(line);
    for (let written = 0; written < bytes.length;) {
      written += this.#file!.writeSync(bytes.subarray(written));
    }
  }

  #clear(): void {
    this.#file!.truncateSync(0);
    try {
      Deno.removeSync(this.#path);
    } catch {
      return; // Not root any more: the file goes on being used.
    }
    this.#file!.close();
    this.#file = undefined;
  }
}

/** What a live process's journal says; nothing when it ends just now or is not ours to read. */
function readableJournal(path: string): Iterable<MachineChange> {
  try {
    return readJournal(path)?.values() ?? [];
  } catch {
    return [];
  }
}
