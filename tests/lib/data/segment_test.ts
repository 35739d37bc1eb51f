import assert from "node:assert/strict";
import fc from "fast-check";
import {
  PinnedMemory,
  VnetGsoType,
  VnetHeaderFlag,
  vnetHeaderLength as tunHeaderLength,
  VnetHeaderOffset,
} from "deno-tun";
import { ScalarChecksum } from "../../../lib/data/internet_checksum.ts";
import { createInternetChecksum } from "../../../lib/data/internet_checksum_wasm.ts";
import { completeChecksum, Segmenter } from "../../../lib/data/segment.ts";
import {
  VnetField,
  VnetGso,
  vnetGsoEcn,
  vnetHeaderLength,
  vnetNeedsChecksum,
} from "../../../lib/data/vnet_header.ts";
import {
  allKinds,
  arbitrarySpec,
  buildPacket,
  checksumOf,
  flag,
  headerLength,
  ipHeaderLength,
  offloadedPacket,
  type PacketSpec,
  patternBytes,
  splitModel,
  tcp4,
  tcp6,
  udp4,
  udp6,
  vnetHeader,
} from "./packet_model.ts";

const memory = new PinnedMemory(512 * 1024);
const { bytes } = memory;
const checksum = createInternetChecksum(memory);
const segmenter = new Segmenter(memory, checksum);
/** Packets stand at the memory's end, so that reading on would throw. */
const end = bytes.length;
const targets = 64;

/** Puts a packet at the memory's end; returns where its header and where it starts. */
function put(header: Uint8Array, packet: Uint8Array): { header: number; packet: number } {
  const at = end - packet.length;
  bytes.set(packet, at);
  bytes.set(header, at - vnetHeaderLength);
  return { header: at - vnetHeaderLength, packet: at };
}

/** Begins with a packet; how many segments there will be. */
function begin(header: Uint8Array, packet: Uint8Array, by = segmenter): number {
  const at = put(header, packet);
  return by.begin(at.header, at.packet, packet.length);
}

/** Takes all segments, each written to the same place between guards. */
function takeAll(by = segmenter): Uint8Array[] {
  const segments: Uint8Array[] = [];
  while (by.remaining > 0) {
    const expected = by.nextLength;
    bytes.fill(0x5a, targets - 1, targets + expected + 64);
    const length = by.next(targets);
    assert.equal(length, expected);
    assert.equal(bytes[targets - 1], 0x5a);
    assert.ok(bytes.subarray(targets + length, targets + length + 64).every((b) => b === 0x5a));
    segments.push(bytes.slice(targets, targets + length));
  }
  return segments;
}

function split(spec: PacketSpec, gsoSize: number): Uint8Array[] {
  const { header, packet } = offloadedPacket(spec, gsoSize);
  const count = begin(header, packet);
  const segments = takeAll();
  assert.equal(count, segments.length);
  return segments;
}

Deno.test("segment: the header's fields are deno-tun's", () => {
  assert.equal(vnetHeaderLength, tunHeaderLength);
  assert.equal(vnetNeedsChecksum, VnetHeaderFlag.NEEDS_CSUM);
  assert.equal(vnetGsoEcn, VnetGsoType.ECN);
  assert.deepEqual(VnetField, VnetHeaderOffset);
  assert.deepEqual(
    [VnetGso.NONE, VnetGso.TCP_IPV4, VnetGso.TCP_IPV6, VnetGso.UDP],
    [VnetGsoType.NONE, VnetGsoType.TCPV4, VnetGsoType.TCPV6, VnetGsoType.UDP_L4],
  );
});

