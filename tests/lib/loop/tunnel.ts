// What the tests of the data plane share: keys, IP packets, and a server with clients over a network
// in memory.

import { encodeSockaddr, PinnedMemory } from "deno-tun";
import { randomBytes } from "../../../lib/base/bytes.ts";
import { cipherInfo, digestInfo } from "../../../lib/crypto/cipher_table.ts";
import type { CryptoEngine, EngineChoice, KeyMaterial } from "../../../lib/crypto/engine.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { SharedCounters } from "../../../lib/loop/counters.ts";
import {
  InMemoryDevice,
  InMemoryNetwork,
  type InMemoryTransport,
  type InMemoryTransportOptions,
} from "../../../lib/loop/in_memory.ts";
import type { AddPeerCommand, WorkerEvent } from "../../../lib/loop/messages.ts";
import { loopMemorySize, PacketLoop } from "../../../lib/loop/packet_loop.ts";

/** The keys of one negotiation, for each end: fresh copies each time, as they get wiped. */
export interface KeyPair {
  readonly client: () => { readonly seal: KeyMaterial; readonly open: KeyMaterial };
  readonly server: () => { readonly seal: KeyMaterial; readonly open: KeyMaterial };
}

export function keyPair(cipher: string, auth = "SHA256"): KeyPair {
  const info = cipherInfo(cipher);
  const hmacKeyLength = info.kind === "aead" ? 8 : digestInfo(auth).length;
  const material = (): KeyMaterial => ({
    cipher,
    auth,
    cipherKey: randomBytes(info.keyLength),
    hmacKey: randomBytes(hmacKeyLength),
  });
  const up = material();
  const down = material();
  return {
    client: () => structuredClone({ seal: up, open: down }),
    server: () => structuredClone({ seal: down, open: up }),
  };
}

/** An IPv4 packet with protocol 253 (RFC 3692, experiments) and that payload. */
export function ipv4Packet(source: string, destination: string, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(20 + payload.length);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45;
  view.setUint16(2, packet.length);
  packet[8] = 64;
  packet[9] = 253;
  packet.set(ipv4(source), 12);
  packet.set(ipv4(destination), 16);
  packet.set(payload, 20);
  return packet;
}

export function ipv4(address: string): Uint8Array {
  return Uint8Array.from(address.split(".").map(Number));
}

/** An IPv6 packet without next header (59, RFC 8200) and that payload. */
export function ipv6Packet(
  source: Uint8Array,
  destination: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(40 + payload.length);
  packet[0] = 0x60;
  new DataView(packet.buffer).setUint16(4, payload.length);
  packet[6] = 59;
  packet[7] = 64;
  packet.set(source, 8);
  packet.set(destination, 24);
  packet.set(payload, 40);
  return packet;
}

/** The payload of the packets that `number` names. */
export function numbered(number: number, length = 100): Uint8Array {
  const payload = new Uint8Array(Math.max(4, length));
  for (let i = 4; i < payload.length; i++) payload[i] = number * 31 + i;
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
}

/** Which number `numbered` gave the payload of an IPv4 packet. */
export function numberOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(20);
}

export interface EndOptions {
  readonly role: "server" | "client";
  readonly address: string;
  readonly engine?: EngineChoice | CryptoEngine;
  readonly clientToClient?: boolean;
  readonly clientExits?: boolean;
  readonly ipv6RefusalSource?: Uint8Array;
  readonly float?: boolean;
  readonly maxPeers?: number;
  readonly transport?: InMemoryTransportOptions;
  readonly segmentation?: boolean;
}

/** One end of tunnels: a packet loop on a device and a network in memory. */
export class TunnelEnd {
  readonly memory: PinnedMemory;
  readonly counters: SharedCounters;
  readonly loop: PacketLoop;
  readonly device: InMemoryDevice;
  readonly events: WorkerEvent[] = [];
  transport: InMemoryTransport;
  readonly #options: EndOptions;

  constructor(readonly network: InMemoryNetwork, options: EndOptions) {
    this.#options = options;
    const maxPeers = options.maxPeers ?? 8;
    this.memory = new PinnedMemory(loopMemorySize(maxPeers) + 65536);
    this.counters = SharedCounters.create(maxPeers);
    const { engine = "auto" } = options;
    this.loop = new PacketLoop({
      memory: this.memory,
      counters: this.counters,
      engine: typeof engine === "string" ? selectEngine(engine) : engine,
      role: options.role,
      clientToClient: options.clientToClient ?? false,
      clientExits: options.clientExits,
      ipv6RefusalSource: options.ipv6RefusalSource,
      float: options.float ?? false,
      clock: network.clock,
      post: (event) => this.events.push(event),
    });
    this.device = new InMemoryDevice(this.memory);
    this.loop.attachDevice(this.device);
    this.transport = this.join(options.address);
  }

