import assert from "node:assert/strict";
import fc from "fast-check";
import { PinnedMemory } from "deno-tun";
import { Coalescer, maxRunPackets } from "../../../lib/data/coalesce.ts";
import { maxOpenFlows } from "../../../lib/data/coalesce_flows.ts";
import { createInternetChecksum } from "../../../lib/data/internet_checksum_wasm.ts";
import { Segmenter } from "../../../lib/data/segment.ts";
import { readWrite } from "./coalesce_writes.ts";
import {
  allKinds,
  buildPacket,
  checksumOf,
  flag,
  gsoTypeOf,
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

const memory = new PinnedMemory(2 * 1024 * 1024);
const { bytes } = memory;
const checksum = createInternetChecksum(memory);
const coalescer = new Coalescer(memory, checksum, { capacity: 256, udp: true });
const withoutUdp = new Coalescer(memory, checksum, { capacity: 256, udp: false });
const segmenter = new Segmenter(memory, checksum);
const packetsStart = memory.allocate(1024 * 1024);
const superPacket = memory.allocate(70_000);
const target = memory.allocate(70_000);

/** One write: what the kernel would get, and how many packets it stands for. */
interface Write {
  readonly header: Uint8Array;
  readonly packet: Uint8Array;
  readonly packets: number;
}

/** Coalesces packets; between them stand guards that nothing may change. */
function coalesce(packets: readonly Uint8Array[], by = coalescer): Write[] {
  by.clear();
  let at = packetsStart;
  const gaps: number[] = [];
  for (const packet of packets) {
    bytes.fill(0x77, at, at + 64);
    gaps.push(at);
    at += 64 + 10; // the virtio_net_hdr's room is the packet's own
    bytes.set(packet, at);
    by.add(at, packet.length);
    at += packet.length;
  }
  const writes: Write[] = [];
  for (let run = 0; run < by.count; run++) {
    const pieces = by.prepare(run);
    const all = readWrite(memory, by.iovecs, pieces);
    assert.equal(by.packets(run), pieces);
    writes.push({ header: all.slice(0, 10), packet: all.slice(10), packets: by.packets(run) });
  }
  for (const gap of gaps) {
    assert.ok(bytes.subarray(gap, gap + 64).every((byte) => byte === 0x77), "between packets");
  }
  return writes;
}

/** The packets that a write stands for. */
function expand({ header, packet }: Write): Uint8Array[] {
  if (header.every((byte) => byte === 0)) return [packet];
  bytes.set(header, superPacket);
  bytes.set(packet, superPacket + 10);
  const packets: Uint8Array[] = [];
  assert.ok(segmenter.begin(superPacket, superPacket + 10, packet.length) > 0);
  while (segmenter.remaining > 0) {
    const length = segmenter.next(target);
    packets.push(bytes.slice(target, target + length));
  }
  return packets;
}

/** How many packets each write has. */
const sizes = (packets: readonly Uint8Array[], by = coalescer) =>
  coalesce(packets, by).map((write) => write.packets);

/** `spec` with so many bytes in so many segments. */
function stream(spec: PacketSpec, length: number, size: number): PacketSpec[] {
  return splitModel({ ...spec, payload: patternBytes(length) }, size);
}

for (const spec of allKinds) {
  const name = `${spec.protocol.toUpperCase()} over IPv${spec.version}`;

  Deno.test(`coalesce: ${name}, the write is what an offloading sender makes`, () => {
    const whole = { ...spec, flags: flag.ACK | flag.PSH, payload: patternBytes(9000) };
    const packets = splitModel(whole, 1348).map(buildPacket);
    const writes = coalesce(packets);
    assert.deepEqual(writes.map((write) => write.packets), [7]);
    const { header, packet } = offloadedPacket(whole, 1348);
    assert.deepEqual(writes[0].packet, packet);
    assert.deepEqual(
      writes[0].header,
      vnetHeader(
        1,
        gsoTypeOf(spec),
        headerLength(spec),
        1348,
        ipHeaderLength(spec),
        spec.protocol === "tcp" ? 16 : 6,
      ),
    );
    assert.deepEqual(header, writes[0].header);
    assert.deepEqual(expand(writes[0]), packets);
  });

  Deno.test(`coalesce: ${name}, one packet stays as it is`, () => {
    const packet = buildPacket({ ...spec, payload: patternBytes(100) });
    const [write] = coalesce([packet]);
    assert.deepEqual(write, { header: new Uint8Array(10), packet, packets: 1 });
  });

  Deno.test(`coalesce: ${name}, up to 64 packets and 65,535 bytes`, () => {
    assert.equal(maxRunPackets, 64);
    assert.deepEqual(sizes(stream(spec, 130, 1).map(buildPacket)), [64, 64, 2]);
    const most = 65_535 - headerLength(spec);
    const size = Math.ceil(most / 3);
    const exact = coalesce(stream(spec, most, size).map(buildPacket));
    assert.deepEqual(exact.map((write) => write.packets), [3]);
    assert.equal(exact[0].packet.length, 65_535);
    assert.deepEqual(
      sizes(stream(spec, most + 1, size).map(buildPacket)),
      most % 3 === 0 ? [3, 1] : [2, 1],
    );
  });

  Deno.test(`coalesce: ${name}, a shorter packet is the last, a longer one begins anew`, () => {
    const [a, b, c] = stream(spec, 300, 100);
    const short = { ...b, payload: b.payload.slice(0, 99) };
    const behind = { ...c, sequence: (short.sequence + 99) % 2 ** 32 };
    assert.deepEqual(sizes([a, short, behind].map(buildPacket)), [2, 1]);
    const afterShort = { ...behind, payload: patternBytes(98) };
    assert.deepEqual(sizes([a, short, afterShort].map(buildPacket)), [2, 1]);
    const long = { ...b, payload: patternBytes(101) };
    assert.deepEqual(sizes([a, long].map(buildPacket)), [1, 1]);
    const next = { ...c, sequence: (long.sequence + 101) % 2 ** 32, payload: patternBytes(101) };
    assert.deepEqual(sizes([a, long, next].map(buildPacket)), [1, 2], "with the longer one");
  });
}

/**
 * Changes to the second of two packets that would be merged, by what they are. Each must keep them
 * apart. `both` changes the first as well.
 */
interface Difference {
  readonly spec: PacketSpec;
  /** In its fields, so that checksums fit. */
  readonly fields?: Partial<PacketSpec>;
  /** In its bytes, after which checksums are made to fit again; not where it is of checksums. */
  readonly change?: (packet: Uint8Array, i: number) => void;
  readonly both?: boolean;
  readonly keepChecksums?: boolean;
}

const differences: Record<string, Difference> = {
  "another source": { spec: tcp4, fields: { source: [10, 1, 0, 3] } },
  "another destination": { spec: tcp4, fields: { destination: [10, 2, 0, 3] } },
  "another source port": { spec: tcp4, fields: { sourcePort: 40001 } },
  "another destination port": { spec: udp4, fields: { destinationPort: 5202 } },
  "another source, IPv6": { spec: tcp6, fields: { source: [...tcp6.source.slice(0, 15), 9] } },
  "another destination, IPv6": {
    spec: udp6,
    fields: { destination: [0xfc, ...tcp6.destination.slice(1)] },
  },
  "a gap of one byte": { spec: tcp4, fields: { sequence: (tcp4.sequence + 101) % 2 ** 32 } },
  "a repeated segment": { spec: tcp6, fields: { sequence: tcp6.sequence } },
  "another ack number": { spec: tcp4, fields: { acknowledgment: tcp4.acknowledgment + 1 } },
  "another window": { spec: tcp6, fields: { window: 502 } },
  "another urgent pointer": { spec: tcp4, fields: { urgentPointer: 1 } },
  "another timestamp": {
    spec: tcp4,
    fields: { tcpOptions: [1, 1, 8, 10, 0, 1, 2, 4, 4, 5, 6, 7] },
  },
  "other options": { spec: tcp6, fields: { tcpOptions: [...tcp6.tcpOptions, 1, 1, 1, 1] } },
  "no options": { spec: tcp4, fields: { tcpOptions: [] } },
  "another type of service": { spec: tcp4, fields: { trafficClass: 4 } },
  "congestion experienced": { spec: udp4, fields: { trafficClass: 3 } },
  "another traffic class": { spec: tcp6, fields: { trafficClass: 0x40 } },
  "congestion experienced, IPv6": { spec: tcp6, fields: { trafficClass: 3 } },
  "another flow label": { spec: udp6, fields: { flowLabel: 1 } },
  "another time to live": { spec: tcp4, fields: { hopLimit: 63 } },
  "another hop limit": { spec: tcp6, fields: { hopLimit: 63 } },
  "no DF": { spec: tcp4, fields: { dontFragment: false } },
  "a gap in the ids": { spec: tcp4, fields: { identification: 0 } },
  "an id that goes back": { spec: udp4, fields: { identification: 0xfffd } },
  "the same id without DF": {
    spec: { ...tcp4, dontFragment: false },
    fields: { identification: tcp4.identification },
  },
  "IPv4 options": { spec: tcp4, fields: { ipOptions: [1, 1, 1, 0] }, both: true },
  "IPv6 extension headers": { spec: tcp6, fields: { extensions: 1 }, both: true },
  "no payload": { spec: tcp4, fields: { payload: new Uint8Array(0) } },
  "FIN": { spec: tcp4, fields: { flags: flag.ACK | flag.FIN } },
  "SYN": { spec: tcp4, fields: { flags: flag.ACK | flag.SYN } },
  "RST": { spec: tcp6, fields: { flags: flag.ACK | flag.RST } },
  "URG": { spec: tcp4, fields: { flags: flag.ACK | flag.URG }, both: true },
  "ECE": { spec: tcp4, fields: { flags: flag.ACK | flag.ECE }, both: true },
  "CWR": { spec: tcp6, fields: { flags: flag.ACK | flag.CWR }, both: true },
  "no ACK": { spec: tcp4, fields: { flags: 0 }, both: true },
  "a reserved TCP bit": { spec: tcp4, change: (p) => p[32] |= 1, both: true },
  "a TCP header of 16 bytes": {
    spec: tcp6,
    change: (p, i) => {
      p[52] = 0x40;
      if (i === 1) p[47] += 16; // the sequence number: the payload is that much longer
    },
    both: true,
  },
  "a TCP header beyond the packet": {
    spec: { ...tcp6, payload: patternBytes(4) },
    change: (p) => p[52] = 0xf0,
    both: true,
  },
  "more fragments": { spec: tcp4, change: (p) => p[6] |= 0x20, both: true },
  "a fragment": { spec: udp4, change: (p) => p[7] = 1, both: true },
  "a reserved bit in IPv4": { spec: tcp4, change: (p) => p[6] |= 0x80, both: true },
  "another version": { spec: tcp4, change: (p) => p[0] = 0x55, both: true },
  "another version than 6": { spec: tcp6, change: (p) => p[0] = 0x70, both: true },
  "trailing bytes, IPv4": { spec: udp4, change: (p) => p[3]--, both: true },
  "trailing bytes, IPv6": { spec: tcp6, change: (p) => p[5]--, both: true },
  "another protocol": { spec: tcp4, change: (p) => p[9] = 132, both: true },
  "another next header": { spec: udp6, change: (p) => p[6] = 136, both: true },
  "another UDP length": { spec: udp6, change: (p) => p[45]--, both: true },
  "a wrong IPv4 checksum": { spec: tcp4, change: (p) => p[10] ^= 1, keepChecksums: true },
  "a wrong TCP checksum": { spec: tcp4, change: (p) => p[36] ^= 1, keepChecksums: true },
  "a wrong UDP checksum, IPv6": { spec: udp6, change: (p) => p[47] ^= 1, keepChecksums: true },
  "a changed payload": { spec: tcp6, change: (p) => p[90] ^= 0x80, keepChecksums: true },
  "UDP without checksum": {
    spec: udp4,
    change: (p) => p.fill(0, 26, 28),
    both: true,
    keepChecksums: true,
  },
};

/** Makes the checksums of a packet right again, of a TCP or UDP header where it should be. */
function fixChecksums(packet: Uint8Array, spec: PacketSpec): Uint8Array {
  const view = new DataView(packet.buffer);
  if (spec.version === 4) {
    view.setUint16(10, 0);
    view.setUint16(10, checksumOf(packet.subarray(0, 20)));
  }
  const start = ipHeaderLength(spec);
  const field = start + (spec.protocol === "tcp" ? 16 : 6);
  const addresses = [...spec.source, ...spec.destination];
  const rest = packet.length - start;
  view.setUint16(field, 0);
  view.setUint16(
    field,
    checksumOf([
      ...addresses,
      ...[0, spec.protocol === "tcp" ? 6 : 17, rest >>> 8, rest & 255],
      ...packet.subarray(start),
    ]),
  );
  return packet;
}

for (const [name, { spec, fields, change, both, keepChecksums }] of Object.entries(differences)) {
  Deno.test(`coalesce: not merged: ${name}`, () => {
    const size = spec.payload.length || 100;
    const alike = stream(spec, 2 * size, size);
    const control = alike.map(buildPacket);
    assert.deepEqual(sizes(control), [2], "without it they are");
    const packets = alike.map((each, i) => {
      const changed = i === 1 || both === true;
      const packet = buildPacket(changed ? { ...each, ...fields } : each);
      if (!changed || change === undefined) return packet;
      change(packet, i);
      return keepChecksums ? packet : fixChecksums(packet, spec);
    });
    const writes = coalesce(packets);
    assert.deepEqual(writes.map((write) => write.packets), [1, 1]);
    assert.deepEqual(writes.flatMap(expand), packets);
  });
}

Deno.test("coalesce: a wrong checksum in the first packet keeps it alone", () => {
  for (const spec of allKinds) {
    const packets = stream(spec, 300, 100).map(buildPacket);
    packets[0][packets[0].length - 1] ^= 1;
    const writes = coalesce(packets);
    assert.deepEqual(writes.map((write) => write.packets), [1, 2]);
    assert.deepEqual(writes.flatMap(expand), packets);
  }
});

Deno.test("coalesce: a checksum written with the other zero is kept", () => {
  // A payload word that makes the checksum 0; then 0xffff is right as well, and stays.
  const [first, second] = stream(tcp4, 200, 100);
  const zero = (spec: PacketSpec): PacketSpec => {
    const payload = spec.payload.slice();
    payload.fill(0, 0, 2);
    const packet = buildPacket({ ...spec, payload });
    payload.set(packet.subarray(36, 38));
    return { ...spec, payload };
  };
  const packets = [first, zero(second)].map(buildPacket);
  assert.deepEqual(packets[1].subarray(36, 38), new Uint8Array(2));
  assert.deepEqual(sizes(packets), [2]);
  packets[1].fill(0xff, 36, 38);
  assert.deepEqual(sizes(packets), [1, 1]);

  // In UDP 0 means that there is none, even where that would be right.
  const [u, v] = stream(udp6, 200, 100);
  const zeroed = [u, { ...v, payload: v.payload.slice().fill(0, 0, 2) }];
  zeroed[1].payload.set(buildPacket(zeroed[1]).subarray(46, 48));
  const datagrams = zeroed.map(buildPacket);
  assert.deepEqual(datagrams[1].subarray(46, 48), new Uint8Array([0xff, 0xff]));
  assert.deepEqual(sizes(datagrams), [2]);
  datagrams[1].fill(0, 46, 48);
  assert.deepEqual(sizes(datagrams), [1, 1]);

  // The same in an IPv4 header.
  const [a, b] = stream(udp4, 200, 100);
  const clear = buildPacket({ ...b, identification: 0 });
  const header = new DataView(clear.buffer).getUint16(10);
  const ids = [{ ...a, identification: header - 1 }, { ...b, identification: header }]
    .map(buildPacket);
  assert.deepEqual(ids[1].subarray(10, 12), new Uint8Array(2));
  assert.deepEqual(sizes(ids), [2]);
  ids[1].fill(0xff, 10, 12);
  assert.deepEqual(sizes(ids), [1, 1]);
});

Deno.test("coalesce: ids may stay the same under DF, but not change their ways", () => {
  const ids = (...list: number[]) =>
    sizes(
      stream(tcp4, list.length * 100, 100)
        .map((spec, i) => buildPacket({ ...spec, identification: list[i] })),
    );
  assert.deepEqual(ids(0, 0, 0), [3]);
  assert.deepEqual(ids(0xffff, 0, 1), [3]);
  assert.deepEqual(ids(7, 7, 8), [2, 1]);
  assert.deepEqual(ids(7, 8, 8), [2, 1]);
  assert.deepEqual(ids(7, 9, 11), [1, 1, 1]);
});

Deno.test("coalesce: PSH ends a run and is kept", () => {
  const [a, b, c] = stream(tcp6, 300, 100);
  const pushed = (spec: PacketSpec) => ({ ...spec, flags: flag.ACK | flag.PSH });
  const packets = [a, pushed(b), c].map(buildPacket);
  const writes = coalesce(packets);
  assert.deepEqual(writes.map((write) => write.packets), [2, 1]);
  assert.deepEqual(writes.flatMap(expand), packets);
  assert.deepEqual(sizes([pushed(a), b, c].map(buildPacket)), [1, 2]);
});

Deno.test("coalesce: UDP stays as it is where the kernel does not take it", () => {
  const packets = stream(udp4, 300, 100).map(buildPacket);
  const writes = coalesce(packets, withoutUdp);
  assert.deepEqual(writes.map((write) => write.packets), [1, 1, 1]);
  assert.deepEqual(writes.map((write) => write.packet), packets);
  assert.deepEqual(sizes(stream(tcp4, 300, 100).map(buildPacket), withoutUdp), [3]);
});

/** `count` flows, by their source port. */
function flows(count: number, size: number): PacketSpec[][] {
  return Array.from(
    { length: count },
    (_, i) => stream({ ...allKinds[i % 4], sourcePort: 1000 + i }, size * 100, 100),
  );
}

Deno.test("coalesce: flows may be interleaved, up to as many as there is room for", () => {
  assert.equal(maxOpenFlows, 8);
  const eight = flows(8, 3);
  const interleaved = [0, 1, 2].flatMap((i) => eight.map((flow) => buildPacket(flow[i])));
  assert.deepEqual(sizes(interleaved), new Array(8).fill(3));
  // One more than fits, in turn: each takes the place of the one that comes next.
  const nine = flows(9, 3);
  const crowded = [0, 1, 2].flatMap((i) => nine.map((flow) => buildPacket(flow[i])));
  const writes = coalesce(crowded);
  assert.equal(writes.reduce((sum, write) => sum + write.packets, 0), 27);
  assert.deepEqual(perFlow(writes.flatMap(expand)), perFlow(crowded));
});

Deno.test("coalesce: flows that differ in protocol or version only are apart", () => {
  // An IPv6 address that has, where an IPv4 header has its addresses, just these.
  const lookalike = [0xfd, 1, 0, 0, ...tcp4.source, ...tcp4.destination, 0, 0, 0, 2];
  const kinds = allKinds.map((spec) => spec.version === 4 ? spec : { ...spec, source: lookalike });
  const streams = kinds.map((spec) => stream(spec, 300, 100).map(buildPacket));
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      if (i === j) continue;
      const interleaved = [0, 1, 2].flatMap((k) => [streams[i][k], streams[j][k]]);
      assert.deepEqual(sizes(interleaved), [3, 3], `${i} and ${j}`);
    }
  }
});

