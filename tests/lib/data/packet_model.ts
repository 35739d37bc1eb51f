/**
 * TCP and UDP packets and what becomes of them when they are segmented, written for plainness and
 * without anything of `lib/data`: the judge of segmentation and coalescing.
 *
 * Source: RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 1071; `linux/virtio_net.h`.
 *
 * @module
 */

import fc from "fast-check";

/** Everything that a packet is made from. */
export interface PacketSpec {
  readonly version: 4 | 6;
  readonly protocol: "tcp" | "udp";
  /** 4 or 16 bytes. */
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Type of service, or traffic class. */
  readonly trafficClass: number;
  /** Time to live, or hop limit. */
  readonly hopLimit: number;
  readonly dontFragment: boolean;
  readonly identification: number;
  readonly flowLabel: number;
  /** IPv4 options: a multiple of 4 bytes. */
  readonly ipOptions: readonly number[];
  /** IPv6 extension headers (60, destination options), of 8 bytes each. */
  readonly extensions: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  readonly urgentPointer: number;
  /** A multiple of 4 bytes. */
  readonly tcpOptions: readonly number[];
  readonly payload: Uint8Array;
}

/** TCP flags. */
export const flag = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ECE: 64,
  CWR: 128,
} as const;

/** RFC 1071, word by word. */
export function checksumOf(bytes: readonly number[] | Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = sum % 0x10000 + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

const be16 = (value: number) => [value >>> 8 & 255, value & 255];
const be32 = (value: number) => [...be16(value >>> 16), ...be16(value)];

const protocolNumber = (spec: PacketSpec) => spec.protocol === "tcp" ? 6 : 17;

function pseudoHeader(spec: PacketSpec, length: number): number[] {
  const { version, source, destination } = spec;
  return version === 4
    ? [...source, ...destination, 0, protocolNumber(spec), ...be16(length)]
    : [...source, ...destination, ...be32(length), 0, 0, 0, protocolNumber(spec)];
}

function transportHeader(spec: PacketSpec, checksum: number): number[] {
  const ports = [...be16(spec.sourcePort), ...be16(spec.destinationPort)];
  if (spec.protocol === "udp") {
    return [...ports, ...be16(8 + spec.payload.length), ...be16(checksum)];
  }
  return [
    ...ports,
    ...be32(spec.sequence),
    ...be32(spec.acknowledgment),
    (5 + spec.tcpOptions.length / 4) << 4,
    spec.flags,
    ...be16(spec.window),
    ...be16(checksum),
    ...be16(spec.urgentPointer),
    ...spec.tcpOptions,
  ];
}

function ipHeader(spec: PacketSpec, transportLength: number): number[] {
  const { version, trafficClass, hopLimit, source, destination } = spec;
  const number = protocolNumber(spec);
  if (version === 4) {
    const length = 20 + spec.ipOptions.length;
    const header = (checksum: number) => [
      0x40 | length / 4,
      trafficClass,
      ...be16(length + transportLength),
      ...be16(spec.identification),
      ...be16(spec.dontFragment ? 0x4000 : 0),
      hopLimit,
      number,
      ...be16(checksum),
      ...source,
      ...destination,
      ...spec.ipOptions,
    ];
    return header(checksumOf(header(0)));
  }
  const extensions: number[] = [];
  for (let i = 1; i <= spec.extensions; i++) {
    // PadN of 4 bytes (RFC 8200, section 4.2)
    extensions.push(i < spec.extensions ? 60 : number, 0, 1, 4, 0, 0, 0, 0);
  }
  return [
    ...be32(0x6000_0000 + trafficClass * 0x10_0000 + spec.flowLabel),
    ...be16(extensions.length + transportLength),
    spec.extensions > 0 ? 60 : number,
    hopLimit,
    ...source,
    ...destination,
    ...extensions,
  ];
}

/** The packet with right checksums. */
export function buildPacket(spec: PacketSpec): Uint8Array {
  const blank = [...transportHeader(spec, 0), ...spec.payload];
  let checksum = checksumOf([...pseudoHeader(spec, blank.length), ...blank]);
  if (checksum === 0 && spec.protocol === "udp") checksum = 0xffff;
  const transport = [...transportHeader(spec, checksum), ...spec.payload];
  return new Uint8Array([...ipHeader(spec, transport.length), ...transport]);
}

/** `gso_type`. */
export function gsoTypeOf(spec: PacketSpec): number {
  if (spec.protocol === "udp") return 5;
  return spec.version === 4 ? 1 : 4;
}

/** Bytes in front of the TCP or UDP header. */
export function ipHeaderLength(spec: PacketSpec): number {
  return spec.version === 4 ? 20 + spec.ipOptions.length : 40 + 8 * spec.extensions;
}

/** Bytes in front of the payload. */
export function headerLength(spec: PacketSpec): number {
  return ipHeaderLength(spec) + (spec.protocol === "tcp" ? 20 + spec.tcpOptions.length : 8);
}

/** A virtio_net_hdr. */
export function vnetHeader(
  flags: number,
  type: number,
  headers: number,
  gsoSize: number,
  start: number,
  offset: number,
): Uint8Array {
  const header = new Uint8Array(10);
  const view = new DataView(header.buffer);
  header[0] = flags;
  header[1] = type;
  [headers, gsoSize, start, offset].forEach((x, i) => view.setUint16(2 + 2 * i, x, true));
  return header;
}

const checksumOffset = (spec: PacketSpec) => spec.protocol === "tcp" ? 16 : 6;

/** The packet as a kernel hands it over that leaves its checksum, and segmentation, to us. */
export function offloadedPacket(
  spec: PacketSpec,
  gsoSize: number,
): { header: Uint8Array; packet: Uint8Array } {
  const length = transportHeader(spec, 0).length + spec.payload.length;
  const sum = 0xffff - checksumOf(pseudoHeader(spec, length));
  const start = ipHeaderLength(spec);
  return {
    header: vnetHeader(
      1,
      gsoSize === 0 ? 0 : gsoTypeOf(spec) | ((spec.flags & flag.CWR) !== 0 ? 0x80 : 0),
      headerLength(spec),
      gsoSize,
      start,
      checksumOffset(spec),
    ),
    packet: new Uint8Array([
      ...ipHeader(spec, length),
      ...transportHeader(spec, sum),
      ...spec.payload,
    ]),
  };
}

/** What segments there are, each built from nothing but its own fields. */
export function splitModel(spec: PacketSpec, gsoSize: number): PacketSpec[] {
  const count = Math.max(1, Math.ceil(spec.payload.length / gsoSize));
  return Array.from({ length: count }, (_, i) => {
    let flags = spec.flags;
    if (i > 0) flags &= ~flag.CWR;
    if (i < count - 1) flags &= ~(flag.FIN | flag.PSH);
    return {
      ...spec,
      flags,
      identification: (spec.identification + i) % 0x10000,
      sequence: (spec.sequence + i * gsoSize) % 2 ** 32,
      payload: spec.payload.slice(i * gsoSize, (i + 1) * gsoSize),
    };
  });
}

/** A TCP segment to begin tests with. */
export const tcp4: PacketSpec = {
  version: 4,
  protocol: "tcp",
  source: [10, 1, 0, 2],
  destination: [10, 2, 0, 2],
  sourcePort: 40000,
  destinationPort: 5201,
  trafficClass: 0,
  hopLimit: 64,
  dontFragment: true,
  identification: 0xfffe,
  flowLabel: 0x12345,
  ipOptions: [],
  extensions: 0,
  sequence: 0xffff_f000,
  acknowledgment: 0x1234_5678,
  flags: flag.ACK,
  window: 501,
  urgentPointer: 0,
  tcpOptions: [1, 1, 8, 10, 0, 1, 2, 3, 4, 5, 6, 7], // NOP, NOP, timestamps
  payload: new Uint8Array(0),
};

/** The same over IPv6. */
export const tcp6: PacketSpec = {
  ...tcp4,
  version: 6,
  source: [0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  destination: [0xfd, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
};

/** Datagrams. */
export const udp4: PacketSpec = { ...tcp4, protocol: "udp" };
/** Datagrams over IPv6. */
export const udp6: PacketSpec = { ...tcp6, protocol: "udp" };

/** One of each. */
export const allKinds: readonly PacketSpec[] = [tcp4, tcp6, udp4, udp6];

/** Bytes that tell when they are at the wrong place. */
export function patternBytes(length: number, seed = 1): Uint8Array {
  let state = seed >>> 0 || 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return state >>> 24;
  });
}

const octet = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffff });
const address = (bytes: number) => fc.array(octet, { minLength: bytes, maxLength: bytes });
const words = (max: number) => fc.integer({ min: 0, max }).chain((count) => address(count * 4));

