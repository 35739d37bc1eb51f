/**
 * `vpn kill-switch`: the user's word on what a client has left in force.
 *
 * @module
 */

import { standingKillSwitch, switchOffKillSwitch } from "../../net/kill_switch.ts";
import { ExitCode } from "../exit_code.ts";

/** What `vpn kill-switch` was given. */
export interface KillSwitchArguments {
  readonly what: "off" | "status";
  readonly json?: boolean;
}

/** Runs it; the exit code. `status`: 0 whether or not one is in force. */
export function killSwitch({ what, json }: KillSwitchArguments): number {
  if (what === "off") {
    say(switchOffKillSwitch() ? "The kill switch is off." : "No kill switch was in force.");
    return ExitCode.success;
  }
  const found = standingKillSwitch();
  const standing = found?.off ? undefined : found;
  if (json) {
    say(JSON.stringify({ inForce: standing !== undefined, ...standing }));
  } else if (standing === undefined) {
    say("No kill switch is in force.");
  } else {
    const { owner, attended, refused } = standing;
    const whose = owner === undefined ? "" : ` of process ${owner.pid}`;
    const alive = attended ? "" : ", which is gone: vpn kill-switch off ends it";
    say(`The kill switch${whose}${alive} is in force; packets refused so far: ${refused}`);
  }
  return ExitCode.success;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
