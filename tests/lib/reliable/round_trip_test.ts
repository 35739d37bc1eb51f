import assert from "node:assert/strict";
import fc from "fast-check";
import { RoundTripEstimate } from "../../../lib/reliable/round_trip.ts";

Deno.test("the first sample counts whole, each further one an eighth", () => {
  const estimate = new RoundTripEstimate();
  assert.equal(estimate.current, undefined);
  estimate.add(80, 1000);
  assert.deepEqual(estimate.current, { time: 80, measuredAt: 1000 });
  estimate.add(160, 2000);
  assert.deepEqual(estimate.current, { time: 90, measuredAt: 2000 });
});

Deno.test("it lies between the shortest and the longest sample, and comes to what stays", () => {
  const sample = fc.double({ min: 0, max: 60_000, noNaN: true });
  fc.assert(fc.property(fc.array(sample, { minLength: 1 }), sample, (samples, last) => {
    const estimate = new RoundTripEstimate();
    for (const one of samples) estimate.add(one, 0);
    const { time } = estimate.current!;
    assert.ok(time >= Math.min(...samples) - 1e-6 && time <= Math.max(...samples) + 1e-6);
    for (let n = 0; n < 150; n++) estimate.add(last, n);
    assert.ok(Math.abs(estimate.current!.time - last) < 0.001);
    assert.equal(estimate.current!.measuredAt, 149);
  }));
});

Deno.test("what no clock can have measured is left out", () => {
  const estimate = new RoundTripEstimate();
  for (const sample of [NaN, -1, Infinity, -Infinity]) estimate.add(sample, 1);
  assert.equal(estimate.current, undefined);
});
