// Exit nodes: who may send what to whom, against a naive model.

import assert from "node:assert/strict";
import fc from "fast-check";
import { PinnedMemory } from "deno-tun";
import { ClientRouting } from "../../../lib/data/client_routing.ts";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { ExitRoutes, noExit, serverExit } from "../../../lib/data/exit_routes.ts";
import { PacketBatch } from "../../../lib/data/packet_batch.ts";
import { Peer } from "../../../lib/data/peer.ts";
import { PeerTable } from "../../../lib/data/peer_table.ts";
import { RouteTable } from "../../../lib/data/route_table.ts";
import { createTrafficCounters } from "../../../lib/data/traffic_counters.ts";
import { Verdict } from "../../../lib/data/verdict.ts";
import { ipv4, ipv4Packet, ipv6Packet } from "../loop/tunnel.ts";

const peerCount = 4;
const peers = Array.from({ length: peerCount }, (_, n) => new Peer(n, 64, 0));
const networks = { 4: [10, 8, 0, 0], 6: [0xfd, 0, 0, 8, ...new Array(12).fill(0)] } as const;

/** An address by what it is: a peer's, another of the tunnel's network, or outside. */
type Place =
  | { readonly kind: "peer"; readonly peer: number }
  | { readonly kind: "inside" }
  | { readonly kind: "outside" };

const place: fc.Arbitrary<Place> = fc.oneof(
  fc.nat(peerCount - 1).map((peer) => ({ kind: "peer" as const, peer })),
  fc.constant({ kind: "inside" as const }),
  fc.constant({ kind: "outside" as const }),
);

function address(version: 4 | 6, at: Place): Uint8Array {
  if (version === 4) {
    if (at.kind === "outside") return ipv4("203.0.113.9");
    return ipv4(at.kind === "peer" ? `10.8.0.${at.peer + 2}` : "10.8.0.1");
  }
  const bytes = Uint8Array.from(networks[6]);
  if (at.kind === "outside") bytes.set([0x20, 0x01, 0x0d, 0xb8]);
  bytes[15] = at.kind === "peer" ? at.peer + 2 : 1;
  return bytes;
}

function packet(version: 4 | 6, source: Place, destination: Place): Uint8Array {
  const [from, to] = [address(version, source), address(version, destination)];
  if (version === 6) return ipv6Packet(from, to, new Uint8Array(8));
  return ipv4Packet(from.join("."), to.join("."), new Uint8Array(8));
}

class Routing {
  readonly exits = new ExitRoutes(peerCount);
  readonly counters = createTrafficCounters(peerCount);
  readonly #batch = new PacketBatch(new PinnedMemory(4096), 1);
  readonly #routing: ClientRouting;

  constructor(clientToClient: boolean) {
    const routes = new RouteTable();
    // Without access lists it looks at nothing there.
    const table = new PeerTable(new PinnedMemory(1 << 16), peerCount);
    for (const version of [4, 6] as const) {
      this.exits.addNetwork(networks[version], version === 4 ? 24 : 64);
      for (let peer = 0; peer < peerCount; peer++) {
        routes.add(address(version, { kind: "peer", peer }), version === 4 ? 32 : 128, peer);
      }
    }
    this.#routing = new ClientRouting(table, routes, this.exits, this.counters, clientToClient);
  }

  /** Where the packet goes: a peer, `device`, or why nowhere. */
  route(from: number, bytes: Uint8Array): number | "device" | DropReason | string {
    this.#batch.memory.bytes.set(bytes, 64);
    this.#batch.offset[0] = 64;
    this.#batch.length[0] = bytes.length;
    this.counters.drops.fill(0);
    const version = bytes[0] >>> 4 as 4 | 6;
    const verdict = this.#routing.route(this.#batch, 0, peers[from], version);
    const drops = [...this.counters.drops].flatMap((n, reason) => n > 0 ? [reason] : []);
    if (verdict === Verdict.NONE) return `drop ${drops}`;
    assert.deepEqual(drops, []);
    return verdict === Verdict.DELIVER ? "device" : this.#batch.destination[0];
  }
}

