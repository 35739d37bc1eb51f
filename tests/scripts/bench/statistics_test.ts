import assert from "node:assert/strict";
import fastCheck from "fast-check";
import { median, medianRatio, present } from "../../../scripts/bench/statistics.ts";

Deno.test("the median is the middle value, of an even number the mean of two", () => {
  assert.equal(median([]), undefined);
  assert.equal(median([7]), 7);
  assert.equal(median([10, 9, 100]), 10);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

Deno.test("as many values are below the median as above, and the input is left alone", () => {
  fastCheck.assert(
    fastCheck.property(fastCheck.array(fastCheck.integer(), { minLength: 1 }), (values) => {
      const before = [...values];
      const middle = median(values);
      assert.ok(middle !== undefined);
      assert.deepEqual(values, before);
      assert.ok(values.filter((value) => value < middle).length <= values.length / 2);
      assert.ok(values.filter((value) => value > middle).length <= values.length / 2);
    }),
  );
});

Deno.test("ratios are taken round by round", () => {
  // A machine that is ten times slower in the second round; the ratio of medians would be 3.
  assert.equal(medianRatio([30, 3, 40], [10, 1, 20]), 3);
  assert.equal(medianRatio([20, 2], [10, 1]), 2);
});

Deno.test("a round without one of both doesn't count", () => {
  assert.equal(medianRatio([null, 8, 6], [1, 2, null]), 4);
  assert.equal(medianRatio([1, null], [null, 1]), undefined);
  assert.equal(medianRatio([1, 2], [1]), 1);
  assert.deepEqual(present([null, 0, 3]), [0, 3]);
});

Deno.test("there is no ratio to nothing", () => {
  assert.equal(medianRatio([1], [0]), undefined);
  assert.equal(medianRatio([1, 1], [2, -0.5]), undefined);
});
