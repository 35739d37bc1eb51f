/**
 * Metrics that are read when they are asked for, with one label or none.
 *
 * @module
 */

import { Counter, Gauge, type Registry } from "prom-client";

/** A value, or one for each value of a label. */
export type Values = number | undefined | Readonly<Record<string, number>>;

/** How a metric is defined. */
export interface MetricDefinitions {
  /** A value that goes up and down. */
  gauge(
    name: string,
    help: string,
    read: () => Values,
    label?: string,
    constant?: Readonly<Record<string, string>>,
  ): void;
  /** A value that only rises. */
  counter(name: string, help: string, read: () => Values, label?: string): void;
}

/** Defines metrics of that registry. */
export function metricDefinitions(registry: Registry): MetricDefinitions {
  return {
    gauge: (name, help, read, label, constant = {}) => {
      const labelNames = [...Object.keys(constant), ...label === undefined ? [] : [label]];
      const collect = () => {
        gauge.reset();
        // Without a value there is no sample: 0 would be one.
        if (labelNames.length === 0) gauge.remove();
        for (const [key, value] of entries(read())) {
          gauge.set({ ...constant, ...key !== undefined && { [label!]: key } }, value);
        }
      };
      const gauge = new Gauge({ name, help, labelNames, registers: [registry], collect });
    },
    counter: (name, help, read, label) => {
      const collect = () => {
        counter.reset();
        for (const [key, value] of entries(read())) {
          counter.inc(key === undefined ? {} : { [label!]: key }, value);
        }
      };
      const labelNames = label === undefined ? [] : [label];
      const counter = new Counter({ name, help, labelNames, registers: [registry], collect });
    },
  };
}

function entries(values: Values): [string | undefined, number][] {
  if (values === undefined) return [];
  return typeof values === "number" ? [[undefined, values]] : Object.entries(values);
}
