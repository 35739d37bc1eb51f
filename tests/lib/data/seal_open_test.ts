// Sealing and opening at their limits.

import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import fc from "fast-check";
import { concatBytes, randomBytes } from "../../../lib/base/bytes.ts";
import type { CryptoEngine, DataCipher, PacketRun } from "../../../lib/crypto/engine.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { Framing } from "../../../lib/data/framing.ts";
import { Verdict } from "../../../lib/data/verdict.ts";
import { pingMagic } from "../../../lib/wire/data_packet.ts";
import { ipv4Packet, keyPair } from "../loop/tunnel.ts";
import { DataPath } from "./data_path.ts";

/** A path whose sealed packets it can open itself. */
async function loopback(cipher: string, framing: Framing = Framing.NONE, lastPacketId = 0) {
  const keys = keyPair(cipher);
  const path = new DataPath(framing);
  const material = { seal: keys.client().seal, open: keys.server().open };
  await path.setKey(material, "auto", lastPacketId);
  return { path, key: keys.client().seal };
}

Deno.test("packets of every length come back as they were", async () => {
  for (const cipher of ["AES-256-GCM", "AES-256-CBC"]) {
    for (const framing of Object.values(Framing)) {
      const { path } = await loopback(cipher, framing);
      for (let length = 0; length < 200; length += 3) {
        const packets = [0, 1, 2].map((n) =>
          ipv4Packet("10.8.0.1", "10.8.0.2", randomBytes(length + n))
        );
        const opened = await path.open(...await path.seal(...packets));
        assert.deepEqual(opened.map(({ packet }) => packet), packets);
        assert.ok(opened.every(({ verdict }) => verdict === Verdict.DELIVER));
      }
    }
  }
});

Deno.test("a peer-id has 24 bits, and is authentic with AEAD", async () => {
  const { path } = await loopback("AES-256-GCM");
  const packet = ipv4Packet("10.8.0.1", "10.8.0.2", new Uint8Array(4));
  for (const peerId of [0, 0x7fffff, 0x800000, 0xfffffe]) {
    path.peer.remotePeerId = peerId;
    const [sealed] = await path.seal(packet);
    const header = 9 << 27 | peerId;
    assert.equal(new DataView(sealed.buffer, sealed.byteOffset).getUint32(0), header >>> 0);
    const other = sealed.slice();
    other[3] ^= 1;
    assert.deepEqual((await path.open(other)).map(({ verdict }) => verdict), [Verdict.NONE]);
    assert.deepEqual((await path.open(sealed)).map(({ verdict }) => verdict), [Verdict.DELIVER]);
  }
  assert.equal(path.counters.drops[DropReason.NOT_AUTHENTIC], 4);
});

Deno.test("the last packet-id is 2^32 - 1: after it nothing is sent", async () => {
  const { path } = await loopback("AES-256-GCM", Framing.NONE, 2 ** 32 - 3);
  const packet = ipv4Packet("10.8.0.1", "10.8.0.2", new Uint8Array(4));
  const sealed = await path.seal(packet, packet, packet, packet);
  assert.deepEqual(sealed.map((datagram) => datagram.slice(4, 8).toHex()), [
    "fffffffe",
    "ffffffff",
  ]);
  assert.equal(path.counters.drops[DropReason.KEY_EXHAUSTED], 2);
  assert.deepEqual(path.exhausting, [0], "told once");
});

Deno.test("main is told in time that packet-ids run out", async () => {
  const { path } = await loopback("AES-256-GCM", Framing.NONE, 0xff000000 - 3);
  const packet = ipv4Packet("10.8.0.1", "10.8.0.2", new Uint8Array(4));
  await path.seal(packet, packet);
  assert.deepEqual(path.exhausting, []);
  await path.seal(packet, packet);
  assert.deepEqual(path.exhausting, [0]);
});

