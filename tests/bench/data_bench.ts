// How long sealing and opening take per packet, from the plain packet to the datagram and back,
// without system calls: `deno bench -A tests/bench/data_bench.ts`. Each iteration is a batch of 64
// packets of 1,400 bytes; divide by 64.

import { PinnedMemory } from "deno-tun";
import { selectEngine } from "../../lib/crypto/engines.ts";
import { Framing } from "../../lib/data/framing.ts";
import { ExitRoutes } from "../../lib/data/exit_routes.ts";
import { Opener } from "../../lib/data/open.ts";
import { PacketArena, PacketBatch } from "../../lib/data/packet_batch.ts";
import { DataKey } from "../../lib/data/peer.ts";
import { PeerTable } from "../../lib/data/peer_table.ts";
import { RouteTable } from "../../lib/data/route_table.ts";
import { Sealer } from "../../lib/data/seal.ts";
import { createTrafficCounters } from "../../lib/data/traffic_counters.ts";
import { ipv4, ipv4Packet, keyPair, sockaddr } from "../lib/loop/tunnel.ts";

const batchSize = 64;
const length = 1400;

for (const engine of ["openssl", "webcrypto"] as const) {
  for (const cipher of ["AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"]) {
    const path = await createPath(engine, cipher);
    // `async` is what tells Deno.bench to wait.
    Deno.bench(
      `seal ${engine} ${cipher}`,
      { group: `seal ${cipher}` },
      async () => await path.seal(),
    );
    Deno.bench(
      `seal and open ${engine} ${cipher}`,
      { group: `both ${cipher}` },
      async () => await path.both(),
    );
  }
}

async function createPath(engineName: "openssl" | "webcrypto", cipher: string) {
  const memory = new PinnedMemory(4 << 20);
  const counters = createTrafficCounters(4);
  const peers = new PeerTable(memory, 4);
  const routes = new RouteTable();
  const listener = {
    peerFloated() {},
    peerExited() {},
    keyExhausting() {},
    engineFailed(error: unknown) {
      throw error;
    },
  };
  const sealer = new Sealer(counters, listener);
  const opener = new Opener(peers, routes, new ExitRoutes(1), counters, listener, {
    server: true,
    clientToClient: false,
    float: true,
  });
  const peer = peers.add(1, {
    socket: 0,
    address: sockaddr("192.0.2.1:1194"),
    remotePeerId: 1,
    framing: Framing.NONE,
    pingInterval: 0,
    pingTimeout: 0,
    replayWindow: 64,
    replayTime: 15_000,
  });
  routes.add(ipv4("10.8.0.2"), 32, 1);
  const engine = selectEngine(engineName);
  const keys = keyPair(cipher);
  const key = new DataKey(
    peer,
    0,
    await engine.createCipher("seal", keys.client().seal),
    await engine.createCipher("open", keys.server().open),
  );
  peer.installKey(key);
  peer.activateKey(0);
  const packet = ipv4Packet("10.8.0.2", "10.8.0.1", new Uint8Array(length - 20));
  const arena = new PacketArena(memory, 1 << 20);
  const sealed = new PacketBatch(memory, batchSize);
  const opened = new PacketBatch(memory, batchSize);
  opened.socket = 0;

  const seal = async () => {
    sealed.clear();
    arena.reset();
    for (let i = 0; i < batchSize; i++) {
      const place = arena.place(length);
      memory.bytes.set(packet, place);
      sealer.admit(sealed, peer, place, length);
      arena.take(length);
    }
    const promise = sealer.seal(sealed);
    if (promise !== undefined) await promise;
    sealer.finish(sealed, 1);
  };
  const both = async () => {
    await seal();
    opened.clear();
    const address = peers.addressOffset[1];
    const addressLength = peers.addressLength[1];
    for (let i = 0; i < batchSize; i++) {
      opener.admit(opened, sealed.offset[i], sealed.length[i], address, addressLength);
    }
    const promise = opener.open(opened);
    if (promise !== undefined) await promise;
    opener.settle(opened, 1, 1);
    if (opened.verdict[batchSize - 1] !== 1) throw new Error("not delivered");
  };
  return { seal, both };
}
