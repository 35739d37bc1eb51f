import assert from "node:assert/strict";
import fastCheck from "fast-check";
import {
  isLossless,
  type Probe,
  searchLossless,
  type SearchOptions,
} from "../../../scripts/bench/lossless.ts";

const options: SearchOptions = {
  start: 20_000,
  near: false,
  tolerance: 0.001,
  precision: 0.03,
  maxProbes: 30,
};

/** A try of one second. */
function probe(sent: number, received: number, seconds = 1): Probe {
  return { sent: { count: sent, seconds: 1 }, received: { count: received, seconds } };
}

/** A tunnel that carries so many packets per second, and a sender that makes so many. */
function tunnel(capacity: number, sender = Infinity) {
  const rates: number[] = [];
  const run = (rate: number) => {
    rates.push(rate);
    const sent = Math.min(rate, sender);
    return Promise.resolve(probe(sent, Math.min(sent, capacity)));
  };
  return { run, rates };
}

Deno.test("the search comes within its precision of any capacity, from any start", async () => {
  await fastCheck.assert(
    fastCheck.asyncProperty(
      fastCheck.integer({ min: 500, max: 2_000_000 }),
      fastCheck.integer({ min: 1_000, max: 200_000 }),
      fastCheck.boolean(),
      async (capacity, start, near) => {
        const { run } = tunnel(capacity);
        const found = await searchLossless(run, { ...options, start, near, maxProbes: 80 });
        assert.ok(found <= capacity * 1.001 && found >= capacity * 0.96, `${found}/${capacity}`);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("a start that is known to be near saves tries", async () => {
  const [far, near] = [tunnel(90_000), tunnel(90_000)];
  await searchLossless(far.run, options);
  await searchLossless(near.run, { ...options, start: 88_000, near: true });
  assert.ok(near.rates.length < far.rates.length);
});

Deno.test("one lossy try out of two is a hiccup", async () => {
  let tries = 0;
  const found = await searchLossless((rate) => {
    const isHiccup = tries++ % 3 === 0;
    return Promise.resolve(probe(rate, isHiccup ? rate / 2 : Math.min(rate, 50_000)));
  }, options);
  assert.ok(found > 48_000, String(found));
});

Deno.test("a sender's limit ends the search", async () => {
  const { run, rates } = tunnel(Infinity, 150_000);
  assert.equal(await searchLossless(run, options), 150_000);
  assert.ok(rates.length < 8, String(rates));
});

Deno.test("no more tries than allowed, and none without a result", async () => {
  const { run, rates } = tunnel(0);
  await assert.rejects(searchLossless(run, { ...options, maxProbes: 7 }), /no rate down to/);
  assert.equal(rates.length, 7);
});

Deno.test("what is missing or comes out of a growing queue is no lossless rate", () => {
  assert.ok(isLossless(probe(1000, 999), 0.001));
  assert.ok(!isLossless(probe(1000, 998), 0.001));
  // All arrived, but it took the receiver a tenth longer.
  assert.ok(!isLossless(probe(1000, 1000, 1.1), 0.001));
  assert.ok(!isLossless(probe(0, 0), 0.001));
});
