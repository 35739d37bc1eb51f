/**
 * What the parts of the packet loop share.
 *
 * @module
 */

import type { CryptoEngine, PacketMemory } from "../crypto/engine.ts";
import type { Coalescer } from "../data/coalesce.ts";
import type { DataListener } from "../data/data_listener.ts";
import { ExitRoutes } from "../data/exit_routes.ts";
import { Ipv6Refusal } from "../data/ipv6_refusal.ts";
import { Opener } from "../data/open.ts";
import type { DataKey, Peer } from "../data/peer.ts";
import { PeerTable } from "../data/peer_table.ts";
import { createInternetChecksum } from "../data/internet_checksum_wasm.ts";
import type { InternetChecksum } from "../data/internet_checksum.ts";
import { RouteTable } from "../data/route_table.ts";
import { Sealer } from "../data/seal.ts";
import { errorLine } from "../base/errors.ts";
import type { SharedCounters } from "./counters.ts";
import type { WorkerEvent } from "./messages.ts";
import type { LoopClock, PacketDevice } from "./ports.ts";
import { SocketTable } from "./socket_table.ts";

/** What a packet loop is made with. */
export interface LoopOptions {
  /** All packets, addresses and the structs of the ports are in it; see `loopMemorySize`. */
  readonly memory: PacketMemory;
  readonly counters: SharedCounters;
  readonly engine: CryptoEngine;
  readonly role: "server" | "client";
  readonly clientToClient: boolean;
  /** Default: no. */
  readonly clientExits?: boolean;
  readonly ipv6RefusalSource?: Uint8Array;
  readonly float: boolean;
  readonly clock: LoopClock;
  /** Tells main. */
  post(event: WorkerEvent): void;
}

/** The tables, the ports and the time. */
export class LoopState implements DataListener {
  readonly memory: PacketMemory;
  readonly counters: SharedCounters;
  readonly engine: CryptoEngine;
  readonly server: boolean;
  readonly clientToClient: boolean;
  /** Whether packets may go from one peer to another here. */
  readonly forwarding: boolean;
  readonly peers: PeerTable;
  readonly checksum: InternetChecksum;
  readonly routes = new RouteTable();
  /** Server: which clients go by which other client to the Internet. */
  readonly exits: ExitRoutes;
  readonly sealer: Sealer;
  readonly opener: Opener;
  readonly post: (event: WorkerEvent) => void;
  readonly sockets: SocketTable;
  /** `block-ipv6`. */
  readonly ipv6Refusal: Ipv6Refusal | undefined = undefined;
  device: PacketDevice | undefined = undefined;
  /** For a device with offloads: merges what goes to it. */
  coalescer: Coalescer | undefined = undefined;
  /** Whether packets may be waiting in the device: until a read finds none. */
  deviceReadable = false;
  /** Whether the device went away without having been detached. */
  deviceLost = false;
  /** Monotonic ms, as of the beginning of the turn. */
  now = 0;
  /** `Date.now()` ms, as of the beginning of the turn. */
  wallNow = 0;
  /** The last failure of the engine, for the next report. */
  engineError: string | undefined = undefined;
  readonly #clock: LoopClock;

  /** @throws {RangeError} when the memory is too small. */
  constructor(options: LoopOptions) {
    this.memory = options.memory;
    this.counters = options.counters;
    this.checksum = createInternetChecksum(options.memory);
    this.engine = options.engine;
    this.server = options.role === "server";
    this.clientToClient = this.server && options.clientToClient;
    this.forwarding = this.server &&
      (options.clientToClient || options.clientExits === true ||
        options.ipv6RefusalSource !== undefined);
    this.post = options.post;
    this.#clock = options.clock;
    this.peers = new PeerTable(options.memory, options.counters.maxPeers);
    this.exits = new ExitRoutes(options.counters.maxPeers);
    this.sockets = new SocketTable(options.counters);
    this.sealer = new Sealer(options.counters, this);
    if (options.ipv6RefusalSource !== undefined) {
      this.ipv6Refusal = new Ipv6Refusal(
        options.memory,
        this.checksum,
        options.ipv6RefusalSource,
      );
    }
    this.opener = new Opener(this.peers, this.routes, this.exits, options.counters, this, {
      server: this.server,
      clientToClient: this.clientToClient,
      float: this.server || options.float,
      blockIpv6: this.server && this.ipv6Refusal !== undefined,
    });
    this.readClock();
  }

  /** Takes the time; once per turn, since it costs as much as a small packet. */
  readClock(): void {
    this.now = this.#clock.monotonic();
    this.wallNow = this.#clock.wall();
  }

  /** The device cannot be used any more. Main may be about to say so; if not, it is told. */
  loseDevice(): void {
    this.device = undefined;
    this.deviceReadable = false;
    this.deviceLost = true;
  }

  peerFloated(peer: Peer): void {
    this.post({
      kind: "peer-float",
      peer: peer.number,
      socket: peer.socket,
      address: this.peers.addressOf(peer),
    });
  }

  peerExited(peer: Peer): void {
    this.post({ kind: "peer-exit", peer: peer.number });
  }

  keyExhausting(key: DataKey): void {
    this.post({ kind: "key-exhausting", peer: key.peer.number, keyId: key.keyId });
  }

  engineFailed(error: unknown): void {
    this.engineError = errorLine(error);
  }
}
