/**
 * Which keys protect the control channel: `tls-auth`, `tls-crypt`, `tls-crypt-v2`.
 *
 * @module
 */

import type { ControlChannelKey, TlsCryptV2Options } from "./config.ts";
import type { ConnectionDraft, Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined, resolveReference } from "./finish_common.ts";

/** The one control channel key of a connection, or the global one. */
export function controlKey(
  draft: Draft,
  connection: ConnectionDraft,
): ControlChannelKey | undefined {
  const own = Object.keys(connection.controlKeys).length > 0 ? connection : draft.connection;
  return oneKey(draft, own, ["tls-auth", "tls-crypt", "tls-crypt-v2"]);
}

/** A server's: with `tls-crypt-v2` there may be a key for clients without one of their own. */
export function serverControlKeys(draft: Draft): {
  readonly controlKey?: ControlChannelKey;
  readonly groupControlKey?: ControlChannelKey;
  readonly tlsCryptV2: TlsCryptV2Options;
} {
  const own = oneKey(draft, draft.connection, ["tls-crypt-v2"]);
  const group = oneKey(draft, draft.connection, ["tls-auth", "tls-crypt"]);
  const tlsCryptV2 = defined({
    ...draft.tlsCryptV2,
    revoked: resolveReference(draft, draft.tlsCryptV2.revoked),
  });
  requireScriptSecurity(draft);
  if (own !== undefined) return defined({ controlKey: own, groupControlKey: group, tlsCryptV2 });
  for (const option of ["verify", "max-age", "revoked"]) {
    const position = draft.positions.get(`tls-crypt-v2-${option}`);
    if (position !== undefined) {
      throw new ConfigError(`"${position.option}" without "tls-crypt-v2"`, "add it", position);
    }
  }
  return defined({ controlKey: group, tlsCryptV2 });
}

/** A program that decides and may not run would let nobody in. */
function requireScriptSecurity(draft: Draft): void {
  if (draft.tlsCryptV2.verify === undefined || (draft.process.scriptSecurity ?? 1) >= 2) return;
  throw new ConfigError(
    `"tls-crypt-v2-verify" calls a program, which "script-security" doesn't allow`,
    `add "script-security 2"`,
    draft.positions.get("tls-crypt-v2-verify"),
  );
}

function oneKey(
  draft: Draft,
  from: ConnectionDraft,
  kinds: readonly ControlChannelKey["kind"][],
): ControlChannelKey | undefined {
  const [kind, other] = kinds.filter((candidate) => from.controlKeys[candidate] !== undefined);
  if (kind === undefined) return undefined;
  if (other !== undefined) {
    throw new ConfigError(
      `"${kind}" and "${other}" exclude each other`,
      "remove one",
      from.controlKeys[other]?.position,
    );
  }
  const key = resolveReference(draft, from.controlKeys[kind]?.file);
  if (key === undefined) return undefined;
  const direction = kind === "tls-auth" ? from.keyDirection : undefined;
  return direction === undefined ? { kind, key } : { kind, key, direction };
}
