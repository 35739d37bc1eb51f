/**
 * Journals on disk: where they are, what they are called, and what stands in them.
 *
 * ```text
 * /run/vpn/NAMESPACE.COOKIE-PID-START[-N].changes     -N: a dead process's, taken over
 *   {"id":1,"change":{"kind":"nft-table",…}}           about to be made
 *   {"undone":1}
 * ```
 *
 * A line that is cut off at the end belongs to a change that was not made.
 *
 * @module
 */

import { effectiveUserId } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import { type MachineChange, parseChange } from "./change.ts";
import type { Owner } from "./owner.ts";

/** Where journals are kept: `/run/vpn`, or what the environment says. */
export function journalDirectory(): string {
  return Deno.env.get("VPN_RUN_DIRECTORY") ?? "/run/vpn";
}

/** A journal's file. */
export interface JournalFile {
  readonly path: string;
  readonly owner: Owner;
  /** Set where its owner took it over from a process that died. */
  readonly adopted: number | undefined;
}

/** The path of an owner's journal. */
export function journalPath(directory: string, owner: Owner, adopted?: number): string {
  const { namespace, cookie, pid, startTime } = owner;
  const suffix = adopted === undefined ? "" : `-${adopted}`;
  return `${directory}/${namespace}.${cookie}-${pid}-${startTime}${suffix}.changes`;
}

const namePattern = /^(\d+)\.(\d+)-(\d+)-(\d+)(?:-(\d+))?\.changes$/;

/**
 * All journals there are; none where the directory is missing or not ours to read.
 *
 * @throws {VpnError} when somebody else could have put something there.
 */
export function listJournals(directory: string): JournalFile[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(directory)].filter(({ isFile }) => isFile).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    if (error instanceof Deno.errors.PermissionDenied) return [];
    throw error;
  }
  requireTrusted(directory);
  return names.flatMap((name) => {
    const match = name.match(namePattern);
    if (match === null) return [];
    const [, namespace, cookie, pid, startTime, adopted] = match;
    return [{
      path: `${directory}/${name}`,
      owner: { namespace, cookie, pid: Number(pid), startTime },
      adopted: adopted === undefined ? undefined : Number(adopted),
    }];
  });
}

/**
 * A directory or file whose content we act upon as root.
 *
 * @throws {VpnError} when it is another user's, or others may write to it.
 */
export function requireTrusted(path: string): void {
  const { uid, mode, isSymlink } = Deno.lstatSync(path);
  if (!isSymlink && (uid === 0 || uid === effectiveUserId()) && ((mode ?? 0) & 0o022) === 0) return;
  throw new VpnError(
    `${path} belongs to somebody else, or others may write to it`,
    "look into it and remove it",
  );
}

/**
 * The changes in force by a journal, in the order they were made; undefined: it is not there.
 *
 * @throws {VpnError} when it cannot be trusted or read.
 */
export function readJournal(path: string): Map<number, MachineChange> | undefined {
  let text: string;
  try {
    requireTrusted(path);
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const changes = new Map<number, MachineChange>();
  for (const line of text.split("\n").slice(0, -1)) {
    const entry = parseLine(line);
    if (entry === undefined) {
      throw new VpnError(`${path} is damaged`, "undo what it says by hand and remove it");
    }
    if ("undone" in entry) changes.delete(entry.undone);
    else changes.set(entry.id, entry.change);
  }
  return changes;
}

type Entry =
  | { readonly id: number; readonly change: MachineChange }
  | { readonly undone: number };

function parseLine(line: string): Entry | undefined {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (Number.isInteger(value.undone)) return { undone: value.undone as number };
  const change = parseChange(value.change);
  if (!Number.isInteger(value.id) || change === undefined) return undefined;
  return { id: value.id as number, change };
}

/** A line of a journal. */
export function formatEntry(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}
