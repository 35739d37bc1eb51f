/**
 * `vpn status` and `vpn kick`.
 *
 * @module
 */

import { join } from "node:path";
import { VpnError } from "../../base/errors.ts";
import { controlSocketName } from "../../config/finish_monitoring.ts";
import { defaultStateDirectory } from "../../pki/state_files.ts";
import { print, printJson, takesColours, write } from "../authority/terminal.ts";
import { ControlClient } from "../control_socket/control_client.ts";
import { clientTable, summary } from "../control_socket/report_text.ts";
import type { ServerReport } from "../control_socket/server_report.ts";
import { ExitCode } from "../exit_code.ts";
import type { KickArguments, StatusArguments } from "./status_options.ts";

/** Between two pictures, ms. */
export const refreshInterval = 1000;

// ECMA-48: cursor to the corner, and what is below it erased.
const clearScreen = "\x1b[H\x1b[J";

/** Where a server is asked. */
export function socketPath(given: { readonly state?: string; readonly socket?: string }): string {
  if (given.socket !== undefined && given.state !== undefined) {
    throw new VpnError("--socket and --state say the same twice", "leave one out");
  }
  return given.socket ?? join(given.state ?? defaultStateDirectory, controlSocketName);
}

/** Shows how the server is; the exit code. */
export async function status(given: StatusArguments): Promise<number> {
  using client = await ControlClient.connect(socketPath(given));
  if (!given.watch) {
    const report = await client.report();
    if (given.json) printJson(report);
    else print(...picture(report));
    return ExitCode.success;
  }
  const redraw = Deno.stdout.isTerminal() && !given.json;
  for (;;) {
    const report = await client.report();
    if (given.json) print(JSON.stringify(report));
    else write(`${redraw ? clearScreen : ""}${picture(report).join("\n")}\n${redraw ? "" : "\n"}`);
    await new Promise((resolve) => setTimeout(resolve, refreshInterval));
  }
}

function picture(report: ServerReport): string[] {
  return [...summary(report), "", ...clientTable(report, takesColours())];
}

/** Ends a client's sessions; the exit code. */
export async function kick(given: KickArguments): Promise<number> {
  using client = await ControlClient.connect(socketPath(given));
  const ended = await client.kick(given.name);
  if (given.json) printJson({ name: given.name, ended });
  if (ended === 0) {
    throw new VpnError(`no client "${given.name}" is connected`, "see vpn status");
  }
  if (!given.json) print(`${ended} session${ended === 1 ? "" : "s"} of ${given.name} ended`);
  return ExitCode.success;
}
