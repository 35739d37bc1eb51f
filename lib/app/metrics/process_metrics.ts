/**
 * The process in figures, by the names that Prometheus's client libraries have in common. (Those of
 * prom-client's own also keep timers and observers running, which this does without.)
 *
 * @module
 */

import process from "node:process";
import type { MetricDefinitions } from "./metric_definitions.ts";

/** Adds them. */
export function registerProcessMetrics({ gauge, counter }: MetricDefinitions): void {
  const startedAt = (Date.now() - performance.now()) / 1000;
  gauge("process_start_time_seconds", "When the process started, since 1970", () => startedAt);
  counter("process_cpu_seconds_total", "Time of the processors that it took", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge("process_resident_memory_bytes", "Memory that it has", () => Deno.memoryUsage().rss);
  gauge(
    "process_heap_bytes",
    "Memory of its main thread's heap",
    () => Deno.memoryUsage().heapUsed,
  );
  gauge("process_open_fds", "Files and sockets that it has open", openFiles);
}

function openFiles(): number | undefined {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return undefined; // After privileges were dropped it is root's.
  }
}