Deno.test("coalesce: when a flow is closed the others stay open", () => {
  // The last of three has PSH, which closes its flow.
  const pushing = { ...tcp4, sourcePort: 9, flags: flag.ACK | flag.PSH };
  for (const kind of allKinds) {
    const [p, q, r] = stream(pushing, 300, 100).map(buildPacket);
    // Its ids stand still, where the closed flow's go up.
    const others = stream(kind, 400, 100).map((spec) => ({ ...spec, identification: 1 }));
    const [a, b, c, d] = others.map(buildPacket);
    assert.deepEqual(sizes([p, q, a, b, r, c, d]), [3, 4]);
    if (kind.version === 4) {
      const up = buildPacket({ ...others[2], identification: 2 });
      assert.deepEqual(sizes([p, q, a, b, r, up]), [3, 2, 1], "ids must go on standing still");
    }
    // The closed flow's first packet was verified, the other's was not, and is wrong.
    const wrong = a.slice();
    wrong[99] ^= 1;
    assert.deepEqual(sizes([p, q, wrong, r, b, c, d]), [3, 1, 3]);
  }
});

Deno.test("coalesce: a header cut short is not read on", () => {
  const end = bytes.length;
  for (const spec of allKinds) {
    const packet = buildPacket({ ...spec, payload: patternBytes(1) });
    const [first] = stream(spec, 200, 100).map(buildPacket);
    for (let length = spec.version === 4 ? 20 : 40; length < headerLength(spec); length++) {
      const cut = packet.slice(0, length);
      if (spec.version === 4) cut.set([0, length], 2);
      else cut.set([0, length - 40], 4);
      coalescer.clear();
      bytes.set(first, packetsStart);
      coalescer.add(packetsStart, first.length);
      bytes.set(cut, end - length);
      coalescer.add(end - length, length);
      assert.equal(coalescer.count, 2);
    }
  }
});

