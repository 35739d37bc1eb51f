/**
 * Exit nodes of a configuration: which role may say what of them.
 *
 * @module
 */

import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import type { ClientExitOptions, ServerExitOptions } from "./exit_options.ts";
import { defined, resolvePath } from "./finish_common.ts";

/** A server's exit nodes; undefined where it has none. */
export function serverExit(draft: Draft): ServerExitOptions | undefined {
  const { server = false, out, rules } = draft.exit;
  const { state } = draft.process;
  // A server with a state directory can always be told, also if nobody thought of it at its start.
  const choices = draft.exit.choices ?? (state === undefined ? undefined : `${state}/exit-choices`);
  refuse(draft, "advertise-exit", "is for clients", `write "exit-node"`);
  refuse(draft, "use-exit", "is for clients", `write "exit-node NAME for CLIENT"`);
  if (!server) refuse(draft, "exit-out", `without "exit-node"`, "add it");
  if (!server) {
    const rule = rules.find(({ fallback }) => fallback === "server");
    if (rule !== undefined) {
      throw new ConfigError(
        `"exit-node ${rule.name}" falls back to a server that is no exit node`,
        `add a line "exit-node"`,
        draft.positions.get("exit-node"),
      );
    }
  }
  if (!server && rules.length === 0 && choices === undefined) return undefined;
  return defined({
    server,
    out,
    rules: [...rules],
    choices: choices === undefined ? undefined : resolvePath(draft, choices),
  });
}

/** Whether a client is an exit node. */
export function clientExit(draft: Draft): ClientExitOptions | undefined {
  refuse(draft, "exit-node", "is for servers", `write "advertise-exit"`);
  refuse(draft, "exit-choices", "is for servers", "remove it");
  if (!draft.exit.advertise) {
    refuse(draft, "exit-out", `without "advertise-exit"`, "add it");
    return undefined;
  }
  const problem = `with "advertise-exit": what is sent on for others would come back`;
  refuse(draft, "redirect-gateway", problem, "remove it");
  refuse(draft, "use-exit", problem, "remove it");
  refuse(draft, "kill-switch", `with "advertise-exit": it stops what is sent on`, "remove it");
  return defined({ out: draft.exit.out });
}

function refuse(draft: Draft, option: string, problem: string, remedy: string): void {
  const position = draft.positions.get(option);
  if (position !== undefined) throw new ConfigError(`"${option}" ${problem}`, remedy, position);
}
