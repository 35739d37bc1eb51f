/**
 * The portal of a configuration.
 *
 * @module
 */

import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined, resolveReference } from "./finish_common.ts";
import type { PortalOptions } from "./portal_options.ts";

/** Its options. */
export const portalOptionNames: readonly string[] = [
  "portal",
  "portal-cert",
  "portal-key",
  "portal-host",
];

/** A server's; undefined where it has none. */
export function serverPortal(draft: Draft): PortalOptions | undefined {
  const { portal } = draft;
  if (portal.address === undefined) {
    for (const option of portalOptionNames) {
      const position = draft.positions.get(option);
      if (position) throw new ConfigError(`"${option}" without "portal"`, "add it", position);
    }
    return undefined;
  }
  if (draft.process.state === undefined) {
    throw new ConfigError(
      `"portal" needs a state directory for its users`,
      `add "state DIRECTORY"`,
      draft.positions.get("portal"),
    );
  }
  for (const [one, other] of [["portal-cert", "portal-key"], ["portal-key", "portal-cert"]]) {
    if (draft.positions.has(one) && !draft.positions.has(other)) {
      throw new ConfigError(`"${one}" without "${other}"`, "add it", draft.positions.get(one));
    }
  }
  return defined({
    address: portal.address,
    certificate: resolveReference(draft, portal.certificate),
    key: resolveReference(draft, portal.key),
    hosts: [...portal.hosts],
  });
}
