/**
 * Options that several commands take.
 *
 * @module
 */

import { message, option, optional } from "@optique/core";
import { path } from "@optique/run";

/** `--state`. */
export const stateDirectory = optional(option("--state", path({ metavar: "DIR" }), {
  description:
    message`The state directory: authority, keys, profiles and users of a server. Default: vpn-data.`,
}));

/** `--json`. */
export const json = option("--json", { description: message`Print JSON, for scripts.` });
