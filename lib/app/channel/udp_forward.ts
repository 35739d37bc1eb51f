/**
 * UDP through the packet transport, at both ends.
 *
 * ```text
 * program ─► UDP socket ─► packets ═══► packets ─► UDP socket of the flow ─► upstream
 *            `forward`                  `serve`
 * ```
 *
 * @module
 */

import { sameBytes } from "../../base/bytes.ts";
import {
  type Packet,
  type PacketChannel,
  type PacketServer,
  type ServerPacket,
} from "../../channel/box/mod.ts";
import {
  bindDatagramSocket,
  DatagramSockets,
  resolveAddress,
  socketTo,
  type UdpSocket,
} from "../../channel/connection/datagram_sockets.ts";
import { type Endpoint } from "./endpoint.ts";
import { FlowTable } from "./flow_table.ts";

/** A flow without a packet for that long is forgotten (RFC 4787, REQ-5, asks for 2 minutes), ms. */
const idleTimeout = 120_000;

/** How often idle flows are looked for, ms. */
const expiryInterval = 5000;

/** Flows at the server, a file descriptor each. */
const maximumUpstreams = 512;

/** Flows at the client, a number each. */
const maximumFlows = 16_384;

/** Passes packets of clients on to `upstream` and its answers back, until the server is closed. */
export async function serveUdp(server: PacketServer, upstream: Endpoint): Promise<void> {
  const address = await resolveAddress(upstream.hostname ?? "localhost");
  await using sockets = new DatagramSockets();
  const flows = new FlowTable<UdpSocket>(
    maximumUpstreams,
    idleTimeout,
    (socket) => sockets.remove(socket),
  );
  const timer = setInterval(() => flows.expire(performance.now()), expiryInterval);
  const answers = server.writable.getWriter();
  const open = ({ client, flow }: ServerPacket) => {
    const socket = socketTo(address);
    const expected = socket.sockaddr(address, upstream.port);
    sockets.add(socket, (datagram, from) => {
      // Anybody can send to our port: only the upstream may answer.
      if (!sameBytes(from, expected)) return;
      void answers.write({ client, flow, data: datagram.slice() }).catch(() => {});
    });
    return socket;
  };
  try {
    for await (const packet of server.readable) {
      const name = `${packet.client.name} ${packet.flow}`;
      const socket = flows.use(name, performance.now(), () => open(packet));
      socket.sendTo(packet.data, socket.sockaddr(address, upstream.port));
    }
  } finally {
    clearInterval(timer);
    flows.clear();
  }
}

interface LocalFlow {
  readonly number: number;
  readonly address: Uint8Array<ArrayBuffer>;
}

/** Takes datagrams of programs; each sender is a flow. */
export class UdpForward implements AsyncDisposable {
  /** Where it listens. */
  readonly address: Endpoint;
  readonly #socket: UdpSocket;
  readonly #sockets = new DatagramSockets();
  readonly #channel: PacketChannel;
  readonly #flows: FlowTable<LocalFlow>;
  readonly #byNumber = new Map<number, LocalFlow>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #writer: WritableStreamDefaultWriter<Packet>;
  #nextFlow = 0;

  /** Listens. @throws {VpnError} when the address cannot be listened on. */
  constructor({ hostname = "127.0.0.1", port }: Endpoint, channel: PacketChannel) {
    this.#socket = bindDatagramSocket(hostname, port);
    this.address = this.#socket.localAddress();
    this.#channel = channel;
    this.#writer = channel.writable.getWriter();
    this.#flows = new FlowTable(
      maximumFlows,
      idleTimeout,
      ({ number }) => void this.#byNumber.delete(number),
    );
    this.#timer = setInterval(() => this.#flows.expire(performance.now()), expiryInterval);
    this.#sockets.add(this.#socket, (datagram, from) => {
      const open = () => {
        const flow = { number: this.#nextFlow, address: from };
        this.#nextFlow = (this.#nextFlow + 1) >>> 0;
        this.#byNumber.set(flow.number, flow);
        return flow;
      };
      const { number } = this.#flows.use(from.toHex(), performance.now(), open);
      void this.#writer.write({ flow: number, data: datagram.slice() }).catch(() => {});
    });
  }

  /** Hands answers to who asked, until `close`. */
  async run(): Promise<void> {
    for await (const { flow, data } of this.#channel.readable) {
      const asker = this.#byNumber.get(flow);
      if (asker !== undefined) this.#socket.sendTo(data, asker.address);
    }
  }

  /** Ends it, and the channel with it. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#channel.close();
    await this.#sockets.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
