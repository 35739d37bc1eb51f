/**
 * `vpn doctor`. The exit code is 0 when nothing is wrong and 1 when something is.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { parseConfigFile } from "../../config/mod.ts";
import { defaultStateDirectory, stateFiles } from "../../pki/mod.ts";
import { examine, type Examined } from "../doctor/doctor.ts";
import { reportLines } from "../doctor/report.ts";
import { ExitCode } from "../exit_code.ts";

/** What `vpn doctor` was given. */
export interface DoctorArguments {
  readonly role?: "server" | "client";
  /** `--config FILE`. */
  readonly config?: string;
  /** `--state DIR`. */
  readonly state?: string;
  readonly json?: boolean;
}

/** Runs it; the exit code. */
export async function doctor(given: DoctorArguments): Promise<number> {
  const findings = await examine(examined(given));
  const lines = given.json
    ? [JSON.stringify(findings, undefined, 2)]
    : reportLines(findings, Deno.stdout.isTerminal() && !Deno.noColor);
  for (const line of lines) Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  const wrong = findings.some(({ status }) => status === "problem");
  return wrong ? ExitCode.failure : ExitCode.success;
}

function examined({ role, config, state }: DoctorArguments): Examined {
  if (role === "client" && config === undefined) {
    throw new VpnError("there is no profile to look at", "vpn doctor client --config PROFILE");
  }
  const directory = state ?? (isThere(defaultStateDirectory) ? defaultStateDirectory : undefined);
  const path = config ?? (directory && stateFiles(directory).serverConfiguration);
  if (path === undefined) return {};
  const ofState = config === undefined ? { state: directory } : { state };
  try {
    const parsed = parseConfigFile(path).config;
    if (role !== undefined && parsed.role !== role) {
      const configError = new VpnError(`${path} is a ${parsed.role}'s configuration`);
      return { path, configError, ...ofState };
    }
    return { config: parsed, path, ...ofState };
  } catch (configError) {
    if (!(configError instanceof VpnError)) {
      const reason = configError instanceof Error ? configError.message : String(configError);
      return { path, configError: new VpnError(`${path} cannot be read: ${reason}`), ...ofState };
    }
    return { path, configError, ...ofState };
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
