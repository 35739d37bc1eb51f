/**
 * Metrics as a server's configuration and environment ask for them.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ServerConfig } from "../../config/mod.ts";
import type { PortalRoute } from "../../portal/parts.ts";
import { collects } from "../telemetry/start_telemetry.ts";
import type { MetricsSource } from "./server_metrics.ts";

/** Metrics that are to be had. */
export interface OpenMetrics extends AsyncDisposable {
  /** `/metrics` of the portal. */
  readonly route: PortalRoute;
}

/**
 * Opens what is asked for; loads nothing when nothing is.
 *
 * @throws {VpnError} naming what could not be had.
 */
export async function openMetrics(
  config: ServerConfig,
  source: MetricsSource,
  log: Log,
): Promise<OpenMetrics> {
  const { metrics, portal } = config;
  const exported = collects("metrics");
  await using opened = new AsyncDisposableStack();
  const asked = metrics?.address !== undefined || portal !== undefined || exported;
  if (!asked) return openMetricsOf(opened.move(), () => {});
  const { serverMetrics } = await import("./server_metrics.ts");
  const { AllowedAddresses } = await import("./allowed_addresses.ts");
  const registry = serverMetrics(source);
  if (exported) {
    const { exportMetrics } = await import("./telemetry.ts");
    opened.use(exportMetrics(registry, () => source.yieldWorker()));
    log.at(3, "Metrics go to an OpenTelemetry collector (OTEL_DENO)");
  }
  if (metrics?.address !== undefined) {
    const { openMetricsListener } = await import("./metrics_listener.ts");
    const allowed = AllowedAddresses.orLoopback(metrics.allow);
    opened.use(await openMetricsListener(metrics.address, allowed, registry, log));
  }
  if (portal === undefined) return openMetricsOf(opened.move(), () => {});
  const { portalMetrics } = await import("./portal_metrics.ts");
  const route = portalMetrics(registry, new AllowedAddresses(metrics?.allow ?? []));
  return openMetricsOf(opened.move(), route);
}

function openMetricsOf(resources: AsyncDisposable, route: PortalRoute): OpenMetrics {
  return { route, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() };
}
