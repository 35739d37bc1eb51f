/**
 * Time of checksums, segmentation and coalescing.
 *
 * `deno bench -A tests/bench/segment_bench.ts`; the time is for one packet of 1,400 bytes or
 * segment, or for as many as the name says.
 *
 * @module
 */

import { PinnedMemory } from "deno-tun";
import { Coalescer } from "../../lib/data/coalesce.ts";
import { type InternetChecksum, ScalarChecksum } from "../../lib/data/internet_checksum.ts";
import { createInternetChecksum } from "../../lib/data/internet_checksum_wasm.ts";
import { Segmenter } from "../../lib/data/segment.ts";
import {
  allKinds,
  buildPacket,
  offloadedPacket,
  patternBytes,
  splitModel,
} from "../lib/data/packet_model.ts";

const memory = new PinnedMemory(1024 * 1024);
const { bytes } = memory;
bytes.set(patternBytes(bytes.length));
const checksums: Record<string, InternetChecksum> = {
  SIMD: createInternetChecksum(memory),
  JavaScript: new ScalarChecksum(memory),
};
/** Packets that follow each other, as in a batch. */
const packets = 32;
const slot = 1664;
const length = 1400;
const target = 512 * 1024;

/** Each iteration takes the next packet, so that a batch's worth of memory is touched. */
function eachPacket(work: (offset: number) => void): () => void {
  let i = 0;
  return () => work((i++ & packets - 1) * slot + 24);
}

for (const [name, checksum] of Object.entries(checksums)) {
  Deno.bench(
    `checksum, ${name}`,
    { group: "checksum" },
    eachPacket((offset) => {
      checksum.sum(offset, length, 0);
    }),
  );
  Deno.bench(
    `copy and checksum, ${name}`,
    { group: "copy" },
    eachPacket((offset) => {
      checksum.copyAndSum(target + offset, offset, length, 0);
    }),
  );
}
Deno.bench(
  "copyWithin, then checksum, SIMD",
  { group: "copy" },
  eachPacket((offset) => {
    bytes.copyWithin(target + offset, offset, offset + length);
    checksums.SIMD.sum(target + offset, length, 0);
  }),
);
Deno.bench(
  "copyWithin alone",
  { group: "copy" },
  eachPacket((offset) => {
    bytes.copyWithin(target + offset, offset, offset + length);
  }),
);

const payloadSize = 1348; // with timestamps, 1,400 bytes over IPv4
const run = 32;
const superPacket = 256 * 1024;
const segmenter = new Segmenter(memory, checksums.SIMD);

for (const spec of allKinds) {
  const name = `${spec.protocol.toUpperCase()} IPv${spec.version}`;
  const whole = { ...spec, payload: patternBytes(run * payloadSize) };
  const { header, packet } = offloadedPacket(whole, payloadSize);
  const packed = new Uint8Array([...header, ...packet]);
  const headers = packed.subarray(0, 120);
  Deno.bench(`segment ${run}, ${name}`, { group: "segment" }, () => {
    bytes.set(headers, superPacket); // the segmenter changes them
    segmenter.begin(superPacket, superPacket + header.length, packet.length);
    for (let place = target; segmenter.remaining > 0; place += slot) segmenter.next(place);
  });

  const coalescer = new Coalescer(memory, checksums.SIMD, { capacity: 1024, udp: true });
  const segments = splitModel(whole, payloadSize).map(buildPacket);
  const firstHeaders = segments[0].subarray(0, 120);
  const place = (i: number) => target + i * slot + 24;
  let prepared = "";
  Deno.bench(`coalesce ${run}, ${name}`, { group: "coalesce" }, () => {
    if (prepared !== name) {
      segments.forEach((segment, i) => bytes.set(segment, place(i)));
      prepared = name;
    }
    bytes.set(firstHeaders, place(0)); // the coalescer changes them
    coalescer.clear();
    for (let i = 0; i < run; i++) coalescer.add(place(i), segments[i].length);
    for (let i = 0; i < coalescer.count; i++) coalescer.prepare(i);
    if (coalescer.count !== 1) throw new Error(`${coalescer.count} writes`);
  });
}

const mixed = allKinds.flatMap((spec, i) =>
  splitModel({ ...spec, sourcePort: i, payload: patternBytes(8 * payloadSize) }, payloadSize)
    .map((each, j) => ({ packet: buildPacket(each), order: j * 4 + i }))
).sort((a, b) => a.order - b.order).map(({ packet }) => packet);
const mixedCoalescer = new Coalescer(memory, checksums.SIMD, { capacity: 1024, udp: true });
Deno.bench(`coalesce ${run} of 4 flows, with their copying`, { group: "coalesce" }, () => {
  for (let i = 0; i < run; i++) bytes.set(mixed[i], target + i * slot);
  mixedCoalescer.clear();
  for (let i = 0; i < run; i++) mixedCoalescer.add(target + i * slot, mixed[i].length);
  for (let i = 0; i < mixedCoalescer.count; i++) mixedCoalescer.prepare(i);
  if (mixedCoalescer.count !== 4) throw new Error(`${mixedCoalescer.count} writes`);
});
