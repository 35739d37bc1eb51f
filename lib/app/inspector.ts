/**
 * Keeps V8's inspector from opening.
 *
 * @module
 */

// Not by way of deno-tun's index: this runs before anything else is loaded, and for the first start
// of the process it is all that is.
import { execute } from "../../ffi/execute.ts";
import { blockSignal, isSignalBlocked, Signal } from "../../ffi/signal_mask.ts";
import { errorLine, VpnError } from "../base/errors.ts";
import { v8Flags } from "./runtime_flags.ts";

/**
 * `deno run` answers SIGUSR1 by opening V8's inspector on a port of 127.0.0.1, by which any user of
 * the machine could take the process over. So the process replaces itself, once, by the same
 * program with SIGUSR1 blocked from the start, in all threads; `SignalQueue` then asks for it. A
 * compiled executable has no inspector, and needs none of this. V8's flags come along, unless the
 * environment has its own.
 *
 * @throws {VpnError} when the process cannot be replaced.
 */
export function keepInspectorClosed(): void {
  if (Deno.build.standalone || isSignalBlocked(Signal.SIGUSR1)) return;
  try {
    const command = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
    blockSignal(Signal.SIGUSR1);
    execute(Deno.execPath(), command, { DENO_V8_FLAGS: v8Flags, ...Deno.env.toObject() });
  } catch (cause) {
    throw new VpnError(
      `the process cannot be started with SIGUSR1 blocked: ${errorLine(cause)}`,
      "run it with all permissions (deno run -A), or use the compiled executable",
      { cause },
    );
  }
}
