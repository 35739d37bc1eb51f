/**
 * The programs of a tunnel, as its configuration allows them.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { Config } from "../../config/mod.ts";
import { Programs } from "./programs.ts";
import { VerifyProgram } from "./verify_program.ts";

/** What runs the programs that the configuration names. */
export function programsOf({ process }: Config, log: Log): Programs {
  return new Programs({
    security: process.scriptSecurity,
    environment: process.environment,
    log,
  });
}

/** `tls-verify`, where there is one. */
export function verifyProgramOf(
  { scripts, tls }: Config,
  programs: Programs,
  log: Log,
): VerifyProgram | undefined {
  const commandLine = scripts["tls-verify"];
  if (commandLine === undefined) return undefined;
  return new VerifyProgram({ programs, commandLine, exportDirectory: tls.exportDirectory, log });
}
