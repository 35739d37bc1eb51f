/**
 * An OpenTelemetry collector for tests: takes OTLP by HTTP (`http/json`) at 127.0.0.1:4318 and
 * prints what it is sent, a line each: `span {…}`, `metric vpn_… VALUE`, `log {…}`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- that is how it tells the test

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A value is an object with one member, named after its type (opentelemetry-proto, common.proto). */
function plain(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}

const kinds = ["unspecified", "internal", "server", "client"];

// deno-lint-ignore no-explicit-any -- OTLP's JSON, as it comes
function print(body: any): void {
  for (const { scopeSpans } of body.resourceSpans ?? []) {
    for (const { scope, spans } of scopeSpans) {
      for (const span of spans) {
        const { name, traceId, spanId, parentSpanId, kind, status } = span;
        const said = {
          ...{ scope: scope.name, name, traceId, spanId, parentSpanId, kind: kinds[kind] },
          milliseconds: (Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6,
          failed: status?.code === 2,
          message: status?.message ?? "",
          attributes: plain(span.attributes),
          events: (span.events ?? []).map((event: { name: string; attributes: Attribute[] }) => ({
            name: event.name,
            attributes: plain(event.attributes),
          })),
          links: (span.links ?? []).map((link: { spanId: string }) => link.spanId),
        };
        console.log(`span ${JSON.stringify(said)}`);
      }
    }
  }
  for (const { scopeMetrics } of body.resourceMetrics ?? []) {
    for (const { metrics } of scopeMetrics) {
      for (const { name, sum, gauge } of metrics) {
        if (!name.startsWith("vpn_")) continue; // Deno's own are many.
        for (const point of (sum ?? gauge)?.dataPoints ?? []) {
          console.log(`metric ${name} ${point.asDouble ?? point.asInt}`);
        }
      }
    }
  }
  for (const { scopeLogs } of body.resourceLogs ?? []) {
    for (const { logRecords } of scopeLogs) {
      for (const { severityText, body } of logRecords) {
        console.log(`log ${JSON.stringify({ level: severityText, text: body.stringValue })}`);
      }
    }
  }
}

Deno.serve(
  { hostname: "127.0.0.1", port: 4318, onListen: () => console.log("listening") },
  async (request) => {
    print(await request.json());
    return new Response("{}", { headers: { "Content-Type": "application/json" } });
  },
);
