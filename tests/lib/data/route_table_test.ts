// Longest prefix match against a naive model.

import assert from "node:assert/strict";
import fc from "fast-check";
import { VpnError } from "../../../lib/base/errors.ts";
import { RouteTable } from "../../../lib/data/route_table.ts";
import { ipv4 } from "../loop/tunnel.ts";

function lookup(table: RouteTable, address: Uint8Array): number {
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  return address.length === 4 ? table.lookupIpv4(view, 0) : table.lookupIpv6(view, 0);
}

/** The network of an address as text: its first bits. */
function prefix(address: Uint8Array, length: number): string {
  const bits = Array.from(address, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return `${address.length} ${bits.slice(0, length)}`;
}

// Few bits in few places, so that networks overlap and meet.
const ipv4Address = fc.uint8Array({ minLength: 4, maxLength: 4, max: 3 });
const ipv6Address = fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 });
const route = fc.oneof(
  fc.record({ network: ipv4Address, prefixLength: fc.nat(32) }),
  fc.record({ network: ipv6Address, prefixLength: fc.nat(128) }),
);
const command = fc.record({
  route,
  peer: fc.nat(5),
  action: fc.constantFrom("add", "add", "add", "remove", "removePeer"),
});

Deno.test("look-ups find what a list of all networks gives", () => {
  fc.assert(fc.property(
    fc.array(command, { maxLength: 200 }),
    fc.array(fc.oneof(ipv4Address, ipv6Address), { maxLength: 30 }),
    (commands, addresses) => {
      const table = new RouteTable();
      const model = new Map<string, number>();
      for (const { action, peer, route: { network, prefixLength } } of commands) {
        const key = prefix(network, prefixLength);
        if (action === "add") {
          table.add(network, prefixLength, peer);
          model.set(key, peer);
        } else if (action === "remove") {
          table.remove(network, prefixLength, peer);
          if (model.get(key) === peer) model.delete(key);
        } else {
          table.removePeer(peer);
          for (const [other, owner] of model) if (owner === peer) model.delete(other);
        }
      }
      assert.equal(table.size, model.size);
      for (const address of [...addresses, ...commands.map(({ route }) => route.network)]) {
        let expected = -1;
        for (let length = 8 * address.length; length >= 0 && expected < 0; length--) {
          expected = model.get(prefix(address, length)) ?? -1;
        }
        assert.equal(lookup(table, address), expected);
      }
    },
  ));
});

Deno.test("thousands of host routes, added and removed", () => {
  const table = new RouteTable();
  const host = (n: number) => Uint8Array.of(10, n >>> 16, n >>> 8, n);
  for (let n = 0; n < 10_000; n++) table.add(host(n), 32, n);
  table.add(ipv4("10.0.0.0"), 8, 77_777);
  for (let n = 0; n < 10_000; n++) assert.equal(lookup(table, host(n)), n);
  for (let n = 0; n < 10_000; n += 2) table.removePeer(n);
  for (let n = 0; n < 10_000; n++) {
    assert.equal(lookup(table, host(n)), n % 2 === 0 ? 77_777 : n);
  }
  assert.equal(lookup(table, ipv4("11.0.0.0")), -1);
});

Deno.test("a route that is none is refused", () => {
  const table = new RouteTable();
  for (
    const [length, prefixLength] of [[4, 33], [4, -1], [16, 129], [5, 8], [0, 0], [4, 1.5], [
      4,
      NaN,
    ]]
  ) {
    assert.throws(() => table.add(new Uint8Array(length), prefixLength, 1), VpnError);
  }
});
