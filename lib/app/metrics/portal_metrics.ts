/**
 * `/metrics` on the portal: for a token with the scope `metrics`, an administrator, or who comes
 * from an address that `metrics-allow` names.
 *
 * @module
 */

import type { Registry } from "prom-client";
import type { PortalApplication, PortalContext } from "../../portal/environment.ts";
import { RequestError } from "../../portal/refusal.ts";
import type { AllowedAddresses } from "./allowed_addresses.ts";

/** Registers it with the portal's application. */
export function portalMetrics(
  registry: Registry,
  allowed: AllowedAddresses,
): (app: PortalApplication) => void {
  return (app) => {
    app.get("/metrics", async (context) => {
      requireReader(context, allowed);
      return context.body(await registry.metrics(), 200, { "Content-Type": registry.contentType });
    });
  };
}

function requireReader(context: PortalContext, allowed: AllowedAddresses): void {
  if (allowed.has(context.env.connection.address)) return;
  const caller = context.get("caller");
  if (caller === undefined) throw new RequestError(401, "a token with the scope metrics is needed");
  const may = caller.kind === "token" ? caller.scopes.includes("metrics") : caller.role === "admin";
  if (!may) throw new RequestError(403, "that takes the scope metrics");
}
