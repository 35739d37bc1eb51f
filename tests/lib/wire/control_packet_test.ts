import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ControlPacket,
  controlPacketOverhead,
  decodeControlPacket,
  encodeControlPacket,
} from "../../../lib/wire/control_packet.ts";
import {
  firstByteOf,
  isControl,
  isData,
  isHardReset,
  isReset,
  keyIdOf,
  Opcode,
  opcodeName,
  opcodeOf,
} from "../../../lib/wire/opcode.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replace(/\s/g, ""));

// OpenVPN's tests/unit_tests/openvpn/test_pkt.c: client_reset_v2_none, client_control_with_ack
// (cut short there) and client_ack_none_random_id.
const reset = hex("38 68 91 92 3f a3 10 34 37 00 00 00 00 00");
const controlWithAck = hex(
  "20 78 19 bf 2e bc d1 9a 45 01 00 00 00 00 ea fe bf a4 41 8a e3 1b 00 00 00 01 16 03 01",
);
const ackOnly = hex("28 ae b9 af e1 f0 1d 79 c8 01 00 00 00 00 dd 85 db 53 56 23 b0 2e");

Deno.test("a captured reset is read", () => {
  assert.deepEqual(decodeControlPacket(reset), {
    opcode: Opcode.HARD_RESET_CLIENT_V2,
    keyId: 0,
    sessionId: hex("68 91 92 3f a3 10 34 37"),
    acks: [],
    remoteSessionId: undefined,
    packetId: 0,
    payload: new Uint8Array(0),
  });
});

Deno.test("a captured packet with an acknowledgement is read", () => {
  assert.deepEqual(decodeControlPacket(controlWithAck), {
    opcode: Opcode.CONTROL_V1,
    keyId: 0,
    sessionId: hex("78 19 bf 2e bc d1 9a 45"),
    acks: [0],
    remoteSessionId: hex("ea fe bf a4 41 8a e3 1b"),
    packetId: 1,
    payload: hex("16 03 01"),
  });
});

Deno.test("a captured ACK_V1 is read, and has no packet id", () => {
  const packet = decodeControlPacket(ackOnly);
  assert.equal(packet?.opcode, Opcode.ACK_V1);
  assert.deepEqual(packet?.acks, [0]);
  assert.deepEqual(packet?.remoteSessionId, hex("dd 85 db 53 56 23 b0 2e"));
  assert.equal(packet?.packetId, undefined);
});

Deno.test("captured packets are written as they came", () => {
  for (const bytes of [reset, controlWithAck, ackOnly]) {
    assert.deepEqual(encodeControlPacket(decodeControlPacket(bytes)!), bytes);
  }
});

Deno.test("every cut-off header is refused", () => {
  for (const bytes of [reset, controlWithAck, ackOnly]) {
    const header = bytes === controlWithAck ? bytes.length - 3 : bytes.length;
    for (let length = 0; length < header; length++) {
      assert.equal(decodeControlPacket(bytes.subarray(0, length)), undefined, `${length} bytes`);
    }
  }
});

Deno.test("unknown opcodes, key method 1 and data packets are refused", () => {
  for (let opcode = 0; opcode < 32; opcode++) {
    const bytes = controlWithAck.slice();
    bytes[0] = firstByteOf(opcode, 0);
    assert.equal(
      decodeControlPacket(bytes) !== undefined,
      [3, 4, 5, 7, 8, 10, 11].includes(opcode),
      `opcode ${opcode}`,
    );
  }
});

Deno.test("nine acknowledgements are refused, eight are read", () => {
  const packet = (count: number) =>
    Uint8Array.of(0x28, 1, 1, 1, 1, 1, 1, 1, 1, count, ...new Uint8Array(4 * count), ...reset);
  assert.equal(decodeControlPacket(packet(8))?.acks.length, 8);
  assert.equal(decodeControlPacket(packet(9)), undefined);
});

Deno.test("a session id of zeros is none", () => {
  assert.equal(decodeControlPacket(Uint8Array.of(...reset).fill(0, 1, 9)), undefined);
  assert.equal(decodeControlPacket(Uint8Array.of(...ackOnly).fill(0, 14, 22)), undefined);
});