Deno.test("coalesce: what may belong to any flow keeps its place", () => {
  const [a, b] = stream(tcp4, 200, 100).map(buildPacket);
  const odd: Record<string, Uint8Array> = {
    "a later fragment": fixChecksums(
      Uint8Array.from(b, (byte, i) => i === 7 ? 185 : byte),
      { ...tcp4, protocol: "udp" },
    ),
    "IPv4 options": buildPacket({ ...tcp4, ipOptions: [1, 1, 1, 0], payload: patternBytes(10) }),
    "extension headers": buildPacket({ ...tcp6, extensions: 1, payload: patternBytes(10) }),
    "an authentication header": Uint8Array.from(a, (byte, i) => i === 9 ? 51 : byte),
    "a cut header": a.slice(0, 30),
    "no IP packet": patternBytes(50).fill(0, 0, 1),
    "nothing": new Uint8Array(0),
  };
  for (const [name, packet] of Object.entries(odd)) {
    const writes = coalesce([a, packet, b]);
    assert.deepEqual(writes.map((write) => write.packet), [a, packet, b], name);
  }
  for (const protocol of [0, 43, 44, 51, 60, 135, 139, 140, 253, 254]) {
    const hidden = Uint8Array.from(buildPacket(tcp6), (byte, i) => i === 6 ? protocol : byte);
    assert.equal(coalesce([a, hidden, b]).length, 3, `protocol ${protocol}`);
  }
  // ICMP is of no TCP or UDP flow.
  const ping = Uint8Array.from(a, (byte, i) => i === 9 ? 1 : byte);
  assert.deepEqual(sizes([a, ping, b]), [2, 1]);
});

