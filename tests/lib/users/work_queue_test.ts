import assert from "node:assert/strict";
import { WorkQueue } from "../../../lib/users/work_queue.ts";

Deno.test("so much work at a time, so much waits, the rest is refused", async () => {
  const queue = new WorkQueue(2, 3);
  let running = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const work = () => {
    most = Math.max(most, ++running);
    return new Promise<number>((resolve) => {
      ends.push(() => resolve(running--));
    });
  };
  const results = Array.from({ length: 6 }, () => queue.run(work));
  assert.equal(await results[5], "full");
  while (ends.length > 0) {
    ends.shift()!();
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.equal((await Promise.all(results)).filter((result) => result !== "full").length, 5);
  assert.equal(most, 2);
});

Deno.test("work that fails gives its place back", async () => {
  const queue = new WorkQueue(1, 1);
  const failing = queue.run(() => Promise.reject(new Error("no")));
  const next = queue.run(() => Promise.resolve("done"));
  await assert.rejects(failing, /no/);
  assert.equal(await next, "done");
  assert.equal(await queue.run(() => Promise.resolve("again")), "again");
});
