/**
 * Who did what.
 *
 * @module
 */

import type { PortalContext } from "./environment.ts";
import type { PortalParts } from "./parts.ts";

/** Says in the log what the caller of this request has done. */
export function audit(
  context: PortalContext,
  { log }: Pick<PortalParts, "log">,
  what: string,
): void {
  const caller = context.get("caller");
  const name = caller === undefined
    ? "nobody"
    : caller.kind === "token"
    ? `token ${caller.name}`
    : caller.name;
  log.at(1, `portal: ${name} (${context.env.connection.address}) ${what}`);
}