Deno.test("a packet that would not fit into a datagram is dropped", async () => {
  for (const cipher of ["AES-256-GCM", "AES-256-CBC"]) {
    const { path } = await loopback(cipher);
    assert.deepEqual(await path.seal(new Uint8Array(65_507)), []);
    assert.equal(path.counters.drops[DropReason.TOO_LARGE], 1);
    const [datagram] = await path.seal(new Uint8Array(65_400));
    assert.ok(datagram.length <= 65_507);
  }
});

Deno.test("under a good HMAC, bad padding and cut-off packet-ids are refused", async () => {
  const { path, key } = await loopback("AES-128-CBC");
  /** A datagram with that plaintext, padded by the test. */
  const sealed = (text: Uint8Array) => {
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-128-cbc", key.cipherKey, iv).setAutoPadding(false);
    const covered = concatBytes(iv, cipher.update(text), cipher.final());
    const mac = createHmac("sha256", key.hmacKey).update(covered).digest();
    return concatBytes(Uint8Array.of(9 << 3, 0, 0, 0), mac, covered);
  };
  let id = 0;
  const text = (length: number, padding: number[]) => {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(0, ++id);
    bytes[4] = 0x45;
    bytes.set(padding, length - padding.length);
    return bytes;
  };
  const bad = [
    text(32, [0]),
    text(32, [17]),
    text(32, [3, 2]),
    text(32, [5, 4, 4, 4]),
    text(32, [255]),
    text(16, new Array(16).fill(16)), // nothing but padding
    text(16, new Array(13).fill(13)), // three bytes of packet-id
    text(32, new Array(32).fill(32)),
    text(48, new Array(32).fill(32)), // longer than a block
  ];
  await path.open(...bad.map(sealed));
  assert.equal(path.counters.drops[DropReason.BAD_PADDING], bad.length);
  assert.equal(path.counters.packetsIn[0], 0);
  // Packet-id and nothing else: authentic, and nothing to deliver.
  const [empty] = await path.open(sealed(text(16, new Array(12).fill(12))));
  assert.equal(empty.verdict, Verdict.NONE);
  assert.equal(path.counters.packetsIn[0], 1);
  // Packet-id 0 is never sent.
  id = -1;
  await path.open(sealed(text(32, [1])));
  assert.equal(path.counters.drops[DropReason.REPLAYED], 1);
  const [good] = await path.open(
    sealed(
      Uint8Array.from([
        ...[0, 0, 0, 99],
        ...ipv4Packet("10.0.0.1", "10.0.0.2", new Uint8Array(4)),
        ...new Array(4).fill(4),
      ]),
    ),
  );
  assert.equal(good.verdict, Verdict.DELIVER);
});

Deno.test("pings and OCC messages are not delivered; an exit is told", async () => {
  const { path } = await loopback("AES-256-GCM");
  const occ = Uint8Array.fromHex("287f346bd4ef7a812d56b8d3afc5459c");
  const messages = [
    Uint8Array.from(pingMagic),
    concatBytes(occ, Uint8Array.of(0)),
    concatBytes(occ, Uint8Array.of(2, 5, 220)),
    concatBytes(occ, Uint8Array.of(6)),
  ];
  const opened = await path.open(...await path.seal(...messages));
  assert.deepEqual(opened.map(({ verdict }) => verdict), [0, 0, 0, 0]);
  assert.deepEqual(path.exited, [0]);
  assert.equal(path.counters.packetsIn[0], 4);
  assert.ok(path.counters.drops.every((count) => count === 0));
});

Deno.test("compressed packets are dropped and counted", async () => {
  const { path } = await loopback("AES-256-GCM");
  const compressed = await path.seal(Uint8Array.of(0x66, 1, 2, 3));
  path.peer.framing = Framing.STUB;
  await path.open(...compressed);
  assert.equal(path.counters.drops[DropReason.BAD_FRAMING], 1);
});

