import assert from "node:assert/strict";
import { AckQueue, moveToFront } from "../../../lib/reliable/ack_queue.ts";

Deno.test("recent ids: the cases of OpenVPN's test_packet_id.c, test_copy_acks_to_lru", () => {
  const recent: number[] = [];
  moveToFront(recent, [2, 1, 3, 2]);
  assert.deepEqual(recent, [2, 1, 3]);
  moveToFront(recent, [2, 1, 3, 2]);
  assert.deepEqual(recent, [2, 1, 3]);
  const second = [...recent];
  moveToFront(second, [2, 1]);
  assert.deepEqual(second, [2, 1, 3]);
  moveToFront(second, [3, 2]);
  assert.deepEqual(second, [3, 2, 1]);
  moveToFront(recent, []);
  assert.deepEqual(recent, [2, 1, 3]);
  moveToFront(recent, [5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual(recent, [5, 6, 7, 8, 9, 10, 11, 2]);
});

Deno.test("waiting ids go first, then the ones sent lately", () => {
  const queue = new AckQueue();
  for (const id of [0, 1, 2]) queue.add(id);
  assert.deepEqual(queue.take(4), [0, 1, 2]);
  assert.equal(queue.isEmpty, true);
  queue.add(3);
  assert.deepEqual(queue.take(4), [3, 0, 1, 2]);
  assert.deepEqual(queue.take(2), [3, 0], "nothing waits: the latest again");
});

Deno.test("what does not fit waits for the next packet", () => {
  const queue = new AckQueue();
  for (const id of [0, 1, 2, 3, 4, 5]) queue.add(id);
  assert.deepEqual(queue.take(4), [0, 1, 2, 3]);
  assert.equal(queue.size, 2);
  assert.deepEqual(queue.take(4), [4, 5, 0, 1]);
  assert.equal(queue.isEmpty, true);
});

Deno.test("an id waits once; the ninth is left out", () => {
  const queue = new AckQueue();
  queue.add(7);
  queue.add(7);
  assert.equal(queue.size, 1);
  for (let id = 100; id < 120; id++) queue.add(id);
  assert.equal(queue.size, 8);
  assert.deepEqual(queue.take(8), [7, 100, 101, 102, 103, 104, 105, 106]);
});

Deno.test("an id whose packet came again is acknowledged again", () => {
  const queue = new AckQueue();
  queue.add(1);
  queue.take(8);
  queue.add(1);
  assert.equal(queue.isEmpty, false);
  assert.deepEqual(queue.take(8), [1]);
});
