/**
 * The management interface. (OpenVPN's management-options.rst.)
 *
 * @module
 */

import type { ManagementOptions } from "../management_options.ts";
import { type OptionContext, type OptionRow, rows } from "../option.ts";
import * as parse from "../parameters.ts";

/** Names of what is on or off. */
type Flag = {
  [Name in keyof ManagementOptions]-?: ManagementOptions[Name] extends boolean ? Name : never;
}[keyof ManagementOptions];

const flag = (name: string, field: Flag, summary: string) => ({
  name,
  summary,
  apply: ({ draft }: OptionContext) => void (draft.management[field] = true),
});

const external = "Signing outside of the program isn't possible with this TLS library";

/** The management interface. */
export const managementOptionRows: readonly OptionRow[] = rows("management interface", [
  {
    name: "management",
    usage: "ADDRESS PORT|unix [PASSWORD-FILE]",
    summary: "Interface for other programs",
    apply: (context, [address, port, passwordFile]) => {
      const { management } = context.draft;
      if (port === "unix") management.address = { kind: "unix", path: address };
      else if (address === "tunnel") {
        context.fail(
          `"management tunnel" listens inside the tunnel, where any client may reach it`,
          `write "management 127.0.0.1 ${port}"`,
        );
      } else {
        management.address = {
          kind: "tcp",
          hostname: parse.host(context, address),
          port: parse.port(context, port),
        };
      }
      if (passwordFile === "stdin") {
        context.fail(`"management … stdin" isn't supported`, "name a file for the password");
      }
      management.passwordFile = passwordFile;
    },
  },
  {
    name: "management-client-user",
    usage: "USER",
    summary: "Only that user's programs, by a unix socket",
    apply: ({ draft }, [user]) => void (draft.management.user = user),
  },
  {
    name: "management-client-group",
    usage: "GROUP",
    summary: "Only programs of that group, by a unix socket",
    apply: ({ draft }, [group]) => void (draft.management.group = group),
  },
  flag("management-query-passwords", "queryPasswords", "Ask there for passwords"),
  flag("management-query-remote", "queryRemote", "Ask there for the remote"),
  flag("management-hold", "hold", "Start when told there"),
  flag("management-signal", "signalOnDisconnect", "SIGUSR1 when a management client goes"),
  flag("management-forget-disconnect", "forgetOnDisconnect", "Forget passwords when one goes"),
  flag("management-up-down", "upDown", "Report there when the tunnel is up or down"),
  flag("management-client", "connectOut", "Connect to it rather than listen"),
  flag("management-client-auth", "clientAuth", "Ask there whether a client may come in"),
  {
    name: "management-log-cache",
    usage: "N",
    summary: "Log lines that it keeps (250)",
    apply: (context, [text]) => {
      context.draft.management.logCache = parse.integer(context, text, 1, 100_000);
    },
  },
  {
    name: "management-query-proxy",
    class: "refused",
    summary: "HTTP and SOCKS proxies aren't supported for now",
    remedy: "remove it",
  },
  {
    name: "management-external-key",
    class: "refused",
    summary: external,
    remedy: `write "key FILE"`,
  },
  {
    name: "management-external-cert",
    class: "refused",
    summary: external,
    remedy: `write "cert FILE"`,
  },
]);