Deno.test("what is too short is not given to the engine", async () => {
  // Header, tag or HMAC, packet-id or IV, and text of a byte or a block.
  const least = { "AES-256-GCM": [22, 25], "AES-256-CBC": [65, 68] };
  for (const [cipher, [v1, v2]] of Object.entries(least)) {
    for (const [opcode, length] of [[6, v1], [9, v2]]) {
      const { path } = await loopback(cipher);
      const datagram = new Uint8Array(length);
      datagram[0] = opcode << 3;
      for (let end = 1; end < length; end++) await path.open(datagram.subarray(0, end));
      assert.equal(path.counters.drops[DropReason.TOO_SHORT], length - 1);
      await path.open(datagram);
      assert.equal(path.counters.drops[DropReason.NOT_AUTHENTIC], 1);
    }
  }
});

Deno.test("any bytes at all: counted, never an exception, never delivered", async () => {
  for (const cipher of ["AES-256-GCM", "AES-256-CBC", "CHACHA20-POLY1305"]) {
    const { path } = await loopback(cipher, Framing.STUB_V2);
    const [valid] = await path.seal(ipv4Packet("10.8.0.1", "10.8.0.2", new Uint8Array(50)));
    const garbage = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 2000 }),
      // A valid packet, cut and changed.
      fc.record({ length: fc.integer({ min: 1, max: valid.length }), at: fc.nat(valid.length - 1) })
        .map(({ length, at }) => {
          const bytes = valid.slice(0, length);
          // Behind the header: its first byte is set below, and CBC's HMAC does not cover it.
          if (length > 4) bytes[4 + at % (length - 4)] ^= 0x80;
          return bytes;
        }),
    );
    let count = 0;
    await fc.assert(fc.asyncProperty(garbage, fc.boolean(), async (bytes, v2) => {
      // The loop hands on these two opcodes only.
      bytes[0] = (v2 ? 9 : 6) << 3 | bytes[0] & 7;
      count++;
      const opened = await path.open(bytes);
      assert.ok(opened.every(({ verdict }) => verdict === Verdict.NONE));
      assert.equal(path.counters.drops.reduce((sum, drops) => sum + drops, 0), count);
    }));
    for (let length = 1; length <= 2000; length++) {
      const bytes = new Uint8Array(length);
      bytes[0] = 9 << 3;
      await path.open(bytes);
    }
    count += 2000;
    assert.equal(path.counters.drops.reduce((sum, drops) => sum + drops, 0), count);
    assert.equal(path.counters.packetsIn[0], 0);
    assert.deepEqual(path.engineErrors, []);
  }
});

/** An engine that fails, at once or later. */
function failingEngine(later: boolean): CryptoEngine {
  const fail = () => {
    const error = new Error("the engine's own");
    if (later) return Promise.reject(error);
    throw error;
  };
  // It fails after a part of its work, of which nothing must be believed.
  const open = (run: PacketRun, first: number, end: number) => {
    run.authentic.fill(1, first, end);
    return fail();
  };
  const real = selectEngine("auto");
  return {
    name: "webcrypto",
    supports: () => true,
    async createCipher(direction, material): Promise<DataCipher> {
      const { kind, macLength } = await real.createCipher(direction, material);
      return { kind, macLength, seal: fail, open, destroy: () => {} };
    },
  };
}

Deno.test("what an engine failed on is neither sent nor delivered", async () => {
  for (const later of [false, true]) {
    const path = new DataPath();
    const keys = keyPair("AES-256-GCM");
    await path.setKey(keys.client(), failingEngine(later));
    const packet = ipv4Packet("10.8.0.1", "10.8.0.2", new Uint8Array(50));
    const sealed = await path.seal(packet, packet);
    assert.deepEqual(sealed.map(({ length }) => length), [0, 0]);
    assert.equal(path.counters.packetsOut[0], 0);
    const header = Uint8Array.of(9 << 3, 0, 0, 0, 0, 0, 0, 5);
    const datagram = concatBytes(header, new Uint8Array(16), packet);
    const opened = await path.open(datagram);
    assert.deepEqual(opened.map(({ verdict }) => verdict), [Verdict.NONE]);
    assert.equal(path.counters.drops[DropReason.ENGINE_FAILED], 3);
    assert.equal(path.engineErrors.length, 2);
  }
});
