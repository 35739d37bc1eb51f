/**
 * The programs of a tunnel, as its configuration allows them.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { Config } from "../../config/mod.ts";
import { Programs } from "./programs.ts";

/** What runs the programs that the configuration names. */
export function programsOf({ process }: Config, log: Log): Programs {
  return new Programs({
    security: process.scriptSecurity,
    environment: process.environment,
    log,
  });
}
