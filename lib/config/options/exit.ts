/**
 * Exit nodes: options of ours, which OpenVPN does not know. A file for both has them behind
 * `setenv opt`.
 *
 * @module
 */

import type { ExitNodeRule } from "../exit_options.ts";
import { type OptionContext, rows } from "../option.ts";

/** Exit nodes. */
export const exitOptions = rows("exit nodes", [
  {
    name: "exit-node",
    usage: "[NAME] [for] [CLIENT…] [fallback] [server]",
    summary: "Ours: this server, or its client NAME, takes clients' Internet traffic",
    apply: (context, parameters) => {
      const { exit } = context.draft;
      if (parameters.length === 0) exit.server = true;
      else exit.rules.push(exitNodeRule(context, parameters));
    },
  },
  {
    name: "exit-out",
    usage: "DEVICE",
    summary: "Ours: the only interface by which that traffic may leave this machine",
    apply: (context, [device]) => {
      if (!/^[A-Za-z0-9_.@=+-]{1,15}$/.test(device)) {
        context.expected("the name of a network interface", device);
      }
      context.draft.exit.out = device;
    },
  },
  {
    name: "exit-choices",
    usage: "FILE",
    summary: "Ours: lines CLIENT EXIT, read again when changed; they go before exit-node",
    apply: ({ draft }, [path]) => void (draft.exit.choices = path),
  },
  {
    name: "advertise-exit",
    summary: "Ours: offer the server to take other clients' Internet traffic",
    apply: ({ draft }) => void (draft.exit.advertise = true),
  },
  {
    name: "use-exit",
    usage: "NAME",
    summary: "Ours: ask the server for that exit node, one of its clients or server",
    apply: ({ draft }, [name]) => void (draft.exit.use = name),
  },
]);

/** `NAME [for CLIENT…] [fallback server]`. */
function exitNodeRule(context: OptionContext, parameters: readonly string[]): ExitNodeRule {
  const [name, ...rest] = parameters;
  if (name === "server") context.fail(`"exit-node server": the server is "exit-node" alone`);
  let fallback: ExitNodeRule["fallback"] = "drop";
  const at = rest.lastIndexOf("fallback");
  if (at >= 0 && at === rest.length - 2) {
    if (rest[at + 1] !== "server") context.expected("server", rest[at + 1], ["server"]);
    fallback = "server";
    rest.splice(at);
  }
  if (rest.length === 0) return { name, fallback };
  if (rest[0] !== "for") context.expected(`"for" or "fallback server"`, rest[0], ["for"]);
  const clients = rest.slice(1);
  if (clients.length === 0) context.fail(`"exit-node ${name} for" names no client`);
  return { name, clients, fallback };
}
