/**
 * What `vpn kill-switch` takes.
 *
 * @module
 */

import { argument, choice, command, constant, message, object } from "@optique/core";
import { json } from "./shared_options.ts";

/** The parser of its command line. */
export const killSwitchCommand = command(
  "kill-switch",
  object({
    action: constant("kill-switch"),
    what: argument(choice(["off", "status"], { metavar: "off|status" }), {
      description:
        message`off: let this machine's traffic leave again. status: say what is the case.`,
    }),
    json,
  }),
  { description: message`End a client's kill switch, or look at it.` },
);
