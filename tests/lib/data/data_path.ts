// A sealer and an opener without a loop around them.

import { PinnedMemory } from "deno-tun";
import type { CryptoEngine, EngineChoice, KeyMaterial } from "../../../lib/crypto/engine.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { PacketIdSender } from "../../../lib/crypto/packet_id.ts";
import { ExitRoutes } from "../../../lib/data/exit_routes.ts";
import { Framing } from "../../../lib/data/framing.ts";
import { Opener, type OpenerOptions } from "../../../lib/data/open.ts";
import { PacketArena, PacketBatch } from "../../../lib/data/packet_batch.ts";
import { DataKey, type Peer } from "../../../lib/data/peer.ts";
import { PeerTable } from "../../../lib/data/peer_table.ts";
import { RouteTable } from "../../../lib/data/route_table.ts";
import { Sealer } from "../../../lib/data/seal.ts";
import { createTrafficCounters } from "../../../lib/data/traffic_counters.ts";
import { sockaddr } from "../loop/tunnel.ts";

const client: OpenerOptions = { server: false, clientToClient: false, float: false };

/** Both directions of one peer, number 0. */
export class DataPath {
  readonly memory = new PinnedMemory(1 << 20);
  readonly counters = createTrafficCounters(4);
  readonly peers = new PeerTable(this.memory, 4);
  readonly routes = new RouteTable();
  readonly exhausting: number[] = [];
  readonly exited: number[] = [];
  readonly engineErrors: unknown[] = [];
  readonly listener = {
    peerFloated: () => {},
    peerExited: (peer: Peer) => void this.exited.push(peer.number),
    keyExhausting: (key: DataKey) => void this.exhausting.push(key.keyId),
    engineFailed: (error: unknown) => void this.engineErrors.push(error),
  };
  readonly sealer = new Sealer(this.counters, this.listener);
  readonly opener: Opener;
  readonly peer: Peer;
  readonly arena = new PacketArena(this.memory, 1 << 19);
  readonly batch = new PacketBatch(this.memory, 64);

  constructor(framing: Framing = Framing.NONE, options: OpenerOptions = client) {
    this.opener = new Opener(
      ...[
        this.peers,
        this.routes,
        new ExitRoutes(4),
        this.counters,
        this.listener,
        options,
      ] as const,
    );
    this.peer = this.peers.add(0, {
      socket: 0,
      address: sockaddr("192.0.2.1:1194"),
      remotePeerId: 0,
      framing,
      pingInterval: 0,
      pingTimeout: 0,
      replayWindow: 64,
      replayTime: 15_000,
    });
    this.batch.socket = 0;
  }

  /** Installs and activates key 0. */
  async setKey(
    keys: { readonly seal: KeyMaterial; readonly open: KeyMaterial },
    engine: EngineChoice | CryptoEngine = "auto",
    lastPacketId = 0,
  ): Promise<void> {
    const chosen = typeof engine === "string" ? selectEngine(engine) : engine;
    const seal = await chosen.createCipher("seal", keys.seal);
    const open = await chosen.createCipher("open", keys.open);
    this.peer.installKey(new DataKey(this.peer, 0, seal, open, new PacketIdSender(lastPacketId)));
    this.peer.activateKey(0);
  }

  /** The datagrams of these payloads; those that were dropped are missing. */
  async seal(...payloads: readonly Uint8Array[]): Promise<Uint8Array[]> {
    this.arena.reset();
    this.batch.clear();
    for (const payload of payloads) {
      const place = this.arena.place(payload.length);
      this.memory.bytes.set(payload, place);
      if (this.sealer.admit(this.batch, this.peer, place, payload.length)) {
        this.arena.take(payload.length);
      }
    }
    await this.sealer.seal(this.batch);
    this.sealer.finish(this.batch, 1);
    return this.#packets();
  }

  /** Verdict and packet of each datagram that was admitted. */
  async open(
    ...datagrams: readonly Uint8Array[]
  ): Promise<{ readonly verdict: number; readonly packet: Uint8Array }[]> {
    this.arena.reset();
    this.batch.clear();
    for (const datagram of datagrams) {
      const place = this.arena.place(datagram.length);
      this.memory.bytes.set(datagram, place);
      const { addressOffset, addressLength } = this.peers;
      this.opener.admit(this.batch, place, datagram.length, addressOffset[0], addressLength[0]);
      this.arena.take(datagram.length);
    }
    await this.opener.open(this.batch);
    this.opener.settle(this.batch, 1, 1);
    return this.#packets().map((packet, i) => ({ verdict: this.batch.verdict[i], packet }));
  }

  #packets(): Uint8Array[] {
    return Array.from(
      { length: this.batch.count },
      (_, i) =>
        this.memory.bytes.slice(
          this.batch.offset[i],
          this.batch.offset[i] + this.batch.length[i],
        ),
    );
  }
}
