/**
 * What `vpn check` takes.
 *
 * @module
 */

import { argument, command, constant, message, object } from "@optique/core";
import { path } from "@optique/run";
import { json } from "./shared_options.ts";

/** The parser of its command line. */
export const checkCommand = command(
  "check",
  object({
    action: constant("check"),
    file: argument(path({ metavar: "FILE" }), {
      description: message`An OpenVPN configuration, a server's or a client's.`,
    }),
    json,
  }),
  {
    description:
      message`Say of each line of a configuration what it will do, without starting. Exit code 0: it could start; 1: it is refused; 2: only a file or a credential that it names is missing.`,
  },
);
