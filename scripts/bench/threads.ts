/**
 * Processor time of a process's threads, from `/proc`.
 *
 * @module
 */

/** What a process took of the processors in a span of time, in seconds. */
export interface ThreadTimes {
  /** The main thread. */
  readonly main: number;
  /** The thread of the packets; 0 in a program without one. */
  readonly worker: number;
  /** All others: the garbage collector's, the runtime's. */
  readonly others: number;
}

/** Deno names the threads of workers `worker-N` (the kernel keeps 15 octets). */
const workerName = /^worker-\d+$/;

/** Reads how much it is until now. A thread that ends takes its time with it. */
export async function threadTimes(pid: number): Promise<ThreadTimes> {
  let [main, worker, others] = [0, 0, 0];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    try {
      const place = `/proc/${pid}/task/${name}`;
      // proc(5): the first field is the time on a processor, ns.
      const [time] = (await Deno.readTextFile(`${place}/schedstat`)).split(" ");
      const seconds = Number(time) / 1e9;
      if (Number(name) === pid) main += seconds;
      else if (workerName.test((await Deno.readTextFile(`${place}/comm`)).trim())) {
        worker += seconds;
      } else others += seconds;
    } catch {
      // It ended between the two calls.
    }
  }
  return { main, worker, others };
}