const sessionId = fc.uint8Array({ minLength: 8, maxLength: 8 })
  .filter((id) => id.some((byte) => byte !== 0));
const uint32 = fc.nat({ max: 0xffffffff });
const controlPacket: fc.Arbitrary<ControlPacket> = fc.record({
  opcode: fc.constantFrom(3, 4, 5, 7, 8, 10, 11),
  keyId: fc.nat({ max: 7 }),
  sessionId,
  acks: fc.array(uint32, { maxLength: 8 }),
  remote: sessionId,
  packetId: uint32,
  payload: fc.uint8Array({ maxLength: 1500 }),
}).map(({ remote, ...packet }) => ({
  ...packet,
  remoteSessionId: packet.acks.length > 0 ? remote : undefined,
  ...(packet.opcode === Opcode.ACK_V1 ? { packetId: undefined, payload: new Uint8Array(0) } : {}),
}));

Deno.test("what is written is read back", () => {
  fc.assert(fc.property(controlPacket, (packet) => {
    const bytes = encodeControlPacket(packet);
    assert.equal(
      bytes.length,
      controlPacketOverhead(packet.acks.length, packet.opcode) + packet.payload.length,
    );
    const read = decodeControlPacket(bytes);
    assert.deepEqual({ packetId: undefined, ...read }, packet);
  }));
});

Deno.test("no bytes make the reader throw, and what it reads it writes back", () => {
  const almost = fc.tuple(
    fc.constantFrom(3, 4, 5, 7, 8, 10, 11),
    fc.uint8Array({ maxLength: 100 }),
  ).map(([opcode, rest]) => Uint8Array.of(opcode << 3, ...rest));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), almost), (bytes) => {
    const packet = decodeControlPacket(bytes);
    if (packet === undefined) return;
    const written = encodeControlPacket(packet);
    assert.deepEqual(written, bytes.subarray(0, written.length));
  }));
});

Deno.test("a view into larger memory is read at its place", () => {
  const memory = new Uint8Array(100);
  memory.set(controlWithAck, 37);
  const packet = decodeControlPacket(memory.subarray(37, 37 + controlWithAck.length));
  assert.equal(packet?.packetId, 1);
});

Deno.test("packets that do not fit the layout are not written", () => {
  const good = decodeControlPacket(controlWithAck)!;
  const bad: Partial<ControlPacket>[] = [
    { opcode: Opcode.DATA_V2 },
    { keyId: 8 },
    { sessionId: new Uint8Array(8) },
    { acks: Array(9).fill(1) },
    { remoteSessionId: undefined },
    { packetId: undefined },
    { opcode: Opcode.ACK_V1, packetId: undefined },
  ];
  for (const change of bad) {
    assert.throws(() => encodeControlPacket({ ...good, ...change }), RangeError);
  }
});

Deno.test("opcodes: bits, names and classes", () => {
  assert.equal(opcodeOf(0x38), 7);
  assert.equal(keyIdOf(0x3d), 5);
  assert.equal(firstByteOf(Opcode.DATA_V2, 3), 0x4b);
  assert.equal(opcodeName(4), "P_CONTROL_V1");
  assert.equal(opcodeName(5), "P_ACK_V1");
  assert.equal(opcodeName(7), "P_CONTROL_HARD_RESET_CLIENT_V2");
  assert.equal(opcodeName(9), "P_DATA_V2");
  assert.equal(opcodeName(11), "P_CONTROL_WKC_V1");
  assert.equal(opcodeName(31), "P_???");
  const all = Array.from({ length: 32 }, (_, opcode) => opcode);
  assert.deepEqual(all.filter(isData), [6, 9]);
  assert.deepEqual(all.filter(isControl), [3, 4, 5, 7, 8, 10, 11]);
  assert.deepEqual(all.filter(isHardReset), [7, 8, 10]);
  assert.deepEqual(all.filter(isReset), [3, 7, 8, 10]);
});