/** Payloads up to `max` bytes. */
export function arbitraryPayload(max: number): fc.Arbitrary<Uint8Array> {
  return fc.record({ length: fc.integer({ min: 0, max }), seed: fc.nat() })
    .map(({ length, seed }) => patternBytes(length, seed));
}

/** Any packet that may be segmented. */
export function arbitrarySpec(maxPayload: number): fc.Arbitrary<PacketSpec> {
  return fc.constantFrom(4 as const, 6 as const).chain((version) =>
    fc.record<PacketSpec>({
      version: fc.constant(version),
      protocol: fc.constantFrom("tcp", "udp"),
      source: address(version === 4 ? 4 : 16),
      destination: address(version === 4 ? 4 : 16),
      sourcePort: word,
      destinationPort: word,
      trafficClass: octet,
      hopLimit: octet,
      dontFragment: fc.boolean(),
      identification: word,
      flowLabel: fc.integer({ min: 0, max: 0xfffff }),
      ipOptions: words(10),
      extensions: fc.integer({ min: 0, max: 3 }),
      sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
      acknowledgment: fc.integer({ min: 0, max: 0xffff_ffff }),
      flags: octet,
      window: word,
      urgentPointer: word,
      tcpOptions: words(10),
      payload: arbitraryPayload(maxPayload),
    })
  );
}
