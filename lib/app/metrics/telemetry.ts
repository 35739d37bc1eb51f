/**
 * The same metrics for an OpenTelemetry collector, by what Deno has for that (`OTEL_DENO=true`): it
 * sends them by OTLP, every so often, to where the environment says.
 *
 * @module
 */

import type { Registry } from "prom-client";
import { programVersion } from "../../base/version.ts";

/** What is used of OpenTelemetry's `Meter` and `ObservableResult` (its API for JavaScript). */
interface Meter {
  createObservableGauge(name: string, options: { description: string }): Observable;
  createObservableCounter(name: string, options: { description: string }): Observable;
}

interface Observable {
  addCallback(read: (result: ObservableResult) => Promise<void>): void;
  removeCallback(read: (result: ObservableResult) => Promise<void>): void;
}

interface ObservableResult {
  observe(value: number, attributes: Record<string, string | number>): void;
}

/** One of prom-client's metrics as its registry gives it out. */
interface TakenMetric {
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
  }[];
}

/**
 * How often the packets' thread is asked to yield, ms: Deno asks every thread for its own metrics
 * before it sends any, and that one waits in epoll. A yield holds packets up by some ms.
 */
const yieldInterval = 1000;

/** Has Deno export them, until that is disposed of. */
export function exportMetrics(registry: Registry, yieldWorker: () => void): Disposable {
  const exported = new DisposableStack();
  const timer = setInterval(yieldWorker, yieldInterval);
  exported.defer(() => clearInterval(timer));
  const meter = Deno.telemetry.meterProvider.getMeter("vpn", programVersion) as Meter;
  for (const { name, help: description, type } of registry.getMetricsAsArray()) {
    // prom-client's types say that this is a number of an enumeration; it is the word.
    const instrument = String(type) === "counter"
      ? meter.createObservableCounter(name, { description })
      : meter.createObservableGauge(name, { description });
    const read = async (result: ObservableResult) => {
      const metric = registry.getSingleMetric(name);
      const { values } = await metric!.get() as TakenMetric;
      for (const { value, labels } of values) result.observe(value, defined(labels));
    };
    instrument.addCallback(read);
    exported.defer(() => instrument.removeCallback(read));
  }
  return exported;
}

function defined(
  labels: Readonly<Record<string, string | number | undefined>>,
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string | number] =>
      entry[1] !== undefined
    ),
  );
}
