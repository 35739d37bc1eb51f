/**
 * The worker, started before anybody knows what it is to do: its modules load while main's do.
 *
 * @module
 */

let early: Worker | undefined;

function createWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "data-plane",
  });
}

/** Starts a worker for the first `takeWorker`. */
export function startWorkerEarly(): void {
  early ??= createWorker();
}

/** A worker that nobody else has: the early one, or a new one. */
export function takeWorker(): Worker {
  const worker = early ?? createWorker();
  early = undefined;
  return worker;
}