/** What should become of it, said in another way. */
function expected(
  exits: readonly number[],
  clientToClient: boolean,
  from: number,
  source: Place,
  destination: Place,
): number | string {
  const own = source.kind === "peer" && source.peer === from;
  const serves = (peer: number) => exits[peer] === from;
  if (destination.kind === "peer") {
    if (source.kind === "outside" && serves(destination.peer)) return destination.peer;
    if (!own) return `drop ${DropReason.BAD_SOURCE}`;
    return clientToClient || serves(destination.peer) ? destination.peer : "device";
  }
  if (!own) return `drop ${DropReason.BAD_SOURCE}`;
  if (destination.kind === "inside" || exits[from] === serverExit) return "device";
  return exits[from] === noExit ? `drop ${DropReason.NO_EXIT}` : exits[from];
}

Deno.test("exit nodes: every packet goes where a naive model says", () => {
  const exit = fc.integer({ min: noExit, max: peerCount - 1 });
  fc.assert(
    fc.property(
      fc.array(exit, { minLength: peerCount, maxLength: peerCount }),
      fc.boolean(),
      fc.nat(peerCount - 1),
      place,
      place,
      fc.constantFrom(4 as const, 6 as const),
      (wanted, clientToClient, from, source, destination, version) => {
        // Nobody is its own exit node.
        const exits = wanted.map((other, peer) => other === peer ? serverExit : other);
        const routing = new Routing(clientToClient);
        exits.forEach((other, peer) => routing.exits.set(peer, other));
        assert.equal(
          routing.route(from, packet(version, source, destination)),
          expected(exits, clientToClient, from, source, destination),
        );
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("exit nodes: when one goes, who went by it goes nowhere, also when its number comes again", () => {
  const routing = new Routing(false);
  const { exits } = routing;
  const out = packet(4, { kind: "peer", peer: 0 }, { kind: "outside" });
  assert.equal(exits.active, false);
  exits.set(0, 3);
  exits.set(1, 2);
  assert.equal(routing.route(0, out), 3);
  exits.removePeer(3);
  assert.equal(exits.active, true);
  assert.equal(routing.route(0, out), `drop ${DropReason.NO_EXIT}`);
  const back = packet(4, { kind: "outside" }, { kind: "peer", peer: 0 });
  assert.equal(routing.route(3, back), `drop ${DropReason.BAD_SOURCE}`);
  assert.equal(exits.of(1), 2);
  exits.removePeer(0);
  exits.removePeer(1);
  assert.equal(exits.active, false);
});

Deno.test("exit nodes: link-local addresses, loopback and multicast are not the Internet", () => {
  const exits = new ExitRoutes(1);
  const outside = (bytes: readonly number[]) => {
    const view = new DataView(Uint8Array.from(bytes).buffer);
    return exits.isOutside(view, 0, bytes.length === 4 ? 4 : 6);
  };
  const never = [
    "0.0.0.0",
    "127.0.0.1",
    "169.254.1.1",
    "224.0.0.1",
    "239.1.1.1",
    "255.255.255.255",
  ];
  for (const text of never) assert.equal(outside([...ipv4(text)]), false, text);
  for (const text of ["1.1.1.1", "10.0.0.1", "223.255.255.255", "128.0.0.1"]) {
    assert.equal(outside([...ipv4(text)]), true, text);
  }
  const ipv6 = (first: number, second: number, last: number) => [
    ...[first, second],
    ...new Array(13).fill(0),
    last,
  ];
  for (const [first, second, last] of [[0, 0, 0], [0, 0, 1], [0xfe, 0x80, 1], [0xff, 0x02, 1]]) {
    assert.equal(outside(ipv6(first, second, last)), false);
  }
  for (const [first, second, last] of [[0x20, 1, 1], [0xfd, 0, 1], [0, 0, 2]]) {
    assert.equal(outside(ipv6(first, second, last)), true);
  }
});
