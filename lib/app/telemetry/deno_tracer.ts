/**
 * Spans by what Deno has for that: it sends them by OTLP to where the environment says.
 *
 * @module
 */

import type * as otel from "@opentelemetry/api";
import { programVersion } from "../../base/version.ts";
import type { Attributes, Span, SpanKind, SpanOptions, Tracer } from "../../base/tracing.ts";
import { redactAddresses } from "./redacted_addresses.ts";

/** Where a context keeps its span (@opentelemetry/api, `trace/context-utils`). */
const spanKey = Symbol.for("OpenTelemetry Context Key SPAN");

/** OpenTelemetry's numbers (@opentelemetry/api, `SpanKind`, `SpanStatusCode`). */
const kinds: Readonly<Record<SpanKind, otel.SpanKind>> = { internal: 0, server: 1, client: 2 };
const errorStatus: otel.SpanStatusCode = 2;

/** Makes spans of OpenTelemetry's. */
export function denoTracer(): Tracer {
  const provider = Deno.telemetry.tracerProvider as otel.TracerProvider;
  const contexts = Deno.telemetry.contextManager as otel.ContextManager;
  const tracer = provider.getTracer("vpn", programVersion);
  redactAddresses(tracer);
  return {
    start: (name, options) => new OtelSpan(startSpan(tracer, name, options)),
    within: (span, work) => {
      const { inner } = span as OtelSpan;
      return contexts.with(contexts.active().setValue(spanKey, inner), work);
    },
    ofRequest,
  };
}

function startSpan(
  tracer: otel.Tracer,
  name: string,
  { kind = "internal", attributes = {}, follows }: SpanOptions = {},
): otel.Span {
  const links = follows === undefined
    ? []
    : [{ context: (follows as OtelSpan).inner.spanContext() }];
  const root = follows !== undefined;
  return tracer.startSpan(name, { kind: kinds[kind], attributes: { ...attributes }, links, root });
}

/**
 * Deno's servers for Node begin a span per request, and run the handler outside of it. They keep it
 * in the response (HTTP/1.1) or its stream (HTTP/2) under a symbol of that name; where it is not
 * found, what the handler does stands for itself.
 */
function ofRequest(response: object): OtelSpan | undefined {
  const { stream } = response as { readonly stream?: object };
  for (const holder of [response, stream ?? {}]) {
    const key = Object.getOwnPropertySymbols(holder)
      .find(({ description }) => description === "kOtelSpan");
    const span = key && (holder as Record<symbol, otel.Span | null | undefined>)[key];
    if (span) return new OtelSpan(span);
  }
  return undefined;
}

/** A span of OpenTelemetry's, ours or one that Deno has begun. */
export class OtelSpan implements Span {
  constructor(readonly inner: otel.Span) {}

  set(attributes: Attributes): void {
    this.inner.setAttributes({ ...attributes });
  }

  event(name: string, attributes: Attributes = {}): void {
    this.inner.addEvent(name, { ...attributes });
  }

  fail(type: string, message?: string): void {
    this.inner.setAttribute("error.type", type);
    this.inner.setStatus({ code: errorStatus, message });
  }

  end(): void {
    this.inner.end();
  }
}
