import assert from "node:assert/strict";
import { sideBySide } from "../../scripts/side_by_side.ts";

Deno.test("no more than the given number is at work, and results keep their order", async () => {
  const open: (() => void)[] = [];
  let most = 0;
  const done = sideBySide([1, 2, 3, 4, 5], 2, async (item) => {
    await new Promise<void>((resolve) => {
      open.push(resolve);
      most = Math.max(most, open.length);
    });
    return item * 10;
  });
  for (let finished = 0; finished < 5; finished++) {
    while (open.length === 0) await Promise.resolve();
    // The later of two first: results must not come in the order of ending.
    open.pop()!();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
  assert.deepEqual(await done, [10, 20, 30, 40, 50]);
  assert.equal(most, 2);
});

Deno.test("an empty list gives an empty list, and a failure is handed on", async () => {
  assert.deepEqual(await sideBySide([], 3, () => Promise.resolve(1)), []);
  await assert.rejects(sideBySide([1], 3, () => Promise.reject(new Error("no"))), /no/);
});