  /** Goes to another address: as a client does that moves to another network. */
  join(address: string): InMemoryTransport {
    const transport = this.network.join(sockaddr(address), this.memory, this.#options.transport);
    const segmentation = this.#options.segmentation ?? false;
    this.loop.attachSocket(0, transport, { segmentation, coalescing: false });
    return this.transport = transport;
  }

  /** Turns until there is nothing to do without time passing. */
  async work(): Promise<void> {
    do {
      if (this.device.inbound.length > 0) this.loop.markDeviceReadable();
      if (this.transport.readable) this.loop.markSocketReadable(0);
      const turn = this.loop.turn();
      if (turn !== undefined) await turn;
    } while (this.loop.waitTime === 0);
  }

  async addPeer(peer: number, address: string, more: Partial<AddPeerCommand> = {}): Promise<void> {
    await this.loop.execute({
      kind: "add-peer",
      peer,
      socket: 0,
      address: sockaddr(address),
      framing: "none",
      pingInterval: 0,
      pingTimeout: 0,
      replayWindow: 64,
      replayTime: 15_000,
      ...more,
    });
  }

  async installKey(
    peer: number,
    keyId: number,
    keys: { readonly seal: KeyMaterial; readonly open: KeyMaterial },
    activate = true,
  ): Promise<void> {
    await this.loop.execute({ kind: "install-key", peer, keyId, ...keys });
    if (activate) await this.loop.execute({ kind: "activate-key", peer, keyId });
  }

  async addRoute(peer: number, network: string, prefixLength = 32): Promise<void> {
    await this.loop.execute({ kind: "add-route", peer, network: ipv4(network), prefixLength });
  }

  /** Events of that kind so far. */
  eventsOf<Kind extends WorkerEvent["kind"]>(kind: Kind): Extract<WorkerEvent, { kind: Kind }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<
      WorkerEvent,
      { kind: Kind }
    >[];
  }
}

/** `ADDRESS:PORT` as a raw sockaddr. */
export function sockaddr(endpoint: string): Uint8Array {
  const colon = endpoint.lastIndexOf(":");
  return encodeSockaddr(endpoint.slice(0, colon), Number(endpoint.slice(colon + 1)));
}

export const serverAddress = "192.0.2.1:1194";

/** The address of client `n` on the network, and inside of the tunnel. */
export const clientAddress = (n: number): string => `198.51.100.${n + 1}:${40000 + n}`;
export const clientTunnelAddress = (n: number): string => `10.8.0.${n + 2}`;
export const serverTunnelAddress = "10.8.0.1";

export interface TunnelOptions {
  readonly clients?: number;
  readonly cipher?: string;
  readonly auth?: string;
  readonly engine?: EngineChoice | CryptoEngine;
  readonly clientToClient?: boolean;
  readonly clientExits?: boolean;
  readonly ipv6RefusalSource?: Uint8Array;
  readonly clientFloat?: boolean;
  readonly peer?: Partial<AddPeerCommand>;
  /** P_DATA_V1 in place of V2. */
  readonly v1?: boolean;
  readonly transport?: InMemoryTransportOptions;
  readonly segmentation?: boolean;
}

/** A server and clients that have key 0 with each other. */
export class Tunnel {
  readonly clients: TunnelEnd[] = [];

  private constructor(readonly network: InMemoryNetwork, readonly server: TunnelEnd) {}

  static async open(network: InMemoryNetwork, options: TunnelOptions = {}): Promise<Tunnel> {
    const { engine, transport, segmentation } = options;
    const server = new TunnelEnd(network, {
      role: "server",
      address: serverAddress,
      clientToClient: options.clientToClient,
      clientExits: options.clientExits,
      ipv6RefusalSource: options.ipv6RefusalSource,
      engine,
      transport,
      segmentation,
    });
    const tunnel = new Tunnel(network, server);
    for (let n = 0; n < (options.clients ?? 1); n++) {
      const client = new TunnelEnd(network, {
        role: "client",
        address: clientAddress(n),
        float: options.clientFloat,
        engine,
        transport,
        segmentation,
      });
      tunnel.clients.push(client);
      const keys = keyPair(options.cipher ?? "AES-256-GCM", options.auth);
      const remotePeerId = options.v1 ? undefined : n;
      await client.addPeer(0, serverAddress, { remotePeerId, ...options.peer });
      await client.installKey(0, 0, keys.client());
      await server.addPeer(n, clientAddress(n), { remotePeerId, ...options.peer });
      await server.installKey(n, 0, keys.server());
      await server.addRoute(n, clientTunnelAddress(n));
    }
    return tunnel;
  }

  /** Lets `ms` pass in steps, with all ends at work. */
  async pass(ms = 2, step = 1): Promise<void> {
    await this.work();
    for (let passed = 0; passed < ms; passed += step) {
      this.network.advance(step);
      await this.work();
    }
  }

  async work(): Promise<void> {
    await this.server.work();
    for (const client of this.clients) await client.work();
  }

  /** Packets from client `n` to the server's tunnel address. */
  up(n: number, numbers: readonly number[], length?: number): void {
    for (const number of numbers) {
      this.clients[n].device.inbound.push(
        ipv4Packet(clientTunnelAddress(n), serverTunnelAddress, numbered(number, length)),
      );
    }
  }

  /** Packets from the server to client `n`. */
  down(n: number, numbers: readonly number[], length?: number): void {
    for (const number of numbers) {
      this.server.device.inbound.push(
        ipv4Packet(serverTunnelAddress, clientTunnelAddress(n), numbered(number, length)),
      );
    }
  }

  /** Wipes the keys of all. */
  close(): void {
    this.server.loop.stop();
    for (const client of this.clients) client.loop.stop();
  }
}

/** Numbers from `first`, `count` of them. */
export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
