/**
 * Segmentation and coalescing against the kernel's own, which forwards between two TUN devices in
 * a namespace of its own: `in` takes super-packets, `out` takes none, so that the kernel has to
 * take them apart; `offload` takes them whole.
 */

import assert from "node:assert/strict";
import {
  effectiveUserId,
  Epoll,
  EpollEvent,
  PinnedMemory,
  TunDevice,
  TunOffload,
  TunPort,
  vnetHeaderLength,
} from "deno-tun";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { Coalescer } from "../../../lib/data/coalesce.ts";
import { createInternetChecksum } from "../../../lib/data/internet_checksum_wasm.ts";
import { Segmenter } from "../../../lib/data/segment.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import {
  allKinds,
  buildPacket,
  flag,
  headerLength,
  offloadedPacket,
  type PacketSpec,
  patternBytes,
  splitModel,
  tcp4,
  tcp6,
  udp4,
} from "./packet_model.ts";

effectiveUserId(); // opens libc outside of the tests, whose sanitizers would see it

const here = import.meta.url;
const room = 70_000;

/** One device and where it reads to. */
interface Side {
  readonly device: TunDevice;
  readonly port: TunPort;
  readonly at: number;
}

/** The router: what goes into `in` comes out of the others. */
interface Router {
  readonly memory: PinnedMemory;
  readonly in: Side;
  /** For 10.2.0.0/24 and fd02::/64. */
  readonly out: Side;
  /** For 10.3.0.0/24 and fd03::/64. */
  readonly offload: Side;
  close(): void;
}

async function openRouter(): Promise<Router> {
  const memory = new PinnedMemory(8 * room);
  const open = (number: number, vnetHeader: boolean): Side => {
    const device = TunDevice.open({ vnetHeader });
    device.addAddress(`10.${number}.0.1`, 24);
    device.addAddress(`fd0${number}::1`, 64);
    device.up();
    return { device, port: new TunPort(device.fd, memory), at: memory.allocate(room) };
  };
  const router = {
    memory,
    in: open(1, true),
    out: open(2, false),
    offload: open(3, true),
    close() {
      for (const side of [this.in, this.out, this.offload]) side.device.close();
    },
  };
  const all = TunOffload.CSUM | TunOffload.TSO4 | TunOffload.TSO6 | TunOffload.USO4 |
    TunOffload.USO6;
  assert.equal(router.offload.device.enableOffloads(), all, "the kernel has USO (Linux 6.2)");
  for (const file of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) {
    await Deno.writeTextFile(`/proc/sys/net/${file}`, "1");
  }
  return router;
}

/** The next `count` TCP or UDP packets; the kernel sends others of its own. */
function readFlow({ memory }: Router, side: Side, count: number, skip: number): Uint8Array[] {
  const epoll = Epoll.create(1);
  epoll.add(side.device.fd, EpollEvent.IN, 1);
  const packets: Uint8Array[] = [];
  try {
    while (packets.length < count) {
      const length = side.port.read(side.at, room);
      if (length === 0) {
        assert.equal(epoll.wait(5000), 1, `${packets.length} of ${count} packets came in 5 s`);
        continue;
      }
      const packet = memory.bytes.slice(side.at, side.at + length);
      const first = packet[skip];
      const protocol = packet[skip + (first >>> 4 === 4 ? 9 : 6)];
      // Whatever stands behind a router alert or other extension headers is the kernel's own.
      if (protocol === 6 || protocol === 17 || protocol === 60) packets.push(packet);
    }
  } finally {
    epoll.close();
  }
  return packets;
}

/** A super-packet to the network with that number, as it is at the router's far side. */
function addressed(spec: PacketSpec, network: number): { sent: PacketSpec; routed: PacketSpec } {
  const destination = spec.version === 4
    ? [10, network, 0, 2]
    : [0xfd, network, ...new Array(13).fill(0), 2];
  const sent = { ...spec, destination, hopLimit: 64 };
  return { sent, routed: { ...sent, hopLimit: 63 } };
}

function send(router: Router, header: Uint8Array, packet: Uint8Array): void {
  const { memory, port, at } = { memory: router.memory, ...router.in };
  memory.bytes.set(header, at);
  memory.bytes.set(packet, at + header.length);
  assert.ok(port.write(at, header.length + packet.length), `errno ${port.lastError}`);
}

/** What our segmenter makes of a super-packet, or of its bytes with the header in front. */
function segment(...parts: readonly Uint8Array[]): Uint8Array[] {
  const memory = new PinnedMemory(3 * room);
  const segmenter = new Segmenter(memory, createInternetChecksum(memory));
  const source = memory.allocate(room);
  const target = memory.allocate(room);
  const all = concatBytes(...parts);
  memory.bytes.set(all, source);
  const length = all.length - vnetHeaderLength;
  assert.ok(segmenter.begin(source, source + vnetHeaderLength, length) > 0);
  const segments: Uint8Array[] = [];
  while (segmenter.remaining > 0) {
    const segmentLength = segmenter.next(target);
    segments.push(memory.bytes.slice(target, target + segmentLength));
  }
  return segments;
}

