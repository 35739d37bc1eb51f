/**
 * The authority's service of a configuration.
 *
 * @module
 */

import type { AuthorityOptions } from "./authority_options.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined, resolveReference } from "./finish_common.ts";

/** Its options. */
export const authorityOptionNames: readonly string[] = [
  "http",
  "https",
  "https-cert",
  "https-key",
  "ca-passphrase-file",
];

/** A server's; undefined where it has no state directory. */
export function serverAuthority(draft: Draft): AuthorityOptions | undefined {
  const { authority } = draft;
  if (draft.process.state === undefined) {
    for (const option of authorityOptionNames) {
      const position = draft.positions.get(option);
      if (position === undefined) continue;
      throw new ConfigError(
        `"${option}" needs the authority of a state directory`,
        `add "state DIRECTORY"`,
        position,
      );
    }
    return undefined;
  }
  for (const [one, other] of [["https-cert", "https-key"], ["https-key", "https-cert"]]) {
    if (draft.positions.has(one) && !draft.positions.has(other)) {
      throw new ConfigError(`"${one}" without "${other}"`, "add it", draft.positions.get(one));
    }
  }
  if (authority.https === undefined && draft.positions.has("https-cert")) {
    throw new ConfigError(
      `"https-cert" without "https"`,
      "add it",
      draft.positions.get("https-cert"),
    );
  }
  return defined({
    http: authority.http,
    https: authority.https,
    httpsCert: resolveReference(draft, authority.httpsCert),
    httpsKey: resolveReference(draft, authority.httpsKey),
    passphraseFile: resolveReference(draft, authority.passphraseFile),
  });
}
