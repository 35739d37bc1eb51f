/**
 * What `vpn portal` takes.
 *
 * @module
 */

import {
  argument,
  choice,
  command,
  constant,
  integer,
  message,
  multiple,
  object,
  option,
  optional,
  or,
  string,
} from "@optique/core";
import type { InferValue } from "@optique/core";
import { scopes } from "../../portal/scopes.ts";
import { json, stateDirectory } from "./shared_options.ts";

const action = constant("portal");

/** What every command about tokens takes. */
const common = {
  state: stateDirectory,
} as const;

const add = command(
  "add",
  object({
    action,
    operation: constant("token-add"),
    ...common,
    name: argument(string({ metavar: "NAME" }), { description: message`What it is called.` }),
    scopes: multiple(
      option("--scope", choice(scopes), {
        description: message`What it is good for; may be repeated. Default: read.`,
      }),
    ),
    days: optional(option("--days", integer({ metavar: "DAYS", min: 1, max: 3650 }), {
      description: message`How long it is good. Default: until it is revoked.`,
    })),
    json,
  }),
  {
    description: message`Make a token for a program that uses the portal's API. It is shown once.`,
  },
);

const list = command(
  "list",
  object({
    action,
    operation: constant("token-list"),
    ...common,
    json,
  }),
  { description: message`List the tokens; what they are is not kept.` },
);

const revoke = command(
  "revoke",
  object({
    action,
    operation: constant("token-revoke"),
    ...common,
    name: argument(string({ metavar: "NAME" }), { description: message`The token's name.` }),
  }),
  { description: message`Revoke a token; a running server takes it no more from now on.` },
);

const operations = command("token", or(add, list, revoke), {
  description: message`Tokens of programs that use the portal's API.`,
});

/** What a command line of `vpn portal` asks for; `operation` names the command. */
export type PortalArguments = InferValue<typeof operations>;

/** The parser of its command line. */
export const portalCommand = command("portal", operations, {
  brief: message`Tokens for the portal's API.`,
  description: message`Manage the tokens of programs that use the portal's API.`,
});