Deno.test("coalesce: a packet of the flow that is not merged keeps its place in it", () => {
  const [a, b, c, d] = stream(tcp4, 400, 100);
  for (
    const other of [
      buildPacket({ ...a, payload: new Uint8Array(0) }),
      buildPacket({ ...a, flags: flag.ACK | flag.ECE }),
      buildPacket({ ...a, flags: flag.RST }),
    ]
  ) {
    const packets = [buildPacket(a), buildPacket(b), other, buildPacket(c), buildPacket(d)];
    const writes = coalesce(packets);
    assert.deepEqual(writes.map((write) => write.packets), [2, 1, 2]);
    assert.deepEqual(writes.flatMap(expand), packets);
  }
});

Deno.test("coalesce: clear forgets all, and full says when there is no room", () => {
  const small = new Coalescer(memory, checksum, { capacity: 2, udp: true });
  const [a, b, c] = stream(tcp4, 300, 100).map(buildPacket);
  assert.deepEqual(sizes([a, b], small), [2]);
  assert.ok(small.full);
  small.clear();
  assert.deepEqual([small.count, small.full], [0, false]);
  assert.deepEqual(sizes([c], small), [1], "not with what was there before");
});

/** Packets by flow as bytes in base64; those of no flow under one name. */
function perFlow(packets: readonly Uint8Array[]): Map<string, string[]> {
  const byFlow = new Map<string, string[]>();
  for (const packet of packets) {
    const ipv4 = packet[0] === 0x45 && (packet[9] === 6 || packet[9] === 17);
    const ipv6 = packet[0] >>> 4 === 6 && (packet[6] === 6 || packet[6] === 17);
    const fragment = ipv4 && (packet[6] & 0x3f | packet[7]) !== 0;
    const name = ipv4 && !fragment
      ? `${packet[9]} ${packet.subarray(12, 24).toBase64()}`
      : ipv6
      ? `${packet[6]} ${packet.subarray(8, 44).toBase64()}`
      : "other";
    byFlow.set(name, [...byFlow.get(name) ?? [], packet.toBase64()]);
  }
  return byFlow;
}

