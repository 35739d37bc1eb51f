/**
 * What `vpn doctor` takes.
 *
 * @module
 */

import {
  argument,
  choice,
  command,
  constant,
  message,
  object,
  option,
  optional,
} from "@optique/core";
import { path } from "@optique/run";
import { json, stateDirectory } from "./shared_options.ts";

/** The parser of its command line. */
export const doctorCommand = command(
  "doctor",
  object({
    action: constant("doctor"),
    role: optional(argument(choice(["server", "client"], { metavar: "server|client" }), {
      description: message`What to look at. Default: what the configuration is of.`,
    })),
    config: optional(option("--config", path({ metavar: "FILE" }), {
      description: message`The configuration or profile. Default for a server: server.conf of DIR.`,
    })),
    state: stateDirectory,
    json,
  }),
  { description: message`Look for what commonly goes wrong, and say what mends it.` },
);
