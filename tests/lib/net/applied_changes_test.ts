import assert from "node:assert/strict";
import fc from "fast-check";
import { AppliedChanges } from "../../../lib/net/applied_changes.ts";
import { RecordedLog } from "./machine.ts";

Deno.test("applied changes: undone in reverse order, once, whatever fails", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.constantFrom("sync", "async", "throws", "rejects"), { maxLength: 8 }),
    async (kinds) => {
      const log = new RecordedLog();
      const changes = new AppliedChanges(log);
      const undone: number[] = [];
      kinds.forEach((kind, i) =>
        changes.record(`change ${i}`, () => {
          undone.push(i);
          if (kind === "throws") throw new Error("no");
          if (kind === "rejects") return Promise.reject(new Error("no"));
          if (kind === "async") return Promise.resolve();
        })
      );
      assert.equal(changes.size, kinds.length);
      await Promise.all([changes.undo(), changes.undo()]);
      await changes.undo();
      assert.deepEqual(undone, kinds.map((_, i) => i).reverse());
      const failed = kinds.flatMap((kind, i) => ["throws", "rejects"].includes(kind) ? [i] : []);
      assert.deepEqual(log.warnings, failed.reverse().map((i) => `cannot undo change ${i}: no`));
      assert.equal(changes.size, 0);
    },
  ));
});

Deno.test("applied changes: what can be undone at once is, before undo returns", async () => {
  const changes = new AppliedChanges(new RecordedLog());
  let undone = 0;
  for (let i = 0; i < 3; i++) changes.record("change", () => void undone++);
  const pending = changes.undo();
  assert.equal(undone, 3);
  await pending;
});

Deno.test("applied changes: a second undo waits for the first", async () => {
  const changes = new AppliedChanges(new RecordedLog());
  const slow = Promise.withResolvers<void>();
  let done = false;
  changes.record("change", () => slow.promise.then(() => void (done = true)));
  void changes.undo();
  const second = changes.undo();
  slow.resolve();
  await second;
  assert.ok(done);
});
