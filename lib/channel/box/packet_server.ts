/**
 * The server's side of the packet transport.
 *
 * ```text
 * datagram ─┬ known EC ────────────────► open ─► replay window ─► vouch ─► readable
 *           └ fresh EC ─► X25519, bounded ─┘
 * writable ─► box ─► the address that the client's newest packet came from
 * ```
 *
 * Nothing is answered and nothing kept of what does not open.
 *
 * @module
 */

import { type BoxPublicKey, type BoxSharedKey, sharedBoxKey } from "../../crypto/box_keys.ts";
import { boxOverhead, type SecretBox } from "../../crypto/secret_box.ts";
import {
  bindDatagramSocket,
  DatagramSockets,
  type UdpSocket,
} from "../connection/datagram_sockets.ts";
import { ClientTable } from "./client_table.ts";
import { verifyCredential } from "./handshake_messages.ts";
import type { ServerIdentity } from "./identity.ts";
import { CounterSeries, CounterWindow, Label, Nonce, readCounter, writeCounter } from "./nonces.ts";
import {
  clientHeaderLength,
  maximumPacketData,
  packetTag,
  readPacketText,
  serverHeaderLength,
  shortestClientDatagram,
  writePacketText,
} from "./packet_format.ts";
import type {
  PacketClient,
  PacketCounters,
  PacketServerOptions,
  ServerPacket,
} from "./packet_server_options.ts";

/** How far a client's packets may be out of order. */
const windowSize = 256;

/** Key agreements for fresh keys that may be under way: what a flood can cost. */
const maximumAgreements = 64;

/** Packets that may wait for the reader; further ones are dropped. */
const readQueue = 1024;

/** How often idle clients are looked for, ms. */
const expiryInterval = 5000;

interface ClientState extends PacketClient {
  clientKey: BoxPublicKey | undefined;
  readonly key: BoxSharedKey;
  readonly ephemeral: BoxPublicKey;
  readonly identity: ServerIdentity;
  readonly window: CounterWindow;
  /** Where its newest packet came from, as a sockaddr. */
  address: Uint8Array<ArrayBuffer>;
  /** ms of the monotonic clock. */
  lastSeen: number;
}

/** Serves the packet transport on a UDP port. */
export class PacketServer implements AsyncDisposable {
  /** Packets from clients, newest dropped when the reader does not keep up. */
  readonly readable: ReadableStream<ServerPacket>;
  /** Answers. One for a client that is forgotten is dropped. */
  readonly writable: WritableStream<ServerPacket>;
  /** Where it listens. */
  readonly address: { readonly hostname: string; readonly port: number };
  /** What became of the datagrams. */
  readonly counters: Readonly<PacketCounters>;

  readonly #counters: PacketCounters;
  readonly #options: PacketServerOptions;
  readonly #box: SecretBox;
  readonly #socket: UdpSocket;
  readonly #sockets = new DatagramSockets();
  readonly #clients: ClientTable<ClientState>;
  readonly #series = new CounterSeries();
  readonly #nonces = { mine: new Nonce(Label.packetServer), theirs: new Nonce(Label.packetClient) };
  readonly #expiry: ReturnType<typeof setInterval>;
  readonly #datagram = new Uint8Array(65536);
  readonly #text = new Uint8Array(65536);
  #readController!: ReadableStreamDefaultController<ServerPacket>;
  #agreements = 0;
  #closed = false;