Deno.test("segment: any super-packet becomes what the model makes of it", () => {
  fc.assert(
    fc.property(
      arbitrarySpec(6000),
      fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 0xffff })),
      (spec, gsoSize) => {
        if (spec.payload.length / gsoSize > 300) return;
        assert.deepEqual(split(spec, gsoSize), splitModel(spec, gsoSize).map(buildPacket));
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("segment: the largest packets, and one byte in each segment", () => {
  for (const kind of allKinds) {
    const most = (kind.version === 4 ? 65_535 : 65_575) - headerLength(kind);
    const spec = { ...kind, payload: patternBytes(most) };
    for (const gsoSize of [1348, 1, most - 1, most, 0xffff]) {
      const { header, packet } = offloadedPacket(spec, gsoSize);
      const count = begin(header, packet);
      assert.equal(count, Math.ceil(most / gsoSize));
      if (gsoSize === 1) {
        const first = bytes.slice(targets, targets + segmenter.next(targets));
        assert.deepEqual(first, buildPacket({ ...spec, payload: spec.payload.slice(0, 1) }));
        for (let i = 1; i < 1000; i++) segmenter.next(targets);
        const thousandth = bytes.slice(targets, targets + headerLength(kind) + 1);
        assert.deepEqual(
          thousandth,
          buildPacket({
            ...spec,
            identification: spec.identification + 999 & 0xffff,
            sequence: (spec.sequence + 999) % 2 ** 32,
            payload: spec.payload.slice(999, 1000),
          }),
        );
        assert.equal(segmenter.remaining, count - 1000);
        while (segmenter.remaining > 0) segmenter.next(targets);
      } else {
        assert.deepEqual(takeAll(), splitModel(spec, gsoSize).map(buildPacket));
      }
    }
  }
});

Deno.test("segment: FIN and PSH are on the last only, CWR on the first, the rest on all", () => {
  const spec = { ...tcp4, flags: 0xff, payload: patternBytes(250) };
  const flags = split(spec, 100).map((segment) => segment[33]);
  const { FIN, PSH, CWR } = flag;
  assert.deepEqual(flags, [0xff & ~(FIN | PSH), 0xff & ~(FIN | PSH | CWR), 0xff & ~CWR]);
  assert.equal(split({ ...spec, payload: patternBytes(100) }, 100)[0][33], 0xff);
});

Deno.test("segment: without payload there is one segment, with its checksum", () => {
  for (const spec of allKinds) assert.deepEqual(split(spec, 1000), [buildPacket(spec)]);
});

Deno.test("segment: without NEEDS_CSUM the checksum field is not used", () => {
  for (const kind of allKinds) {
    const spec = { ...kind, payload: patternBytes(1000) };
    const { header, packet } = offloadedPacket(spec, 300);
    header[0] = 0;
    header.fill(0xee, VnetField.checksumStart);
    packet.fill(0xee, ipHeaderLength(spec) + (spec.protocol === "tcp" ? 16 : 6)).set(
      buildPacket(spec).subarray(ipHeaderLength(spec) + (spec.protocol === "tcp" ? 18 : 8)),
      ipHeaderLength(spec) + (spec.protocol === "tcp" ? 18 : 8),
    );
    assert.equal(begin(header, packet), 4);
    assert.deepEqual(takeAll(), splitModel(spec, 300).map(buildPacket));
  }
});

Deno.test("segment: behind a routing header the checksum is for the last address", () => {
  // RFC 8200, section 8.1: the pseudo header has the final destination, the IP header the next one.
  const spec = { ...tcp6, extensions: 1, payload: patternBytes(1000) };
  const { header, packet } = offloadedPacket(spec, 400);
  const next = Array.from({ length: 16 }, (_, i) => 0x20 + i);
  const rewrite = (segment: Uint8Array) => {
    segment[6] = 43;
    segment.set(next, 24);
    return segment;
  };
  assert.equal(begin(header, rewrite(packet)), 3);
  assert.deepEqual(takeAll(), splitModel(spec, 400).map(buildPacket).map(rewrite));
});

Deno.test("segment: the length in the header is a hint only", () => {
  const spec = { ...tcp6, payload: patternBytes(900) };
  for (const hint of [0, 1, 0xffff]) {
    const { header, packet } = offloadedPacket(spec, 400);
    new DataView(header.buffer).setUint16(VnetField.headerLength, hint, true);
    assert.equal(begin(header, packet), 3);
    assert.deepEqual(takeAll(), splitModel(spec, 400).map(buildPacket));
  }
});

Deno.test("segment: in JavaScript alone it is the same", () => {
  const scalar = new Segmenter(memory, new ScalarChecksum(memory));
  for (const kind of allKinds) {
    const spec = { ...kind, payload: patternBytes(5001) };
    const { header, packet } = offloadedPacket(spec, 1348);
    assert.equal(begin(header, packet, scalar), 4);
    assert.deepEqual(takeAll(scalar), splitModel(spec, 1348).map(buildPacket));
  }
});

Deno.test("segment: a packet left unfinished is forgotten by the next one", () => {
  const { header, packet } = offloadedPacket({ ...tcp4, payload: patternBytes(5000) }, 1000);
  assert.equal(begin(header, packet), 5);
  segmenter.next(targets);
  assert.equal(segmenter.remaining, 4);
  const other = { ...udp6, payload: patternBytes(1500, 2) };
  assert.deepEqual(split(other, 800), splitModel(other, 800).map(buildPacket));
  assert.equal(begin(vnetHeader(1, 9, 0, 0, 0, 0), new Uint8Array(40)), -1);
  assert.equal(segmenter.remaining, 0);
});

/** All ways to have a packet that is not segmented. */
function whole(header: Uint8Array, packet: Uint8Array): Uint8Array {
  assert.equal(begin(header, packet), 1);
  const [copied] = takeAll();
  const at = put(header, packet);
  assert.ok(completeChecksum(memory, checksum, at.header, at.packet, packet.length));
  assert.deepEqual(bytes.slice(at.packet), copied, "in place");
  return copied;
}

Deno.test("segment: a packet of its own has its checksum completed", () => {
  fc.assert(fc.property(arbitrarySpec(1500), (spec) => {
    const { header, packet } = offloadedPacket(spec, 0);
    const completed = whole(header, packet);
    const expected = buildPacket(spec);
    const field = ipHeaderLength(spec) + (spec.protocol === "tcp" ? 16 : 6);
    // The kernel's skb_checksum_help writes 0xffff for 0, in TCP as well.
    if (expected[field] === 0 && expected[field + 1] === 0) expected.fill(0xff, field, field + 2);
    assert.deepEqual(completed, expected);
  }));
});

Deno.test("segment: a packet that needs nothing stays as it is", () => {
  for (const length of [1, 19, 1500]) {
    const packet = patternBytes(length);
    assert.deepEqual(whole(vnetHeader(0, 0, 1, 2, 0xffff, 0xffff), packet), packet);
    assert.deepEqual(whole(vnetHeader(2, 0, 0, 0, 0, 0), packet), packet, "DATA_VALID");
  }
});

Deno.test("segment: a checksum of 0 is written as 0xffff", () => {
  // Two words that add up to 0xffff, and the field: nothing is left of the sum.
  const packet = new Uint8Array([0xff, 0xff, 0, 0]);
  assert.deepEqual(
    whole(vnetHeader(1, 0, 0, 0, 0, 2), packet),
    new Uint8Array([0xff, 0xff, 0xff, 0xff]),
  );
});

Deno.test("segment: a checksum that is not in the packet is refused", () => {
  for (const [start, offset] of [[0xffff, 0xffff], [39, 0], [20, 19], [40, 0], [0, 39]]) {
    const header = vnetHeader(1, 0, 0, 0, start, offset);
    assert.equal(begin(header, new Uint8Array(40)), -1, `${start} + ${offset}`);
    const at = put(header, new Uint8Array(40));
    assert.equal(completeChecksum(memory, checksum, at.header, at.packet, 40), false);
    assert.ok(bytes.subarray(at.packet).every((byte) => byte === 0));
  }
  assert.equal(begin(vnetHeader(1, 0, 0, 0, 38, 0), new Uint8Array(40)), 1, "just within");
  assert.equal(begin(vnetHeader(0, 0, 0, 0, 0, 0), new Uint8Array(0)), -1, "no packet");
  const at = put(offloadedPacket(tcp4, 100).header, new Uint8Array(40));
  assert.equal(completeChecksum(memory, checksum, at.header, at.packet, 40), false, "not whole");
});

/** Changes to a super-packet of 3 segments, each of which must be refused. */
const malformed: Record<string, { spec?: PacketSpec; change(h: Uint8Array, p: Uint8Array): void }> =
  {
    "no segment size": { change: (h) => h.fill(0, 4, 6) },
    "UFO": { spec: udp4, change: (h) => h[1] = 3 },
    "a tunnel's type": { change: (h) => h[1] |= 0x20 },
    "TCP over IPv4 that is IPv6": { spec: tcp6, change: (h) => h[1] = 1 },
    "TCP over IPv6 that is IPv4": { change: (h) => h[1] = 4 },
    "TCP that is UDP": { spec: udp4, change: (h) => h[1] = 1 },
    "UDP that is TCP": { change: (h) => h[1] = 5 },
    "another version than 6": { spec: tcp6, change: (_, p) => p[0] = 0x70 },
    "no IP version": { change: (_, p) => p[0] = 0x55 },
    "an IPv4 header of 16 bytes": { change: (_, p) => p[0] = 0x44 },
    "an IPv4 header of 16 bytes, UDP": { spec: udp4, change: (_, p) => p[0] = 0x44 },
    "an IPv4 header beyond the packet": {
      spec: { ...udp4, payload: new Uint8Array(1) },
      change: (_, p) => p[0] = 0x4f,
    },
    "an IPv4 length too small": { change: (_, p) => p[3]-- },
    "an IPv4 length too large": { change: (_, p) => p[3]++ },
    "more fragments": { change: (_, p) => p[6] |= 0x20 },
    "a fragment offset": { change: (_, p) => p[7] = 1 },
    "another protocol": { change: (_, p) => p[9] = 1 },
    "a TCP header of 16 bytes": { change: (_, p) => p[32] = 0x40 },
    "a TCP header beyond the packet": {
      spec: { ...tcp4, payload: new Uint8Array(1) },
      change: (_, p) => p[32] = 0xf0,
    },
    "an IPv6 length too small": { spec: tcp6, change: (_, p) => p[5]-- },
    "an IPv6 length too large": { spec: udp6, change: (_, p) => p[5]++ },
    "an IPv6 fragment": { spec: tcp6, change: (_, p) => p[6] = 44 },
    "IPv6 without next header": { spec: tcp6, change: (_, p) => p[6] = 59 },
    "an extension header beyond the packet": {
      spec: { ...udp6, extensions: 1 },
      change: (_, p) => p[41] = 255,
    },
    "extension headers to the end": {
      spec: { ...udp6, extensions: 1, payload: new Uint8Array(0) },
      change: (_, p) => p[40] = 60,
    },
    "a checksum that starts elsewhere": { change: (h) => h[6]++ },
    "a checksum that starts elsewhere and is where it should be": {
      change: (h) => {
        h[6]++;
        h[8]--;
      },
    },
    "a checksum that is elsewhere": { change: (h) => h[8]++ },
  };

for (const [name, { spec = tcp4, change }] of Object.entries(malformed)) {
  Deno.test(`segment: refused: ${name}`, () => {
    const whole = { ...spec, payload: spec.payload.length > 0 ? spec.payload : patternBytes(250) };
    const { header, packet } = offloadedPacket(whole, 100);
    assert.ok(begin(header, packet) > 0);
    change(header, packet);
    assert.equal(begin(header, packet), -1);
    assert.equal(segmenter.remaining, 0);
    if (name.startsWith("a checksum")) return;
    // Not because the checksum would be elsewhere.
    header[0] = 0;
    assert.equal(begin(header, packet), -1);
  });
}

Deno.test("segment: a packet cut short anywhere in its headers is refused", () => {
  for (
    const kind of [...allKinds, { ...tcp6, extensions: 3 }, { ...udp4, ipOptions: [1, 1, 1, 0] }]
  ) {
    const { header, packet } = offloadedPacket(kind, 100);
    for (let length = 0; length < packet.length; length++) {
      const cut = packet.slice(0, length);
      // With a length field that fits, so that it isn't for that.
      if (kind.version === 4 && length >= 4) cut.set([length >>> 8, length & 255], 2);
      else if (length >= 40) cut.set([0, length - 40], 4);
      assert.equal(begin(header, cut), -1, `${length} of ${packet.length}`);
    }
  }
});

Deno.test("segment: garbage is neither followed out of the packet nor thrown about", () => {
  const guard = 2048;
  const step = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(
      arbitrarySpec(400),
      fc.integer({ min: 0, max: 300 }),
      fc.array(step, { maxLength: 6 }),
      fc.option(fc.uint8Array({ maxLength: 120 })),
      fc.nat(),
      (spec, gsoSize, changes, noise, cut) => {
        const { header, packet } = offloadedPacket(spec, gsoSize);
        const changed = noise ?? packet.slice(0, packet.length - (cut % 3 === 0 ? cut % 60 : 0));
        for (const { at, value } of changes) {
          if (at % 3 === 0) header[at % header.length] = value;
          else if (changed.length > 0) changed[at % Math.min(changed.length, 80)] = value;
        }
        const front = end - changed.length - vnetHeaderLength;
        bytes.fill(0x33, front - guard, front);
        const count = begin(header, changed);
        assert.ok(count === -1 || count >= 1);
        let length = 0;
        for (const segment of takeAll()) length += segment.length;
        assert.ok(length <= Math.max(1, count) * changed.length);
        assert.ok(bytes.subarray(front - guard, front).every((byte) => byte === 0x33));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("segment: every checksum is right by itself", () => {
  for (const segment of split({ ...tcp4, payload: patternBytes(3000) }, 700)) {
    assert.equal(checksumOf(segment.subarray(0, 20)), 0);
    const length = segment.length - 20;
    assert.equal(
      checksumOf([
        ...segment.subarray(12, 20),
        0,
        6,
        length >>> 8,
        length & 255,
        ...segment.subarray(20),
      ]),
      0,
    );
  }
});
