/**
 * Whether the environment has Deno's OpenTelemetry on, and what then has to be done at the start.
 *
 * @module
 */

import { processTracer, setProcessTracer } from "../../base/tracing.ts";

/** Where Deno registers what is on, as OpenTelemetry's API for JavaScript does (`_global_`). */
const registration = Symbol.for("opentelemetry.js.api.1");

/** Whether Deno collects that: `OTEL_DENO`, `OTEL_DENO_TRACING` and `OTEL_DENO_METRICS` say so. */
export function collects(signal: "trace" | "metrics"): boolean {
  const registered = (globalThis as { readonly [registration]?: Record<string, unknown> })[
    registration
  ];
  return registered?.[signal] !== undefined;
}

/** Whether what goes to the console goes to the collector alone (`OTEL_DENO_CONSOLE=replace`). */
export function collectsConsole(): boolean {
  const collecting = collects("trace") || collects("metrics");
  return collecting && Deno.env.get("OTEL_DENO_CONSOLE") === "replace";
}

/** Has spans made where Deno collects them; loads nothing otherwise. May be called again. */
export async function startTracing(): Promise<void> {
  if (!collects("trace") || processTracer() !== undefined) return;
  const { denoTracer } = await import("./deno_tracer.ts");
  setProcessTracer(denoTracer());
}
