/**
 * What `vpn exit-node` takes.
 *
 * @module
 */

import {
  argument,
  command,
  constant,
  type InferValue,
  message,
  object,
  option,
  optional,
  or,
  string,
} from "@optique/core";
import { path } from "@optique/run";
import { json, stateDirectory } from "./shared_options.ts";

const action = constant("exit-node");

/** Which server it is about. */
const place = {
  state: stateDirectory,
  file: optional(option("--file", path({ metavar: "FILE" }), {
    description: message`The file that its configuration names in exit-choices.`,
  })),
} as const;

const list = command(
  "list",
  object({
    action,
    operation: constant("list"),
    ...place,
    json,
  }),
  { description: message`Show what was chosen for single clients.` },
);

const choose = command(
  "choose",
  object({
    action,
    operation: constant("choose"),
    client: argument(string({ metavar: "CLIENT" }), {
      description: message`Whose Internet traffic: the common name of the client.`,
    }),
    exit: argument(string({ metavar: "EXIT" }), {
      description:
        message`By whom it leaves: another client's name, server, none (nothing gets out), or default (as the configuration says).`,
    }),
    ...place,
  }),
  { description: message`Choose an exit node for a client; a running server follows at once.` },
);

/** The parser of its command line. */
export const exitNodeCommand = command("exit-node", or(list, choose), {
  description: message`Choose by whom the clients of a server go to the Internet.`,
});

/** What `vpn exit-node` was given. */
export type ExitNodeArguments = InferValue<typeof exitNodeCommand>;
