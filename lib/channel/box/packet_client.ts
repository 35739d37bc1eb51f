/**
 * The client's side of the packet transport.
 *
 * @module
 */

import {
  type BoxKeyPair,
  type BoxPublicKey,
  type BoxSharedKey,
  generateBoxKeyPair,
  sharedBoxKey,
} from "../../crypto/box_keys.ts";
import { boxOverhead, type SecretBox } from "../../crypto/secret_box.ts";
import {
  DatagramSockets,
  resolveAddress,
  socketTo,
  type UdpSocket,
} from "../connection/datagram_sockets.ts";
import { ChannelError } from "../connection/errors.ts";
import { makeCredential } from "./handshake_messages.ts";
import { CounterWindow, Label, Nonce, readCounter, writeCounter } from "./nonces.ts";
import {
  clientHeaderLength,
  maximumPacketData,
  packetTag,
  readPacketText,
  serverHeaderLength,
  shortestServerDatagram,
  writePacketText,
} from "./packet_format.ts";

/** How far the server's packets may be out of order. */
const windowSize = 256;

/** Packets that may wait for the reader; further ones are dropped. */
const readQueue = 1024;

/** Without an answer for that long the server may have forgotten the vouch, ms. */
const vouchInterval = 5000;

/** A packet to or from the server. */
export interface Packet {
  /** A number of the client's choice, 0 to 2^32 - 1; an answer has that of its question. */
  readonly flow: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Where the server is, and who it and we are. */
export interface PacketClientOptions {
  /** A name or an IP address. */
  readonly hostname: string;
  /** The UDP port. */
  readonly port: number;
  /** S. */
  readonly serverKey: BoxPublicKey;
  /** C and Cs, to vouch with where the server asks for it; anonymous where not given. */
  readonly keyPair?: BoxKeyPair;
}

interface ClientParts {
  readonly ephemeral: BoxPublicKey;
  readonly key: BoxSharedKey;
  readonly credential: Uint8Array | undefined;
  readonly socket: UdpSocket;
  readonly address: Uint8Array<ArrayBuffer>;
  readonly box: SecretBox;
}

/** Packets to and from one server, under one ephemeral key. */
export class PacketChannel implements AsyncDisposable {
  /** Answers; newest dropped when the reader does not keep up. */
  readonly readable: ReadableStream<Packet>;
  /** Questions. A packet may be lost, as in UDP. */
  readonly writable: WritableStream<Packet>;

  readonly #parts: ClientParts;
  readonly #sockets = new DatagramSockets();
  readonly #nonces = { mine: new Nonce(Label.packetClient), theirs: new Nonce(Label.packetServer) };
  readonly #window = new CounterWindow(windowSize);
  readonly #datagram = new Uint8Array(65536);
  readonly #text = new Uint8Array(65536);
  #readController!: ReadableStreamDefaultController<Packet>;
  #next = 0;
  #lastAnswer = -Infinity;
  #closed = false;

  private constructor(parts: ClientParts) {
    this.#parts = parts;
    const strategy = new CountQueuingStrategy({ highWaterMark: readQueue });
    const start = (controller: ReadableStreamDefaultController<Packet>) =>
      void (this.#readController = controller);
    this.readable = new ReadableStream({ start }, strategy);
    this.writable = new WritableStream({ write: (packet) => this.#send(packet) });
    this.#sockets.add(parts.socket, (datagram) => this.#receive(datagram));
  }

  /**
   * Prepares to send; nothing is sent yet, and nobody knows whether the server is there.
   *
   * @throws {ChannelError} when the server's key is none.
   * @throws {VpnError} when its name has no address.
   */
  static async open(options: PacketClientOptions, box: SecretBox): Promise<PacketChannel> {
    const { serverKey, keyPair } = options;
    const ephemeral = await generateBoxKeyPair();
    const key = await sharedBoxKey(ephemeral, serverKey);
    if (key === undefined) {
      throw new ChannelError("secret", "the server's key is no public key that can be used");
    }
    const credential = keyPair &&
      await makeCredential(box, keyPair, serverKey, ephemeral.publicKey, packetTag);
    const hostname = await resolveAddress(options.hostname);
    const socket = socketTo(hostname);
    const address = socket.sockaddr(hostname, options.port);
    const { publicKey } = ephemeral;
    return new PacketChannel({ ephemeral: publicKey, key, credential, socket, address, box });
  }

  #send({ flow, data }: Packet): void {
    if (data.length > maximumPacketData) return;
    const { ephemeral, key, credential, socket, address, box } = this.#parts;
    const answered = performance.now() - this.#lastAnswer < vouchInterval;
    const length = writePacketText(this.#text, flow, answered ? undefined : credential, data);
    const counter = this.#next++;
    const end = clientHeaderLength + boxOverhead + length;
    this.#datagram.set(ephemeral);
    writeCounter(new DataView(this.#datagram.buffer), ephemeral.length, counter);
    box.seal(
      key,
      this.#nonces.mine.at(counter),
      this.#text.subarray(0, length),
      this.#datagram.subarray(clientHeaderLength, end),
    );
    socket.sendTo(this.#datagram.subarray(0, end), address);
  }

  /** What does not open is somebody else's: it is dropped. */
  #receive(datagram: Uint8Array<ArrayBuffer>): void {
    if (datagram.length < shortestServerDatagram) return;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const counter = readCounter(view, 0);
    if (counter === undefined) return;
    const { key, box } = this.#parts;
    const sealed = datagram.subarray(serverHeaderLength);
    const opened = this.#text.subarray(0, sealed.length - boxOverhead);
    if (!box.open(key, this.#nonces.theirs.at(counter), sealed, opened)) return;
    if (!this.#window.accept(counter)) return;
    this.#lastAnswer = performance.now();
    const text = readPacketText(opened);
    if (text === undefined || (this.#readController.desiredSize ?? 0) <= 0) return;
    this.#readController.enqueue({ flow: text.flow, data: text.data.slice() });
  }

  /** Ends it and wipes the key. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sockets.close();
    this.#parts.key.fill(0);
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
