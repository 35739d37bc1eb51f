import assert from "node:assert/strict";
import { ChangeQueue, ifMatch, requireRevision, revisionOf } from "../../../lib/portal/revision.ts";

Deno.test("a change begins when the one before it is done, also when that failed", async () => {
  const queue = new ChangeQueue();
  const said: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = queue.run(async () => {
    said.push("one begins");
    await first.promise;
    said.push("one ends");
    throw new Error("it can't be done");
  });
  const other = queue.run(() => Promise.resolve(said.push("other")));
  // Whatever could run, would have by now.
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(said, ["one begins"]);
  first.resolve();
  await assert.rejects(one, /can't be done/);
  await other;
  assert.deepEqual(said, ["one begins", "one ends", "other"]);
});

Deno.test("a change needs the revision that was seen, where one is named", () => {
  const present = { rules: ["allow any"] };
  requireRevision(undefined, present);
  requireRevision("*", present);
  requireRevision(ifMatch(`"${revisionOf(present)}"`), present);
  assert.throws(() => requireRevision(revisionOf({ rules: [] }), present), { status: 412 });
  assert.throws(() => requireRevision("", present), { status: 412 });
});
