import assert from "node:assert/strict";
import {
  processTracer,
  setProcessTracer,
  type Span,
  traced,
  type Tracer,
  withinRequest,
} from "../../../lib/base/tracing.ts";
import { startTracing } from "../../../lib/app/telemetry/start_telemetry.ts";

/** Writes down what spans go through. */
class RecordingTracer implements Tracer {
  readonly said: string[] = [];
  readonly requests = new Map<object, Span>();
  #depth = 0;

  start(name: string): Span {
    this.said.push(`${name} begins at ${this.#depth}`);
    return {
      set: () => {},
      event: () => {},
      fail: (type, message) => void this.said.push(`${name} fails: ${type}: ${message}`),
      end: () => void this.said.push(`${name} ends`),
    };
  }

  within<T>(_span: Span, work: () => T): T {
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }

  ofRequest(response: object): Span | undefined {
    return this.requests.get(response);
  }
}

async function withTracer(work: (tracer: RecordingTracer) => Promise<void>): Promise<void> {
  const tracer = new RecordingTracer();
  setProcessTracer(tracer);
  try {
    await work(tracer);
  } finally {
    setProcessTracer(undefined);
  }
}

Deno.test("without a collector work is only done, and its failure is its own", async () => {
  await startTracing(); // The tests have no OTEL_DENO.
  assert.equal(processTracer(), undefined);
  assert.equal(await traced("issue", {}, () => 7), 7);
  const failure = new Error("disk full");
  await assert.rejects(traced("issue", {}, () => Promise.reject(failure)), failure);
  assert.equal(withinRequest({}, () => 8), 8);
});

Deno.test("work is a span, and what it begins is inside; a failure is said and goes on", async () => {
  await withTracer(async (tracer) => {
    const inner = () => traced("inner", {}, () => Promise.resolve(1));
    assert.equal(await traced("outer", {}, inner), 1);
    const failure = new TypeError("disk full");
    await assert.rejects(
      traced("failing", {}, () => {
        throw failure;
      }),
      failure,
    );
    assert.deepEqual(tracer.said, [
      ...["outer begins at 0", "inner begins at 1", "inner ends", "outer ends"],
      ...["failing begins at 0", "failing fails: TypeError: disk full", "failing ends"],
    ]);
  });
});

Deno.test("a request's work is inside of its span, where it has one", async () => {
  await withTracer(async (tracer) => {
    const response = {};
    const work = () => traced("work", {}, () => Promise.resolve());
    await withinRequest(response, work);
    tracer.requests.set(response, tracer.start("request"));
    await withinRequest(response, work);
    assert.deepEqual(
      tracer.said.filter((line) => /work begins/.test(line)),
      ["work begins at 0", "work begins at 1"],
    );
  });
});
