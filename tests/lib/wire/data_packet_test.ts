import assert from "node:assert/strict";
import {
  isPing,
  noPeerId,
  occExitLength,
  occMagic,
  OccOpcode,
  occOpcodeOf,
  peerIdOf,
  pingMagic,
  writeDataV1Header,
  writeDataV2Header,
  writeOccExit,
} from "../../../lib/wire/data_packet.ts";

Deno.test("headers are written in place", () => {
  const bytes = new Uint8Array(8).fill(0xee);
  writeDataV2Header(bytes, 2, 3, 0x123456);
  assert.equal(bytes.toHex(), "eeee4b123456eeee");
  assert.equal(peerIdOf(bytes, 2), 0x123456);
  writeDataV1Header(bytes, 0, 7);
  assert.equal(bytes[0], 0x37);
  writeDataV2Header(bytes, 2, 0, noPeerId);
  assert.equal(peerIdOf(bytes, 2), noPeerId);
});

Deno.test("a ping is the magic and nothing else", () => {
  const bytes = new Uint8Array(40);
  bytes.set(pingMagic, 5);
  assert.equal(isPing(bytes, 5, 16), true);
  assert.equal(isPing(bytes, 5, 17), false);
  assert.equal(isPing(bytes, 4, 16), false);
  for (let i = 0; i < 16; i++) {
    bytes[5 + i] ^= 1;
    assert.equal(isPing(bytes, 5, 16), false);
    bytes[5 + i] ^= 1;
  }
});

Deno.test("OCC messages are told by their opcode", () => {
  const bytes = new Uint8Array(40);
  writeOccExit(bytes, 3);
  assert.equal(occOpcodeOf(bytes, 3, occExitLength), OccOpcode.EXIT);
  assert.equal(occOpcodeOf(bytes, 3, occMagic.length), -1);
  bytes[4] ^= 1;
  assert.equal(occOpcodeOf(bytes, 3, occExitLength), -1);
});
