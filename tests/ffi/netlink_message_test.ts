import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeInterfaceAddress } from "../../ffi/netlink_addresses.ts";
import { decodeLink } from "../../ffi/netlink_links.ts";
import {
  attributesByType,
  decodeAttributes,
  decodeError,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  u32,
} from "../../ffi/netlink_message.ts";
import { decodeRoute, encodeRoute, isCachedRoute, RTM_NEWROUTE } from "../../ffi/netlink_routes.ts";

const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength }).map((b) => new Uint8Array(b));
const message = fc.record({
  type: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  sequence: fc.nat(0xffff_ffff),
  body: bytesUpTo(50),
}, { noNullPrototype: true });
const attribute = fc.record({ type: fc.nat(0x3fff), payload: bytesUpTo(50) }, {
  noNullPrototype: true,
});

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("netlink: messages come out of a datagram as they went in", () => {
  fc.assert(fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
    const decoded = decodeMessages(concat(messages.map(encodeMessage)));
    assert.deepEqual(decoded, messages);
  }));
});

Deno.test("netlink: attributes come out as they went in", () => {
  fc.assert(fc.property(fc.array(attribute, { maxLength: 5 }), (attributes) => {
    const encoded = encodeAttributes(attributes);
    assert.equal(encoded.length % 4, 0);
    assert.deepEqual(decodeAttributes(encoded), attributes);
  }));
  assert.throws(() => encodeAttributes([{ type: 1, payload: new Uint8Array(65536) }]), RangeError);
});

Deno.test("netlink: any bytes decode or are refused, without an exception", () => {
  fc.assert(
    fc.property(bytesUpTo(120), fc.nat(0xffff), (body, flags) => {
      decodeMessages(body);
      decodeAttributes(body);
      decodeError({ type: 2, flags, sequence: 0, body });
      decodeLink(body);
      decodeInterfaceAddress(body);
      decodeRoute(body);
      isCachedRoute(body);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("netlink: lengths that do not fit are refused", () => {
  // message too short for its header, shorter than its header says, longer than the datagram
  const at = (length: number, total: number) => {
    const bytes = new Uint8Array(total);
    if (total >= 4) new DataView(bytes.buffer).setUint32(0, length, true);
    return decodeMessages(bytes);
  };
  assert.equal(at(16, 12), undefined);
  assert.equal(at(15, 16), undefined);
  assert.equal(at(0, 16), undefined);
  assert.equal(at(17, 16), undefined);
  assert.equal(at(0xffff_ffff, 16), undefined);
  assert.equal(at(16, 16)?.length, 1);
  // the same of attributes
  assert.equal(decodeAttributes(new Uint8Array([4, 0, 1])), undefined);
  assert.equal(decodeAttributes(new Uint8Array([3, 0, 1, 0])), undefined);
  assert.equal(decodeAttributes(new Uint8Array([5, 0, 1, 0])), undefined);
  assert.equal(decodeAttributes(new Uint8Array([4, 0, 1, 0]))?.length, 1);
});

Deno.test("netlink: an error that quotes 4 GiB of request is no error text", () => {
  const body = new Uint8Array(40);
  const view = new DataView(body.buffer);
  view.setInt32(0, -17, true);
  for (const quoted of [0xffff_fff0, 0x8000_0000, 1000]) {
    view.setUint32(4, quoted, true);
    assert.deepEqual(decodeError({ type: 2, flags: 0x200, sequence: 0, body }), {
      errno: 17,
      detail: undefined,
    });
  }
});

// Sent by iproute2 6.1, taken with `strace -e write=3`:
//   ip route add 10.1.0.0/16 via 10.0.0.1 dev lo metric 7
//   ip -6 route add 2001:db8::/32 dev lo metric 9 table 1000
const capturedIpv4 = `
  3c 00 00 00 18 00 05 06 c2 1a 01 6b 00 00 00 00 02 10 00 00 fe 03 00 01 00 00 00 00 08 00 01 00
  0a 01 00 00 08 00 05 00 0a 00 00 01 08 00 06 00 07 00 00 00 08 00 04 00 01 00 00 00
`;
const capturedIpv6 = `
  48 00 00 00 18 00 05 06 a0 1a 01 6b 00 00 00 00 0a 20 00 00 00 03 00 01 00 00 00 00 14 00 01 00
  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 00 08 00 06 00 09 00 00 00 08 00 0f 00 e8 03 00 00
  08 00 04 00 01 00 00 00
`;

for (
  const [captured, route] of [
    [capturedIpv4, {
      destination: "10.1.0.0",
      prefixLength: 16,
      gateway: "10.0.0.1",
      interfaceIndex: 1,
      metric: 7,
      table: 254,
      scope: 0,
      protocol: 3,
      type: 1,
    }],
    [capturedIpv6, {
      destination: "2001:db8::",
      prefixLength: 32,
      interfaceIndex: 1,
      metric: 9,
      table: 1000,
      scope: 0,
      protocol: 3,
      type: 1,
    }],
  ] as const
) {
  Deno.test(`netlink: the request of iproute2 for ${route.destination}, read and written`, () => {
    const bytes = new Uint8Array(captured.trim().split(/\s+/).map((hex) => parseInt(hex, 16)));
    const [request, ...others] = decodeMessages(bytes) ?? [];
    assert.equal(others.length, 0);
    assert.equal(request.type, RTM_NEWROUTE);
    assert.equal(request.flags, 0x605, "REQUEST, ACK, CREATE, EXCL");
    const { message: _, ...decoded } = decodeRoute(request.body) ?? {};
    assert.deepEqual(decoded, route);

    // Attributes have no order; ours always has the table as an attribute.
    const written = encodeRoute(route, "add");
    assert.deepEqual(written.subarray(0, 12), request.body.subarray(0, 12));
    const theirs = attributesByType(request.body, 12);
    assert.ok(theirs);
    theirs.set(15, u32(route.table));
    const sorted = (map: Map<number, Uint8Array>) => [...map].sort(([a], [b]) => a - b);
    const ours = attributesByType(written, 12);
    assert.ok(ours);
    assert.deepEqual(sorted(ours), sorted(theirs));
  });
}

Deno.test("netlink: malformed routes are refused before they are sent", () => {
  const route = { destination: "10.0.0.0", prefixLength: 8 };
  for (const prefixLength of [-1, 33, 1.5, NaN]) {
    assert.throws(() => encodeRoute({ ...route, prefixLength }, "add"), RangeError);
  }
  assert.throws(() => encodeRoute({ ...route, destination: "example.org" }, "add"), TypeError);
  assert.throws(() => encodeRoute({ ...route, gateway: "fe80::1" }, "add"), TypeError);
  assert.throws(() => encodeRoute({ ...route, preferredSource: "x" }, "add"), TypeError);
});
