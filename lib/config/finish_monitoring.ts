/**
 * Metrics and the control socket of a configuration.
 *
 * @module
 */

import { join } from "node:path";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined, resolvePath } from "./finish_common.ts";
import type { ControlSocketOptions, MetricsOptions } from "./monitoring_options.ts";

/** Their options. */
export const monitoringOptionNames: readonly string[] = [
  "metrics",
  "metrics-allow",
  "control-socket",
];

/** The socket's name in a state directory. */
export const controlSocketName = "control.sock";

/** Who may read metrics, and where; undefined where nobody may. */
export function serverMetrics(draft: Draft): MetricsOptions | undefined {
  const { metrics: address, allow } = draft.monitoring;
  if (address === undefined && allow.length === 0) return undefined;
  if (address === undefined && !draft.positions.has("portal")) {
    throw new ConfigError(
      `"metrics-allow" without "metrics"`,
      `add "metrics PORT"`,
      draft.positions.get("metrics-allow"),
    );
  }
  if (address !== undefined && allow.length === 0 && !isLoopback(address.host)) {
    throw new ConfigError(
      `"metrics" at ${address.host} would let everybody read them who reaches it`,
      `name who may with "metrics-allow"`,
      draft.positions.get("metrics"),
    );
  }
  return defined({ address, allow: [...allow] });
}

function isLoopback(host: string | undefined): boolean {
  return host === "localhost" || host === "::1" ||
    host !== undefined && /^127(\.\d+){3}$/.test(host);
}

/** Where commands ask; undefined where they can't. */
export function controlSocket(draft: Draft): ControlSocketOptions | undefined {
  const { controlSocket: given } = draft.monitoring;
  if (given === "none") return undefined;
  if (given !== undefined) return { path: resolvePath(draft, given), required: true };
  const { state } = draft.process;
  if (state === undefined) return undefined;
  return { path: join(resolvePath(draft, state), controlSocketName), required: false };
}