/** IPv4 ids under DF mean nothing (RFC 6864); where they stand still the kernel counts them up. */
function withoutAtomicIds(packet: Uint8Array): Uint8Array {
  if (packet[0] !== 0x45 || packet[6] !== 0x40) return packet;
  const copy = packet.slice();
  copy.fill(0, 4, 6).fill(0, 10, 12);
  return copy;
}

/** The source port of the flow whose ids stand still. */
const standingIdPort = 1008;

/** A few flows, each going on mostly as it should. */
const arbitraryTraffic: fc.Arbitrary<Uint8Array[]> = fc.array(
  fc.record({
    flow: fc.integer({ min: 0, max: 9 }),
    size: fc.constantFrom(...new Array(20).fill(100), 99, 101, 1, 0),
    oddity: fc.integer({ min: 0, max: 100 }),
  }),
  { maxLength: 80, size: "max" },
).map((steps) => {
  const state = new Map<number, PacketSpec>();
  return steps.map(({ flow, size, oddity }, i) => {
    const before = state.get(flow) ?? { ...allKinds[flow % 4], sourcePort: 1000 + flow };
    const spec: PacketSpec = {
      ...before,
      identification: before.sourcePort === standingIdPort ? 0 : before.identification + 1 & 0xffff,
      sequence: (before.sequence + before.payload.length) % 2 ** 32,
      flags: flag.ACK,
      payload: patternBytes(size, i + 1),
    };
    state.set(flow, spec);
    const odd: Partial<PacketSpec>[] = [
      { flags: flag.ACK | flag.PSH },
      { flags: flag.ACK | flag.FIN },
      { flags: flag.ACK | flag.PSH | flag.CWR },
      { sequence: spec.sequence ^ 1 },
      { trafficClass: 3 },
      { acknowledgment: 1 },
      { identification: spec.identification ^ 4 },
      { tcpOptions: [] },
      { ipOptions: [1, 1, 1, 0], extensions: 1 },
      { dontFragment: false },
    ];
    const packet = buildPacket({ ...spec, ...odd[oddity] });
    if (oddity === 20) packet[packet.length - 1] ^= 1;
    if (oddity === 21) packet[6] |= 0x20;
    if (oddity === 22) return packet.slice(0, 35);
    return packet;
  });
});

