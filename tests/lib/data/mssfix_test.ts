import assert from "node:assert/strict";
import fc from "fast-check";
import { clampSegmentSize, maximumSegmentSize } from "../../../lib/data/mssfix.ts";

const common = { outerIpv6: false, dataV2: true, framingLength: 0 } as const;

// What OpenVPN 2.6.14 logs at verb 4 as "Data Channel MTU parms [ mss_fix:N …": over IPv4, with
// data-ciphers of the one cipher, `auth SHA256` and the mssfix in front.
const logged = [
  [{ mssfix: 1492, counts: "mtu", kind: "aead", macLength: 16 }, 1400],
  [{ mssfix: 1492, counts: "mtu", kind: "cbc-hmac", macLength: 32 }, 1363],
] as const;

for (const [options, mss] of logged) {
  Deno.test(`mssfix ${options.mssfix} ${options.counts} with ${options.kind} is an MSS of ${mss}`, () => {
    assert.equal(maximumSegmentSize({ ...common, ...options }), mss);
  });
}

Deno.test("mssfix 0 leaves TCP alone, fixed counts the packet in the tunnel", () => {
  const aead = { ...common, kind: "aead", macLength: 16 } as const;
  assert.equal(maximumSegmentSize({ ...aead, mssfix: 0, counts: "mtu" }), 0);
  assert.equal(maximumSegmentSize({ ...aead, mssfix: 1400, counts: "fixed" }), 1360);
  assert.equal(maximumSegmentSize({ ...aead, mssfix: 1400, counts: "payload" }), 1336);
  assert.equal(
    maximumSegmentSize({ ...aead, mssfix: 1492, counts: "mtu", outerIpv6: true }),
    1380,
  );
  // TCP has a header of 20 bytes and our length in place of UDP's 8 (mtu.c, datagram_overhead).
  const tcp = { ...aead, transport: "tcp" } as const;
  assert.equal(maximumSegmentSize({ ...tcp, mssfix: 1492, counts: "mtu" }), 1386);
  assert.equal(maximumSegmentSize({ ...tcp, mssfix: 1400, counts: "payload" }), 1334);
  assert.equal(maximumSegmentSize({ ...aead, mssfix: 50, counts: "mtu" }), 0);
});

/** The Internet checksum, the plain way. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] << 8 | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A TCP packet with a right checksum. */
function tcpPacket(version: 4 | 6, flags: number, options: readonly number[]): Uint8Array {
  const padded = [...options, ...new Array((4 - options.length % 4) % 4).fill(0)];
  const ip = version === 4 ? 20 : 40;
  const packet = new Uint8Array(ip + 20 + padded.length);
  const view = new DataView(packet.buffer);
  const tcp = packet.subarray(ip);
  if (version === 4) {
    packet[0] = 0x45;
    packet[9] = 6;
    packet.set([10, 0, 0, 1, 10, 0, 0, 2], 12);
  } else {
    packet[0] = 0x60;
    packet[6] = 6;
    packet.set([0xfd, 1], 8);
    packet.set([0xfd, 2], 24);
  }
  view.setUint16(ip, 1234);
  tcp[12] = (20 + padded.length) / 4 << 4;
  tcp[13] = flags;
  tcp.set(padded, 20);
  view.setUint16(ip + 16, tcpChecksum(packet, ip));
  return packet;
}

function tcpChecksum(packet: Uint8Array, ip: number): number {
  const addresses = packet.subarray(ip === 20 ? 12 : 8, ip);
  const length = packet.length - ip;
  const tcp = packet.slice(ip);
  tcp[16] = tcp[17] = 0;
  return checksum(Uint8Array.of(...addresses, 0, 6, length >> 8, length & 0xff, ...tcp));
}

function clamp(packet: Uint8Array, mss: number): Uint8Array {
  const copy = packet.slice();
  clampSegmentSize(new DataView(copy.buffer), 0, copy.length, mss);
  return copy;
}

const syn = 0x02;
const mss1460 = [2, 4, 5, 180];

for (const version of [4, 6] as const) {
  const ip = version === 4 ? 20 : 40;
  const expected = version === 4 ? 1400 : 1380;
  for (const [place, before] of [["even", []], ["odd", [1]]] as const) {
    Deno.test(`the MSS of a SYN over IPv${version} is lowered at an ${place} place`, () => {
      const clamped = clamp(tcpPacket(version, syn, [...before, ...mss1460, 1, 3, 3, 7]), 1400);
      const view = new DataView(clamped.buffer);
      assert.equal(view.getUint16(ip + 20 + before.length + 2), expected);
      assert.equal(view.getUint16(ip + 16), tcpChecksum(clamped, ip));
    });
  }

  Deno.test(`over IPv${version}, a lower MSS, another option and a packet without SYN stay`, () => {
    for (
      const packet of [
        tcpPacket(version, syn, [2, 4, 4, 0]),
        tcpPacket(version, syn, [3, 3, 7]),
        tcpPacket(version, syn, []),
        tcpPacket(version, 0x10, mss1460),
        tcpPacket(version, syn, [2, 3, 5]), // an MSS option of a wrong length
        tcpPacket(version, syn, [1, 1, 1, 2]), // cut off
        tcpPacket(version, syn, [0, ...mss1460]), // behind the end
      ]
    ) assert.deepEqual(clamp(packet, 1400), packet);
  });
}

Deno.test("a fragment and another protocol stay", () => {
  const fragment = tcpPacket(4, syn, mss1460);
  fragment[7] = 1;
  const udp = tcpPacket(4, syn, mss1460);
  udp[9] = 17;
  for (const packet of [fragment, udp]) assert.deepEqual(clamp(packet, 1400), packet);
});

Deno.test("any bytes: nothing is read or written outside, nothing is thrown", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
      for (const first of [0x45, 0x4f, 0x60, bytes[0]]) {
        bytes[0] = first;
        const around = new Uint8Array(bytes.length + 64).fill(0xa5);
        around.set(bytes, 32);
        clampSegmentSize(new DataView(around.buffer), 32, bytes.length, 1000);
        assert.ok(around.subarray(0, 32).every((byte) => byte === 0xa5));
        assert.ok(around.subarray(32 + bytes.length).every((byte) => byte === 0xa5));
      }
    }),
    { numRuns: 2000 },
  );
});
