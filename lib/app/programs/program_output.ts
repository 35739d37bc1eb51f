/**
 * What a program writes, as lines of the log. Bounded: a program that writes without end fills no
 * disk, and its pipe is emptied until it ends, so that it is not stopped by a full one.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";

/** Lines of one program that are logged; what follows is not. */
export const loggedLines = 200;

/** Longest line that is logged, in characters; the rest of it is cut off. */
const loggedLength = 400;

/** Verbosity of the lines. */
const outputVerb = 1;

/** Logs both outputs until their end, in the background. */
export function logOutput(child: Deno.ChildProcess, name: string, log: Log): void {
  const budget = { lines: loggedLines };
  for (const stream of [child.stdout, child.stderr]) {
    logLines(stream, budget, (line) => log.at(outputVerb, `${name}: ${line}`)).catch(() => {
      // A pipe that breaks has no more to say.
    });
  }
}

async function logLines(
  stream: ReadableStream<Uint8Array>,
  budget: { lines: number },
  write: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let partial = "";
  const say = (line: string) => {
    if (budget.lines-- > 0) write(line.slice(0, loggedLength));
    if (budget.lines === 0) write("more output is not logged");
  };
  for await (const bytes of stream) {
    if (budget.lines <= 0) continue;
    const lines = (partial + decoder.decode(bytes, { stream: true })).split("\n");
    partial = (lines.pop() ?? "").slice(0, loggedLength);
    for (const line of lines) say(line);
  }
  if (partial !== "") say(partial);
}
