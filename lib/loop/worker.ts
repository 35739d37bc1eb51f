/**
 * Entry of the data plane's worker. Messages go into a queue; the first is `start`,
 * but for `prepare`.
 *
 * @module
 */

import { errorLine, VpnError } from "../base/errors.ts";
import { selectEngine } from "../crypto/engines.ts";
import type { Command, PrepareMessage, StartCommand, WorkerEvent } from "./messages.ts";
import { WorkerLoop } from "./worker_loop.ts";

/** What of a worker's global scope is used here; the types of main's scope do not have it. */
interface WorkerScope {
  onmessage: ((message: MessageEvent<Command | PrepareMessage>) => void) | null;
  postMessage(event: WorkerEvent): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
const commands: Command[] = [];
let started = false;

scope.onmessage = (message) => {
  const command = message.data;
  if (command.kind === "prepare") return prepare(command);
  if (started || command.kind !== "start") {
    commands.push(command);
    return;
  }
  started = true;
  run(command);
};

function prepare({ engine }: PrepareMessage): void {
  try {
    // What it opens, it keeps for the next call.
    selectEngine(engine);
  } catch {
    // `start` will say it, to somebody who listens.
  }
}

async function run(start: StartCommand): Promise<void> {
  const post = (event: WorkerEvent) => scope.postMessage(event);
  try {
    await new WorkerLoop(start, commands, post).run();
    post({ kind: "stopped" });
  } catch (error) {
    const remedy = error instanceof VpnError ? error.remedy : undefined;
    const message = error instanceof VpnError ? error.message : errorLine(error);
    post({ kind: "failed", message: `data plane: ${message}`, remedy });
  }
  scope.close();
}
