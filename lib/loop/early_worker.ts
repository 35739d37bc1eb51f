/**
 * The worker, started before anybody knows what it is to do: its modules load while main's do.
 *
 * @module
 */

import type { EngineChoice } from "../crypto/engine.ts";
import type { PrepareMessage } from "./messages.ts";

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

/**
 * Has the early worker open its libraries and test them, while main does not need it yet. A worker
 * that was not started early does so at its start.
 */
export function prepareEngine(engine: EngineChoice): void {
  early?.postMessage({ kind: "prepare", engine } satisfies PrepareMessage);
}

/** A worker that nobody else has: the early one, or a new one. */
export function takeWorker(): Worker {
  const worker = early ?? createWorker();
  early = undefined;
  return worker;
}
