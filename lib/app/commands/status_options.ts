/**
 * What `vpn status`, `vpn kick` and `vpn top` take.
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

const place = {
  state: stateDirectory,
  socket: optional(option("--socket", path({ metavar: "PATH" }), {
    description: message`The server's control socket, where it is not in a state directory.`,
  })),
};

/** The parser of their command lines. */
export const statusCommands = or(
  command(
    "status",
    object({
      action: constant("status"),
      ...place,
      watch: option("--watch", { description: message`Again every second, until interrupted.` }),
      json,
    }),
    { description: message`How a running server is, and who is connected.` },
  ),
  command(
    "kick",
    object({
      action: constant("kick"),
      name: argument(string({ metavar: "NAME" }), {
        description: message`The common name of the client.`,
      }),
      ...place,
      json,
    }),
    { description: message`End a client's sessions.` },
  ),
  command(
    "top",
    object({ action: constant("top"), ...place }),
    { description: message`Who sends and receives how much, live.` },
  ),
);

type Chosen = InferValue<typeof statusCommands>;
/** What `vpn status` was given. */
export type StatusArguments = Extract<Chosen, { action: "status" }>;
/** What `vpn kick` was given. */
export type KickArguments = Extract<Chosen, { action: "kick" }>;
/** What `vpn top` was given. */
export type TopArguments = Extract<Chosen, { action: "top" }>;
