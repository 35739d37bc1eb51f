import assert from "node:assert/strict";
import { type OutgoingPacket, ReliableSender } from "../../../lib/reliable/sender.ts";

const opcode = 4;
const payload = (n: number) => Uint8Array.of(n);

function allDue(sender: ReliableSender, now: number): number[] {
  const ids: number[] = [];
  for (let packet: OutgoingPacket | undefined; (packet = sender.due(now)) !== undefined;) {
    ids.push(packet.id);
  }
  return ids;
}

function filled(count: number, firstId = 0): ReliableSender {
  const sender = new ReliableSender({ firstId });
  for (let i = 0; i < count; i++) sender.queue(opcode, payload(i));
  return sender;
}

Deno.test("packets are numbered from the first id and due at once, in order", () => {
  const sender = filled(3, 1);
  assert.deepEqual(sender.due(0), { id: 1, opcode, payload: payload(0) });
  assert.deepEqual(allDue(sender, 0), [2, 3]);
  assert.equal(sender.nextId, 4);
});

Deno.test("the timeout is tls-timeout and doubles", () => {
  const sender = filled(1);
  const sent: number[] = [];
  for (let now = 0; now <= 62_000; now += 100) if (sender.due(now) !== undefined) sent.push(now);
  assert.deepEqual(sent, [0, 2000, 6000, 14_000, 30_000, 62_000]);
});

Deno.test("nextDue is the moment of the next retransmission", () => {
  const sender = new ReliableSender({ timeout: 500 });
  assert.equal(sender.nextDue(0), undefined);
  sender.queue(opcode, payload(0));
  assert.equal(sender.nextDue(100), 100);
  sender.due(100);
  assert.equal(sender.nextDue(150), 600);
  assert.equal(sender.nextDue(700), 700);
  sender.acknowledge([0], 10);
  assert.equal(sender.nextDue(700), undefined);
});

Deno.test("six packets are under way at most", () => {
  const sender = filled(6);
  assert.equal(sender.canSend, false);
  assert.equal(sender.queue(opcode, payload(6)), undefined);
  sender.acknowledge([0], 10);
  assert.equal(sender.queue(opcode, payload(6)), 6);
  assert.equal(sender.canSend, false);
});

Deno.test("a packet that is not acknowledged holds up the window", () => {
  const sender = filled(6);
  sender.acknowledge([1, 2, 3, 4, 5], 10);
  assert.equal(sender.canSend, false);
  sender.acknowledge([0], 10);
  assert.equal(sender.available, 6);
  assert.equal(sender.empty, true);
});

// The case table of OpenVPN's test_packet_id.c, test_get_num_output_sequenced_available, whose
// window is 8: the lowest id under way, the next id, and how many can be queued.
for (
  const [lowest, next, available] of [
    [100, 103, 5],
    [97, 103, 2],
    [0x7ffffffd, 0x7fffffff, 6],
    [0x7ffffffd, 0x80000001, 4],
    [0xfffffffc, 0xfffffffe, 6],
    [0xfffffffc, 3, 1],
  ]
) {
  Deno.test(`window: ${lowest} under way, ${next} next`, () => {
    const sender = new ReliableSender({ firstId: lowest, window: 8 });
    while (sender.nextId !== next) sender.queue(opcode, payload(0));
    assert.equal(sender.available, available);
  });
}

Deno.test("three later packets acknowledged: sent again at once, and once", () => {
  const sender = filled(6);
  allDue(sender, 0);
  sender.acknowledge([1, 2], 10);
  assert.deepEqual(allDue(sender, 10), []);
  assert.equal(sender.nextDue(10), 2000);
  sender.acknowledge([3], 10);
  assert.equal(sender.nextDue(10), 10);
  assert.deepEqual(allDue(sender, 10), [0]);
  assert.deepEqual(allDue(sender, 10), []);
});

Deno.test("repeated acknowledgements do not count again", () => {
  const sender = filled(6);
  allDue(sender, 0);
  for (let i = 0; i < 5; i++) sender.acknowledge([1, 2], 10);
  assert.deepEqual(allDue(sender, 10), []);
});

Deno.test("three later packets acknowledged across the wrap of ids", () => {
  const sender = filled(6, 0xfffffffe);
  allDue(sender, 0);
  sender.acknowledge([0xffffffff, 0, 1], 10);
  assert.deepEqual(allDue(sender, 10), [0xfffffffe]);
});

Deno.test("earlier packets acknowledged do not hasten later ones", () => {
  const sender = filled(6);
  allDue(sender, 0);
  sender.acknowledge([0, 1, 2], 10);
  assert.deepEqual(allDue(sender, 10), []);
});

Deno.test("ids that were never sent are ignored", () => {
  const sender = filled(2);
  sender.acknowledge([2, 99, 0xffffffff], 10);
  assert.deepEqual(allDue(sender, 0), [0, 1]);
});

Deno.test("sendAllNow makes everything due, with a fresh timeout", () => {
  const sender = filled(2);
  allDue(sender, 0);
  allDue(sender, 2000);
  sender.sendAllNow();
  assert.deepEqual(allDue(sender, 2100), [0, 1]);
  assert.equal(sender.nextDue(2100), 4100);
});

Deno.test("the round trip is that of the packet that waited least, and of none that was sent twice", () => {
  const sender = new ReliableSender({ timeout: 100 });
  for (const n of [0, 1, 2]) sender.queue(opcode, payload(n));
  assert.deepEqual(sender.due(0)?.id, 0);
  assert.deepEqual(sender.due(20)?.id, 1);
  assert.equal(sender.acknowledge([0, 1], 50), 30);
  assert.equal(sender.acknowledge([0, 1], 60), undefined);
  assert.deepEqual(allDue(sender, 60), [2]);
  assert.deepEqual(allDue(sender, 160), [2]);
  // Of which of the two it is, nobody knows.
  assert.equal(sender.acknowledge([2], 170), undefined);
});

Deno.test("a packet acknowledged that was not sent, or before it was, measures nothing", () => {
  const sender = filled(2);
  assert.equal(sender.acknowledge([0], 10), undefined);
  allDue(sender, 20);
  assert.equal(sender.acknowledge([1], 10), undefined);
});
