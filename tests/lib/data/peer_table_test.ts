// Peers by address against a naive model.

import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeSockaddr, PinnedMemory } from "deno-tun";
import { VpnError } from "../../../lib/base/errors.ts";
import { Framing } from "../../../lib/data/framing.ts";
import { type PeerSettings, PeerTable } from "../../../lib/data/peer_table.ts";

const maxPeers = 8;

function settings(address: Uint8Array): PeerSettings {
  return {
    socket: 0,
    address,
    framing: Framing.NONE,
    pingInterval: 0,
    pingTimeout: 0,
    replayWindow: 64,
    replayTime: 0,
  };
}

const endpoint = fc.oneof(
  fc.record({ host: fc.constantFrom("192.0.2.1", "192.0.2.2"), port: fc.nat(4) }),
  fc.record({
    host: fc.constantFrom("2001:db8::1", "2001:db8::2", "::ffff:192.0.2.1"),
    port: fc.nat(4),
  }),
).map(({ host, port }) => encodeSockaddr(host, port));

const action = fc.record({
  kind: fc.constantFrom("add", "add", "update", "remove", "float"),
  peer: fc.nat(maxPeers - 1),
  address: endpoint,
});

Deno.test("peers are found by address, whatever moved before", () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
    const memory = new PinnedMemory(65536);
    const table = new PeerTable(memory, maxPeers);
    const place = memory.allocate(32);
    const addresses = new Map<number, string>();
    const holders = new Map<string, number>();
    const release = (peer: number) => {
      const old = addresses.get(peer);
      if (old !== undefined && holders.get(old) === peer) holders.delete(old);
    };
    for (const { kind, peer, address } of actions) {
      const text = address.toHex();
      const present = table.get(peer);
      assert.equal(present !== undefined, addresses.has(peer));
      if (kind === "remove") {
        table.remove(peer);
        release(peer);
        addresses.delete(peer);
        continue;
      }
      if (kind === "float") {
        if (present === undefined) continue;
        memory.bytes.set(address, place);
        const taken = holders.get(text) ?? peer;
        assert.equal(table.float(present, place, address.length), taken === peer);
        if (taken !== peer) continue;
      } else if (kind === "add") {
        table.add(peer, settings(address));
      } else {
        if (present === undefined) continue;
        table.update(present, { address });
      }
      release(peer);
      addresses.set(peer, text);
      holders.set(text, peer);
    }
    for (const [text, peer] of holders) {
      const address = Uint8Array.fromHex(text);
      memory.bytes.set(address, place);
      assert.equal(table.byAddress(place, address.length)?.number, peer);
    }
    for (const [peer, text] of addresses) {
      const found = table.get(peer);
      assert.ok(found !== undefined);
      assert.equal(table.addressOf(found).toHex(), text);
    }
  }));
});

Deno.test("the flow label is not part of an address, the scope is", () => {
  const memory = new PinnedMemory(65536);
  const table = new PeerTable(memory, 1);
  const address = encodeSockaddr("fe80::1", 5);
  address[24] = 3; // sin6_scope_id
  const peer = table.add(0, settings(address));
  const place = memory.allocate(32);
  const isKnown = (change: number) => {
    memory.bytes.set(address, place);
    memory.bytes[place + change] ^= 1;
    return table.isAddressOf(peer, place, 28);
  };
  assert.equal(isKnown(4), true, "sin6_flowinfo");
  for (const offset of [0, 2, 3, 8, 12, 16, 20, 23, 24]) assert.equal(isKnown(offset), false);
});

Deno.test("a malformed peer is refused", () => {
  const table = new PeerTable(new PinnedMemory(65536), 2);
  const address = encodeSockaddr("192.0.2.1", 1);
  for (const number of [-1, 2, 0.5]) {
    assert.throws(() => table.add(number, settings(address)), VpnError);
    assert.equal(table.get(number), undefined);
  }
  assert.throws(() => table.add(0, settings(address.subarray(1))), VpnError);
  const peer = table.add(0, settings(address));
  assert.throws(() => table.update(peer, { address: new Uint8Array(27) }), VpnError);
  assert.deepEqual(table.addressOf(peer), address);
});
