/**
 * Spans: what takes time and can fail, for whoever collects them. Nothing is made where nobody
 * does; who does is set once, at the start of the process (see `lib/app/telemetry`).
 *
 * Names and meanings are OpenTelemetry's. What goes into a span goes to another machine: never a
 * key, password, token or whole certificate, and nothing that the log doesn't say as well.
 *
 * @module
 */

import { errorLine } from "./errors.ts";

/** What is known of a span or an event. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Which side of a conversation a span is; `internal`: none. */
export type SpanKind = "internal" | "server" | "client";

/** Something that takes time. */
export interface Span {
  /** Adds what has become known. */
  set(attributes: Attributes): void;
  /** Something happened meanwhile. */
  event(name: string, attributes?: Attributes): void;
  /** It came to nothing. `type`: a word of a bounded set (`error.type`); `message`: for people. */
  fail(type: string, message?: string): void;
  /** It is over. */
  end(): void;
}

/** How a span begins. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** A trace of its own that points at this span; otherwise a part of what runs now. */
  readonly follows?: Span;
}

/** Who makes spans. */
export interface Tracer {
  /** Begins a span. */
  start(name: string, options?: SpanOptions): Span;
  /** Runs work, and all that it begins, as a part of a span. */
  within<T>(span: Span, work: () => T): T;
  /** The span that the runtime has begun for a request that this answers; undefined: none. */
  ofRequest(response: object): Span | undefined;
}

let current: Tracer | undefined;

/** The process's; undefined: nobody collects spans. */
export function processTracer(): Tracer | undefined {
  return current;
}

/** Has spans made from here on, or no more. */
export function setProcessTracer(tracer: Tracer | undefined): void {
  current = tracer;
}

/** Does work for a request as a part of the span that the runtime has made for it. */
export function withinRequest<T>(response: object, work: () => T): T {
  const span = current?.ofRequest(response);
  return current === undefined || span === undefined ? work() : current.within(span, work);
}

/** Does work as a span of its own, where spans are collected. */
export async function traced<T>(
  name: string,
  attributes: Attributes,
  work: () => T | Promise<T>,
): Promise<T> {
  const tracer = current;
  if (tracer === undefined) return await work();
  const span = tracer.start(name, { attributes });
  try {
    return await tracer.within(span, work);
  } catch (error) {
    span.fail(error instanceof Error ? error.name : "error", errorLine(error));
    throw error;
  } finally {
    span.end();
  }
}