// Of two segments or more: the kernel drops a super-packet of one.
const cases: readonly (readonly [PacketSpec, number, number])[] = [
  ...allKinds.flatMap((spec) =>
    [[9000, 1348], [2696, 1348], [1349, 1348], [64_000, 1300], [777, 50]]
      .map(([length, size]) => [spec, length, size] as const)
  ),
  // FIN, PSH and CWR; sequence number and id wrap around, as they do in all of these.
  [{ ...tcp4, flags: 0xff & ~flag.SYN & ~flag.RST & ~flag.URG }, 3000, 1000],
  [{ ...tcp6, flags: flag.ACK | flag.PSH | flag.CWR }, 3000, 1000],
  [{ ...tcp4, dontFragment: false, identification: 0, trafficClass: 2 }, 5000, 1400],
  [{ ...tcp4, ipOptions: [1, 1, 1, 0], tcpOptions: [] }, 4000, 1000],
  [{ ...udp4, ipOptions: [1, 1, 1, 1, 1, 1, 1, 0] }, 4000, 1000],
];

await isolatedTest(here, "segment: the kernel makes the same of super-packets", async () => {
  const router = await openRouter();
  for (const [spec, length, size] of cases) {
    const name = JSON.stringify([spec, length, size]);
    const { sent, routed } = addressed({ ...spec, payload: patternBytes(length) }, 2);
    const { header, packet } = offloadedPacket(sent, size);
    send(router, header, packet);
    const count = Math.ceil(length / size);
    const theirs = readFlow(router, router.out, count, 0);
    const after = offloadedPacket(routed, size);
    assert.deepEqual(segment(after.header, after.packet), theirs, name);
    assert.deepEqual(splitModel(routed, size).map(buildPacket), theirs, `${name}, the model`);
  }
  router.close();
});

await isolatedTest(here, "segment: what the kernel hands over becomes what was sent", async () => {
  const router = await openRouter();
  for (const [spec, length, size] of cases) {
    // Without TUN_F_TSO_ECN a packet with CWR comes in segments.
    if ((spec.flags & flag.CWR) !== 0) continue;
    const { sent, routed } = addressed({ ...spec, payload: patternBytes(length) }, 3);
    const { header, packet } = offloadedPacket(sent, size);
    send(router, header, packet);
    const [whole] = readFlow(router, router.offload, 1, vnetHeaderLength);
    assert.equal(whole.length, vnetHeaderLength + headerLength(spec) + length, "in one piece");
    const segments = segment(whole);
    assert.deepEqual(segments, splitModel(routed, size).map(buildPacket));
  }
  router.close();
});

await isolatedTest(here, "segment: a checksum that the kernel left to us", async () => {
  const router = await openRouter();
  for (const spec of allKinds) {
    const { sent, routed } = addressed({ ...spec, payload: patternBytes(501) }, 3);
    const { header, packet } = offloadedPacket(sent, 0);
    send(router, header, packet);
    const [whole] = readFlow(router, router.offload, 1, vnetHeaderLength);
    assert.equal(whole[0], 1, "NEEDS_CSUM");
    const segments = segment(whole);
    assert.deepEqual(segments, [buildPacket(routed)]);
  }
  router.close();
});

await isolatedTest(here, "coalesce: the kernel takes our writes apart again", async () => {
  const router = await openRouter();
  const { memory } = router;
  const coalescer = new Coalescer(memory, createInternetChecksum(memory), {
    capacity: 100,
    udp: true,
  });
  const start = memory.allocate(3 * room);
  for (const spec of allKinds) {
    for (
      const [length, size] of [[9000, 1348], [1348, 1348], [64_000, 1300], [63, 1], [150, 149]]
    ) {
      const flags = flag.ACK | (length > size ? flag.PSH : 0);
      const { sent, routed } = addressed({ ...spec, flags, payload: patternBytes(length) }, 2);
      coalescer.clear();
      let at = start;
      for (const packet of splitModel(sent, size).map(buildPacket)) {
        at += vnetHeaderLength;
        memory.bytes.set(packet, at);
        coalescer.add(at, packet.length);
        at += packet.length;
      }
      assert.equal(coalescer.count, 1);
      const pieces = coalescer.prepare(0);
      const { port } = router.in;
      assert.ok(port.writev(coalescer.iovecs, pieces), `errno ${port.lastError}`);
      const theirs = readFlow(router, router.out, Math.ceil(length / size), 0);
      assert.deepEqual(theirs, splitModel(routed, size).map(buildPacket));
    }
  }
  router.close();
});
