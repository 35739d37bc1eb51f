/**
 * What our program sends to an OpenTelemetry collector.
 *
 * @module
 */

import type { NetworkNamespace } from "./namespace.ts";
import type { ManagedProcess } from "./process.ts";

const program = new URL("collector_program.ts", import.meta.url).pathname;

/** A span as the collector got it. */
export interface CollectedSpan {
  /** `vpn`: one of ours; `deno`: the runtime's. */
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly kind: string;
  readonly milliseconds: number;
  readonly failed: boolean;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  /** Spans that it points at. */
  readonly links: readonly string[];
}

/** A collector in a namespace. */
export class Collector implements AsyncDisposable {
  private constructor(readonly process: ManagedProcess) {}

  /** What has programs in that namespace send to it, and soon. */
  static readonly environment: Record<string, string> = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_BLRP_SCHEDULE_DELAY: "200",
  };

  /** Starts one; resolves when it listens. */
  static async start(namespace: NetworkNamespace): Promise<Collector> {
    const process = namespace.spawn([Deno.execPath(), "run", "-A", "--no-config", program]);
    await process.waitForLine(/^listening$/);
    return new Collector(process);
  }

  /** What has come so far. */
  get spans(): CollectedSpan[] {
    return this.process.lines()
      .filter((line) => line.startsWith("span "))
      .map((line) => JSON.parse(line.slice(5)) as CollectedSpan);
  }

  /** All that has come so far, as text. */
  get output(): string {
    return this.process.output;
  }

  /** Waits for a span. */
  async span(
    name: string,
    is: (span: CollectedSpan) => boolean = () => true,
  ): Promise<CollectedSpan> {
    const fits = (span: CollectedSpan) => span.name === name && is(span);
    for (;;) {
      const after = this.process.lineCount;
      const found = this.spans.find(fits);
      if (found !== undefined) return found;
      await this.process.waitForLine(/^span /, { after });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
