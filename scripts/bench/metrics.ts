/**
 * What is measured, in which unit.
 *
 * @module
 */

/** One thing that is measured. */
export interface Metric {
  /** `#` stands for the number of clients. */
  readonly title: string;
  readonly unit: string;
  /** Which way is good. */
  readonly better: "higher" | "lower";
}

const rate = { unit: "Mbit/s", better: "higher" } as const;
const cost = { unit: "CPU-s/GB", better: "lower" } as const;
const packets = { unit: "packets/s", better: "higher" } as const;
const time = { unit: "ms", better: "lower" } as const;
const memory = { unit: "MB", better: "lower" } as const;

/**
 * All of it, in the order of the table. Up: from client to server. M, k, G: powers of 1,000.
 * docs/benchmarks.md (markdown.ts) says how each one is measured.
 */
export const metrics = {
  "tcp1-up": { title: "one TCP stream up", ...rate },
  "tcp1-down": { title: "one TCP stream down", ...rate },
  "tcp4-up": { title: "four TCP streams up", ...rate },
  "tcp4-down": { title: "four TCP streams down", ...rate },
  "cpu-up-client": { title: "CPU of the client, one stream up", ...cost },
  "cpu-up-server": { title: "CPU of the server, one stream up", ...cost },
  "cpu-down-client": { title: "CPU of the client, one stream down", ...cost },
  "cpu-down-server": { title: "CPU of the server, one stream down", ...cost },
  "udp64": { title: "UDP of 64 bytes without loss", ...packets },
  "udp1200": { title: "UDP of 1,200 bytes without loss", ...packets },
  "rtt-idle": { title: "round-trip time, idle", ...time },
  "rtt-load": { title: "round-trip time, one TCP stream up", ...time },
  "rtt-added": { title: "round-trip time that the load adds", ...time },
  "connect": { title: "start to Initialization Sequence Completed", ...time },
  "memory-idle": { title: "server memory (RSS), no client", ...memory },
  "memory-one": { title: "server memory (RSS), 1 client", ...memory },
  "memory-many": { title: "server memory (RSS), # clients", ...memory },
  "memory-client": { title: "server memory (RSS) per further client", unit: "kB", better: "lower" },
  "pss-one": { title: "server memory (PSS), 1 client", ...memory },
  "pss-many": { title: "server memory (PSS), # clients", ...memory },
  "idle-cpu": { title: "server CPU, # idle clients", unit: "% of a core", better: "lower" },
  "sessions": { title: "new sessions", unit: "per second", better: "higher" },
  "session-cpu": { title: "server CPU per new session", ...time },
} as const satisfies Record<string, Metric>;

/** Name of a metric. */
export type MetricId = keyof typeof metrics;

/** All names, in the order of the table. */
export const metricIds = Object.keys(metrics) as readonly MetricId[];

/** What became of one round's measurements: values by metric, in its unit. */
export type Measured = Partial<Record<MetricId, number>>;
