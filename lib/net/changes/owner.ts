/**
 * Whose changes they are: a process in a network namespace.
 *
 * @module
 */

import { networkNamespaceCookie } from "deno-tun";

/** A process, as no other one is until the machine starts anew. */
export interface Owner {
  /** Inode of its network namespace; may come again. */
  readonly namespace: string;
  /** Cookie of its network namespace, which does not; 0 before Linux 5.14. */
  readonly cookie: string;
  readonly pid: number;
  /** When it began, in clock ticks since the machine's start: process ids come again. */
  readonly startTime: string;
}

/** This process. */
export function thisOwner(): Owner {
  const { ino } = Deno.statSync("/proc/thread-self/ns/net");
  const startTime = startTimeOf(Deno.pid);
  if (ino === null || startTime === undefined) throw new Error("/proc is not mounted");
  return {
    namespace: String(ino),
    cookie: String(networkNamespaceCookie()),
    pid: Deno.pid,
    startTime,
  };
}

/** Whether the process is there still. */
export function isAlive({ pid, startTime }: Owner): boolean {
  return startTimeOf(pid) === startTime;
}

/** Whether both are in the same network namespace. */
export function sameNamespace(a: Owner, b: Owner): boolean {
  return a.namespace === b.namespace && a.cookie === b.cookie;
}

/**
 * Whether a namespace that is not ours has ended: no process is in it, and none is bound to a name.
 * (One that only an open file holds has nobody who sends packets by it.)
 */
export function isNamespaceGone(owner: Owner, ours: Owner): boolean {
  // The same inode with another cookie: the number has come again.
  if (owner.namespace === ours.namespace) return true;
  const link = `net:[${owner.namespace}]`;
  if (Deno.readTextFileSync("/proc/self/mountinfo").includes(` ${link} `)) return false;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (Deno.readLinkSync(`/proc/${name}/ns/net`) === link) return false;
    } catch {
      // It has ended, or is none of our business.
    }
  }
  return true;
}

/** proc_pid_stat(5), field 22; undefined when there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // Field 2 is the program's name in parentheses and may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