Deno.test("coalesce: no merge changes a byte, an order or a flag", () => {
  let merged = 0;
  fc.assert(
    fc.property(arbitraryTraffic, (packets) => {
      const writes = coalesce(packets);
      const back = writes.flatMap(expand);
      assert.equal(back.length, packets.length);
      merged += packets.length - writes.length;
      assert.deepEqual(
        perFlow(back.map(withoutAtomicIds)),
        perFlow(packets.map(withoutAtomicIds)),
      );
      // Where ids go up, as they do in all flows but one, they are the same too.
      const counted = (list: Uint8Array[]) =>
        list.filter((packet) => packet[20] * 256 + packet[21] !== standingIdPort);
      assert.deepEqual(perFlow(counted(back)), perFlow(counted(packets)));
    }),
    { numRuns: 200 },
  );
  assert.ok(merged > 500, `only ${merged} packets were merged`);
});

Deno.test("coalesce: packets around one that may belong to any flow keep their places", () => {
  fc.assert(
    fc.property(arbitraryTraffic, arbitraryTraffic, (before, after) => {
      const fragment = buildPacket({ ...tcp4, payload: patternBytes(8) });
      fragment[7] = 1;
      const all = coalesce([...before, fragment, ...after].slice(0, coalescer.capacity));
      const at = all.findIndex(({ packet }) => packet.toBase64() === fragment.toBase64());
      const count = (writes: Write[]) => writes.reduce((sum, { packets }) => sum + packets, 0);
      assert.equal(count(all.slice(0, at)), before.length);
      assert.equal(count(all.slice(at + 1)), after.length);
    }),
    { numRuns: 50 },
  );
});

Deno.test("coalesce: garbage passes as it is", () => {
  const end = bytes.length;
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc.tuple(
            fc.constantFrom(...allKinds),
            fc.nat(),
            fc.integer({ min: 0, max: 255 }),
            fc.nat(),
          )
            .map(([spec, at, value, cut]) => {
              const packet = buildPacket({ ...spec, payload: patternBytes(20) });
              packet[at % packet.length] = value;
              return cut % 2 === 0 ? packet : packet.slice(0, cut % packet.length);
            }),
        ),
        { maxLength: 20 },
      ),
      (packets) => {
        assert.deepEqual(perFlow(coalesce(packets).flatMap(expand)), perFlow(packets));
        // Alone at the memory's end, where reading on would throw.
        for (const packet of packets) {
          coalescer.clear();
          bytes.set(packet, end - packet.length);
          coalescer.add(end - packet.length, packet.length);
          assert.equal(coalescer.prepare(0), 1);
          const written = readWrite(memory, coalescer.iovecs, 1);
          assert.deepEqual(written.subarray(10), packet);
        }
      },
    ),
    { numRuns: 300 },
  );
});
