/**
 * `node:child_process` for the few who start a program and wait: Deno's own command has no input
 * then.
 *
 * @module
 */

import type * as ChildProcess from "node:child_process";

/** The module, loaded when first asked for, as most tunnels start no program. */
export function childProcess(): typeof ChildProcess {
  return globalThis.process.getBuiltinModule("node:child_process");
}
