import assert from "node:assert/strict";
import { collectionDelay, IdleCollection } from "../../../../lib/app/server/idle_collection.ts";

Deno.test("handshakes that follow one another are followed by one collection", async () => {
  const collected = Promise.withResolvers<void>();
  let count = 0;
  using collection = new IdleCollection(() => {
    count++;
    collected.resolve();
  });
  for (let i = 0; i < 20; i++) collection.handshakeEnded();
  assert.equal(count, 0, "not in the midst of them");
  await collected.promise;
  assert.equal(count, 1);
});

Deno.test("soon after a collection it takes several handshakes for another", () => {
  const first = collectionDelay(1, Infinity);
  assert.ok(collectionDelay(1, 1000) > 30_000);
  assert.equal(collectionDelay(1, 120_000), first);
  assert.equal(collectionDelay(50, 1000), first);
});

Deno.test("with the server's end nothing is collected, and no timer stays", () => {
  const collection = new IdleCollection(() => assert.fail());
  collection.handshakeEnded();
  collection[Symbol.dispose]();
});