  /** @throws {VpnError} when the address cannot be listened on. */
  constructor(options: PacketServerOptions, box: SecretBox) {
    this.#options = options;
    this.#box = box;
    this.#counters = newCounters();
    this.counters = this.#counters;
    this.#clients = new ClientTable(options.maximumClients ?? 4096, (client) => {
      client.key.fill(0);
      options.onForgotten?.(client);
    });
    const strategy = new CountQueuingStrategy({ highWaterMark: readQueue });
    const start = (controller: ReadableStreamDefaultController<ServerPacket>) =>
      void (this.#readController = controller);
    this.readable = new ReadableStream({ start }, strategy);
    this.writable = new WritableStream({ write: (packet) => this.#send(packet) });
    this.#socket = bindDatagramSocket(options.hostname, options.port);
    this.address = this.#socket.localAddress();
    const idle = options.idleTimeout ?? 120_000;
    this.#expiry = setInterval(() => {
      const before = performance.now() - idle;
      this.#clients.forgetWhere(({ lastSeen }) => lastSeen < before);
    }, Math.min(idle, expiryInterval));
    this.#sockets.add(this.#socket, (datagram, from) => this.#receive(datagram, from));
  }

  /** How many clients are remembered. */
  get clients(): number {
    return this.#clients.size;
  }

  #receive(datagram: Uint8Array<ArrayBuffer>, from: Uint8Array<ArrayBuffer>): void {
    this.#counters.received++;
    if (datagram.length < shortestClientDatagram) {
      this.#counters.malformed++;
      return;
    }
    const ephemeral = datagram.subarray(0, 32);
    const client = this.#clients.find(ephemeral.toHex());
    if (client !== undefined) {
      this.#accept(client, datagram, from);
    } else if (this.#agreements >= maximumAgreements) {
      this.#counters.overload++;
    } else {
      this.#agreements++;
      this.#meet(datagram.slice(), from).finally(() => this.#agreements--);
    }
  }

  /** A fresh key: nothing is kept of it unless its packet opens. */
  async #meet(datagram: Uint8Array<ArrayBuffer>, from: Uint8Array<ArrayBuffer>): Promise<void> {
    const ephemeral = datagram.slice(0, 32);
    const name = ephemeral.toHex();
    const identity = this.#options.identity();
    const key = await sharedBoxKey(identity.keyPair, ephemeral);
    if (this.#closed) return;
    // Another packet of its own may have been quicker.
    const known = this.#clients.find(name);
    if (known !== undefined) return this.#accept(known, datagram, from);
    if (key === undefined) {
      this.#counters.unopened++;
      return;
    }
    this.#accept(
      {
        ...{ name, key, ephemeral, identity, address: from, lastSeen: 0 },
        ...{ clientKey: undefined, window: new CounterWindow(windowSize) },
      },
      datagram,
      from,
    );
  }

  #accept(
    client: ClientState,
    datagram: Uint8Array<ArrayBuffer>,
    from: Uint8Array<ArrayBuffer>,
  ): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const counter = readCounter(view, client.ephemeral.length);
    if (counter === undefined) {
      this.#counters.malformed++;
      return;
    }
    const sealed = datagram.subarray(clientHeaderLength);
    const opened = this.#text.subarray(0, sealed.length - boxOverhead);
    if (!this.#box.open(client.key, this.#nonces.theirs.at(counter), sealed, opened)) {
      this.#counters.unopened++;
      return;
    }
    if (!client.window.accept(counter)) {
      this.#counters.repeated++;
      return;
    }
    if (this.#clients.find(client.name) === client) this.#clients.touch(client);
    else this.#clients.add(client);
    client.lastSeen = performance.now();
    if (counter === client.window.highest) client.address = from;

    const text = readPacketText(opened);
    if (text === undefined) this.#counters.malformed++;
    else if (!this.#options.vouchedOnly || client.clientKey !== undefined) {
      this.#deliver(client, text.flow, text.data.slice());
    } else if (text.credential === undefined) {
      this.#counters.refused++;
    } else if (this.#agreements >= maximumAgreements) {
      this.#counters.overload++;
    } else {
      this.#agreements++;
      this.#vouch(client, text.flow, text.credential.slice(), text.data.slice())
        .finally(() => this.#agreements--);
    }
  }

  async #vouch(
    client: ClientState,
    flow: number,
    credential: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const { identity: { keyPair }, ephemeral } = client;
    const key = await verifyCredential(this.#box, keyPair, credential, ephemeral, packetTag);
    if (this.#closed) return;
    // The list of today, not that of the client's first packet.
    if (key === undefined || !this.#options.identity().allows(key)) {
      this.#counters.refused++;
      return;
    }
    client.clientKey = key;
    this.#deliver(client, flow, data);
  }

  #deliver(client: PacketClient, flow: number, data: Uint8Array<ArrayBuffer>): void {
    if ((this.#readController.desiredSize ?? 0) <= 0) {
      this.#counters.overrun++;
      return;
    }
    this.#counters.delivered++;
    this.#readController.enqueue({ client, flow, data });
  }

  #send({ client, flow, data }: ServerPacket): void {
    const state = this.#clients.find(client.name);
    if (state === undefined || data.length > maximumPacketData) return;
    const length = writePacketText(this.#text, flow, undefined, data);
    const counter = this.#series.next();
    const end = serverHeaderLength + boxOverhead + length;
    writeCounter(new DataView(this.#datagram.buffer), 0, counter);
    this.#box.seal(
      state.key,
      this.#nonces.mine.at(counter),
      this.#text.subarray(0, length),
      this.#datagram.subarray(serverHeaderLength, end),
    );
    if (this.#socket.sendTo(this.#datagram.subarray(0, end), state.address)) this.#counters.sent++;
  }

  /** Ends it; clients are forgotten. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#expiry);
    await this.#sockets.close();
    this.#clients.clear();
    try {
      this.#readController.close();
    } catch {
      // The reader has cancelled it.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function newCounters(): PacketCounters {
  return {
    ...{ received: 0, delivered: 0, malformed: 0, unopened: 0, repeated: 0 },
    ...{ refused: 0, overload: 0, overrun: 0, sent: 0 },
  };
}
