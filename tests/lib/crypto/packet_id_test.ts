import assert from "node:assert/strict";
import { LongPacketIdSender, PacketIdSender } from "../../../lib/crypto/packet_id.ts";

// The cases of OpenVPN's tests/unit_tests/openvpn/test_packet_id.c.

Deno.test("test_packet_id_write_short: the first id is 1", () => {
  const sender = new PacketIdSender();
  assert.equal(sender.next(), 1);
  assert.equal(sender.next(), 2);
});

Deno.test("test_packet_id_write_long: id 1 and the time", () => {
  const sender = new LongPacketIdSender();
  assert.equal(sender.next(5010), true);
  assert.equal(sender.id, 1);
  assert.equal(sender.time, 5010);
});

Deno.test("test_packet_id_write_short_wrap: refused after the last id, for good", () => {
  const sender = new PacketIdSender(0xfffffffe);
  assert.equal(sender.next(), 0xffffffff);
  assert.equal(sender.next(), 0);
  assert.equal(sender.next(), 0);
});

Deno.test("test_packet_id_write_long_wrap: only when time has moved on", () => {
  const sender = new LongPacketIdSender(0xffffffff);
  assert.equal(sender.next(5006), true);
  assert.equal(sender.id, 0xffffffff);
  assert.equal(sender.next(5006), false);
  assert.equal(sender.next(5005), false);
  assert.equal(sender.id, 0xffffffff);
  assert.equal(sender.next(5010), true);
  assert.equal(sender.id, 1);
  assert.equal(sender.time, 5010);
});

Deno.test("the time stays the first packet's until ids wrap", () => {
  const sender = new LongPacketIdSender(7);
  sender.next(100);
  sender.next(200);
  assert.equal(sender.id, 8);
  assert.equal(sender.time, 100);
});

Deno.test("a key is exhausting from 0xff000000 on (PACKET_ID_WRAP_TRIGGER)", () => {
  const sender = new PacketIdSender(0xfefffffe);
  sender.next();
  assert.equal(sender.exhausting, false);
  sender.next();
  assert.equal(sender.exhausting, true);
});
