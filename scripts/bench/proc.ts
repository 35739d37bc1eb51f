/**
 * Processor time and memory of a process, from `/proc`.
 *
 * @module
 */

import { run } from "../../tests/harness/command.ts";

/**
 * Processor time of a process with all its threads, user and system, in clock ticks.
 *
 * @param stat Text of `/proc/PID/stat` (proc_pid_stat(5)): fields 14 and 15.
 * @throws {Error} when it isn't such a text.
 */
export function parseStatTicks(stat: string): number {
  // Field 2 is the program's name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isSafeInteger(ticks)) throw new Error("not the text of a /proc/PID/stat");
  return ticks;
}

/** Memory of a process, in bytes. */
export interface Memory {
  /** Resident set size: pages that others use as well are counted in full. */
  readonly rss: number;
  /** Proportional set size: a page that n processes use is counted as 1/n. */
  readonly pss: number;
}

/**
 * @param rollup Text of `/proc/PID/smaps_rollup` (proc_pid_smaps(5)).
 * @throws {Error} when it isn't such a text.
 */
export function parseSmapsRollup(rollup: string): Memory {
  const bytes = (name: string) => {
    const match = rollup.match(new RegExp(`^${name}: +(\\d+) kB$`, "m"));
    if (match === null) throw new Error(`no ${name} in the text of a /proc/PID/smaps_rollup`);
    return Number(match[1]) * 1024;
  };
  return { rss: bytes("Rss"), pss: bytes("Pss") };
}

let ticksPerSecond: Promise<number> | undefined;

/** Processor time that a process has taken so far, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  ticksPerSecond ??= run(["getconf", "CLK_TCK"]).then(Number);
  return parseStatTicks(await Deno.readTextFile(`/proc/${pid}/stat`)) / await ticksPerSecond;
}

/** Memory that a process has now. */
export async function memoryOf(pid: number): Promise<Memory> {
  return parseSmapsRollup(await Deno.readTextFile(`/proc/${pid}/smaps_rollup`));
}
