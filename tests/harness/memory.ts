/**
 * Memory of a process under test.
 *
 * @module
 */

/** Memory that a process holds, in bytes (proc_pid_status(5), VmRSS). */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1]) * 1024;
}
