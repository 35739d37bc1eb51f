/**
 * What `vpn user` takes.
 *
 * @module
 */

import {
  argument,
  choice,
  command,
  constant,
  message,
  multiple,
  object,
  option,
  optional,
  or,
  string,
} from "@optique/core";
import type { InferValue } from "@optique/core";
import { path } from "@optique/run";
import { json, stateDirectory } from "./shared_options.ts";

const action = constant("user");

/** What every command about users takes. */
const common = {
  state: stateDirectory,
  file: optional(option("--file", path({ metavar: "FILE" }), {
    description:
      message`The file of users, as vpn-users names it, in place of the state directory's.`,
  })),
} as const;

const name = argument(string({ metavar: "NAME" }), { description: message`The user's name.` });

const names = multiple(
  argument(string({ metavar: "NAME" }), { description: message`The users' names.` }),
  { min: 1 },
);

const add = command(
  "add",
  object({
    action,
    operation: constant("add"),
    ...common,
    name,
    role: optional(option("--role", choice(["user", "admin"]), {
      description: message`What the user may do; an admin also uses the portal. Default: user.`,
    })),
    totp: option("--totp", { description: message`Ask for a one-time code with the password.` }),
  }),
  {
    description:
      message`Add a user. The password is asked for, or is the first line of standard input.`,
  },
);

const passwd = command(
  "passwd",
  object({ action, operation: constant("passwd"), ...common, name }),
  {
    description: message`Change a password; it is asked for, as by add. Ends the user's sessions.`,
  },
);

const totp = command(
  "totp",
  object({
    action,
    operation: constant("totp"),
    ...common,
    name,
    off: option("--off", { description: message`Ask for no one-time code any more.` }),
  }),
  { description: message`Enrol a user anew for one-time codes.` },
);

const list = command(
  "list",
  object({
    action,
    operation: constant("list"),
    ...common,
    json,
  }),
  { description: message`List the users.` },
);

const remove = command(
  "remove",
  object({ action, operation: constant("remove"), ...common, names }),
  { description: message`Remove users; a running server ends their sessions at once.` },
);

const disable = command(
  "disable",
  object({ action, operation: constant("disable"), ...common, names }),
  { description: message`Let users in no more; a running server ends their sessions at once.` },
);

const enable = command(
  "enable",
  object({ action, operation: constant("enable"), ...common, names }),
  { description: message`Let disabled users in again.` },
);

const operations = or(add, passwd, totp, list, remove, disable, enable);

/** What a command line of `vpn user` asks for; `operation` names the command. */
export type UserArguments = InferValue<typeof operations>;

/** What one of the commands was given. */
export type UserOperation<Name extends UserArguments["operation"]> = Extract<
  UserArguments,
  { operation: Name }
>;

/** The parser of its command line. */
export const userCommand = command("user", operations, {
  brief: message`Users with passwords.`,
  description: message`Manage the users that a server checks by password.`,
});
