/**
 * `vpn portal token …`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { defaultStateDirectory } from "../../pki/state_files.ts";
import { type ApiToken, apiTokenPath, ApiTokens } from "../../portal/api_tokens.ts";
import { dayAndDistance } from "../authority/entry_state.ts";
import {
  type Cell,
  formatTable,
  print,
  printJson,
  remark,
  takesColours,
} from "../authority/terminal.ts";
import { ExitCode } from "../exit_code.ts";
import type { PortalArguments } from "./portal_options.ts";

const day = 86_400_000;

/** Runs a command about tokens; the exit code. What fails throws. */
export async function portal(given: PortalArguments): Promise<number> {
  const tokens = await tokensOf(given);
  switch (given.operation) {
    case "token-add": {
      const { name, days, json } = given;
      const expires = days === undefined ? undefined : Date.now() + days * day;
      const scopes = given.scopes.length === 0 ? ["read" as const] : given.scopes;
      const { text, token } = await tokens.add({ name, scopes, expires });
      if (json) printJson({ ...shown(token), token: text });
      else {
        print(text);
        remark(`The token ${name} is shown this once. Use it as Authorization: Bearer TOKEN.`);
      }
      break;
    }
    case "token-list":
      list(await tokens.list(), given.json);
      break;
    case "token-revoke":
      if (await tokens.revoke(given.name)) break;
      throw new VpnError(`there is no token ${given.name}`, "look at vpn portal token list");
  }
  return ExitCode.success;
}

function list(tokens: readonly ApiToken[], json: boolean): void {
  if (json) return printJson(tokens.map(shown));
  if (tokens.length === 0) return print("There are no tokens yet: vpn portal token add NAME");
  const now = Date.now();
  const rows = tokens.map(({ name, scopes, createdAt, expires }): Cell[] => [
    name,
    scopes.join(", "),
    dayAndDistance(createdAt, now),
    expires === undefined
      ? "never"
      : { text: dayAndDistance(expires, now), tone: expires > now ? "good" : "bad" },
  ]);
  print(...formatTable(["NAME", "SCOPES", "MADE", "ENDS"], rows, takesColours()));
}

function shown({ name, scopes, createdAt, expires }: ApiToken): Record<string, unknown> {
  const iso = (time: number) => new Date(time).toISOString();
  return {
    name,
    scopes,
    createdAt: iso(createdAt),
    ...expires !== undefined && { expires: iso(expires) },
  };
}

async function tokensOf({ state = defaultStateDirectory }: PortalArguments): Promise<ApiTokens> {
  const found = await Deno.stat(state).catch(() => undefined);
  if (found?.isDirectory) return new ApiTokens(apiTokenPath(state));
  throw new VpnError(
    `there is no state directory ${state}`,
    "start vpn serve once, or name one with --state",
  );
}
