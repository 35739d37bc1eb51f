/**
 * How a server checks its users.
 * (OpenVPN's server-options.rst and script-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";

/** How a server checks its users. */
export const loginOptionRows = rows("users", [
  {
    name: "vpn-users",
    usage: "FILE",
    summary: "Ours: users with password and one-time code, as vpn user makes them",
    apply: (context, [path]) => void (context.draft.vpnUsers = context.file(path)),
  },
  {
    name: "auth-user-pass-verify",
    usage: "COMMAND via-env|via-file",
    class: "script",
    summary: "Whether a password is right",
    apply: (context, [command, method]) => {
      context.draft.authUserPassVerify = {
        command,
        method: parse.word(context, method, ["via-env", "via-file"]),
      };
    },
  },
  {
    name: "auth-user-pass-optional",
    summary: "Let clients come without a user name",
    apply: ({ draft }) => void (draft.authUserPassOptional = true),
  },
  {
    name: "auth-gen-token",
    usage: "[LIFETIME] [RENEWAL] [external-auth]",
    summary: "Give clients a token in place of their password",
    apply: (context, [lifetime = "0", ...rest]) => {
      const externalAuth = rest.at(-1) === "external-auth";
      const [renewal, surplus] = externalAuth ? rest.slice(0, -1) : rest;
      if (surplus !== undefined) context.expected(`"external-auth"`, surplus);
      context.draft.authGenToken = {
        lifetime: parse.seconds(context, lifetime),
        ...renewalOf(context, renewal),
        externalAuth,
      };
    },
  },
  {
    name: "auth-gen-token-secret",
    usage: "FILE",
    where: ["main", "inline"],
    summary: "Key of those tokens",
    apply: (context, [path]) => void (context.draft.authGenTokenSecret = context.file(path)),
  },
]);

/** 0 stands for reneg-sec, as where nothing is said. */
function renewalOf(context: OptionContext, text: string | undefined): { renewal?: number } {
  const renewal = text === undefined ? 0 : parse.seconds(context, text);
  return renewal === 0 ? {} : { renewal };
}
