import assert from "node:assert/strict";
import { ReliableReceiver } from "../../../lib/reliable/receiver.ts";

const payload = new Uint8Array(0);
const opcode = 4;

function taken(receiver: ReliableReceiver): number[] {
  const ids: number[] = [];
  for (let p = receiver.take(); p !== undefined; p = receiver.take()) ids.push(p.id);
  return ids;
}

Deno.test("packets come out in order, once", () => {
  const receiver = new ReliableReceiver();
  assert.equal(receiver.accept(2, payload, opcode), "new");
  assert.equal(receiver.accept(1, payload, opcode), "new");
  assert.deepEqual(taken(receiver), []);
  assert.equal(receiver.accept(2, payload, opcode), "duplicate", "still waiting");
  assert.equal(receiver.accept(0, Uint8Array.of(9), 7), "new");
  assert.deepEqual(receiver.take(), { id: 0, opcode: 7, payload: Uint8Array.of(9) });
  assert.deepEqual(taken(receiver), [1, 2]);
  for (const id of [0, 1, 2]) {
    assert.equal(receiver.accept(id, payload, opcode), "duplicate", "taken before");
  }
  assert.deepEqual(taken(receiver), []);
});

Deno.test("twelve packets are kept, not thirteen", () => {
  const receiver = new ReliableReceiver({ firstId: 1 });
  assert.equal(receiver.accept(12, payload, opcode), "new");
  assert.equal(receiver.accept(13, payload, opcode), "outside");
  assert.equal(receiver.accept(0, payload, opcode), "duplicate");
});

Deno.test("ids wrap", () => {
  const receiver = new ReliableReceiver({ firstId: 0xfffffffe });
  assert.equal(receiver.accept(9, payload, opcode), "new");
  assert.equal(receiver.accept(10, payload, opcode), "outside");
  assert.equal(receiver.accept(0, payload, opcode), "new");
  assert.equal(receiver.accept(0xffffffff, payload, opcode), "new");
  assert.equal(receiver.accept(0xfffffffd, payload, opcode), "duplicate");
  assert.equal(receiver.accept(0xfffffffe, payload, opcode), "new");
  assert.deepEqual(taken(receiver), [0xfffffffe, 0xffffffff, 0]);
  assert.equal(receiver.accept(0xffffffff, payload, opcode), "duplicate");
});
