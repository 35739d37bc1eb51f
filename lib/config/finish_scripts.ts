/**
 * Programs that the configuration names: those whose answer counts must be allowed to run.
 *
 * @module
 */

import type { ScriptOption } from "./config.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";

/** Without their answer the session would go on as if they had not been asked for. */
const deciding: readonly ScriptOption[] = [
  "tls-verify",
  "client-connect",
  "client-disconnect",
  "learn-address",
];

/** The programs by option. @throws {ConfigError} where one that decides could not be called. */
export function scriptOptions(draft: Draft): Draft["scripts"] {
  const security = draft.process.scriptSecurity ?? 1;
  for (const option of deciding) {
    if (draft.scripts[option] === undefined || security >= 2) continue;
    throw new ConfigError(
      `"${option}" names a program, and "script-security ${security}" allows none`,
      `add "script-security 2"`,
      draft.positions.get(option),
    );
  }
  return { ...draft.scripts };
}
