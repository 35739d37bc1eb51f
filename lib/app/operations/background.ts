/**
 * Going to the background (`daemon`). A process of Deno's can't fork, so the program is started once
 * more, in a session of its own. The first one stays until the second has started: what it says
 * meanwhile reaches the user, and so does its exit code when it fails.
 *
 * ```text
 * vpn --daemon ─► the same, VPN_BACKGROUND=1 ─ stdout: text … ACK ─┐
 *      └──────────────── exit 0, or the other's code ◄─────────────┘
 * ```
 *
 * @module
 */

import { closeStandardStreams, standardStreamDescriptors } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import { ExitCode } from "../exit_code.ts";

/** Tells the second process that it is the second. */
const variable = "VPN_BACKGROUND";

/** Its last byte on standard output. */
const ACK = 0x06;

let inBackground: boolean | undefined;
let streams: readonly number[] = [];

/** Whether this is the second process. */
export function isInBackground(): boolean {
  if (inBackground === undefined) {
    inBackground = Deno.env.has(variable);
    Deno.env.delete(variable);
    // Before privileges are given up.
    if (inBackground) streams = standardStreamDescriptors();
  }
  return inBackground;
}

/** First process: starts the second, and waits until it has started; the exit code. */
export async function startInBackground(): Promise<number> {
  const command = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
  const child = new Deno.Command(Deno.execPath(), {
    args: command.slice(1),
    env: { [variable]: "1" },
    // Passwords may be asked for until it has started.
    stdin: "inherit",
    stdout: "piped",
    stderr: "inherit",
    detached: true,
  }).spawn();
  for await (const bytes of child.stdout) {
    const started = bytes[bytes.length - 1] === ACK;
    Deno.stdout.writeSync(started ? bytes.subarray(0, -1) : bytes);
    if (started) return ExitCode.success;
  }
  const { code } = await child.status;
  return code || ExitCode.failure;
}

/** Second process: it has started, and needs nobody any more. */
export function tellStarted(): void {
  Deno.stdout.writeSync(Uint8Array.of(ACK));
  closeStandardStreams(streams);
}

/** Second process: says why it didn't start, beside what the log says. */
export function tellFailure(error: unknown): void {
  const line = error instanceof VpnError ? error.line : String(error);
  Deno.stderr.writeSync(new TextEncoder().encode(`vpn: ${line}\n`));
}
