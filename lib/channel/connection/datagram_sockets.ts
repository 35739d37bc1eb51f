/**
 * UDP sockets on the main thread, without blocking it: one thread of Deno's pool waits for all.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { Epoll, EpollEvent, EventFd, UdpSocket } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";

export { UdpSocket } from "deno-tun";

/** Datagrams that one socket may deliver before the others have their turn. */
const burst = 64;

/** Sockets that one wait reports at most. */
const eventsPerWait = 64;

const wakeToken = 0;

/** Longer than any datagram, in bytes. */
const longestDatagram = 65536;

/**
 * Takes a datagram, which it must not keep.
 *
 * @param from The sender's sockaddr, which it may.
 */
export type DatagramListener = (
  datagram: Uint8Array<ArrayBuffer>,
  from: Uint8Array<ArrayBuffer>,
) => void;

/** A set of sockets that are listened to. */
export class DatagramSockets implements AsyncDisposable {
  readonly #epoll = Epoll.create(eventsPerWait);
  readonly #wake = EventFd.create();
  readonly #sockets = new Map<number, { socket: UdpSocket; listener: DatagramListener }>();
  readonly #buffer = new Uint8Array(longestDatagram);
  readonly #running: Promise<void>;
  #nextToken = wakeToken + 1;
  #closed = false;

  constructor() {
    this.#epoll.add(this.#wake.fd, EpollEvent.IN, wakeToken);
    this.#running = this.#run();
  }

  /** Listens to a socket, which is closed with `remove` or with all. */
  add(socket: UdpSocket, listener: DatagramListener): void {
    const token = this.#nextToken++;
    this.#sockets.set(token, { socket, listener });
    this.#epoll.add(socket.fd, EpollEvent.IN, token);
  }

  /** Closes a socket. */
  remove(socket: UdpSocket): void {
    for (const [token, entry] of this.#sockets) {
      if (entry.socket !== socket) continue;
      this.#sockets.delete(token);
      this.#epoll.remove(socket.fd);
      socket.close();
      return;
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      const count = await this.#epoll.waitAsync();
      if (this.#closed) return;
      const tokens = Array.from({ length: count }, (_, i) => this.#epoll.token(i));
      for (const token of tokens) this.#receive(token);
    }
  }

  #receive(token: number): void {
    // A listener before it may have removed it.
    for (let i = 0; i < burst; i++) {
      const entry = this.#sockets.get(token);
      const received = entry?.socket.receiveFrom(this.#buffer);
      if (entry === undefined || received === undefined) return;
      entry.listener(this.#buffer.subarray(0, received.length), received.sockaddr);
    }
  }

  /** Closes all sockets. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake.signal();
    await this.#running;
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#epoll.close();
    this.#wake.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * What a socket may hold for us, in bytes: a burst of many clients; the kernel gives less to who is
 * not root (`net.core.rmem_max`).
 */
const receiveBuffer = 4_194_304;

/** A UDP socket on an address of ours. @throws {VpnError} when that cannot be. */
export function bindDatagramSocket(hostname: string | undefined, port: number): UdpSocket {
  try {
    return UdpSocket.bind({ hostname, port, receiveBuffer });
  } catch (cause) {
    throw new VpnError(
      `cannot listen on ${hostname ?? "any address"}, UDP port ${port}: ${errorLine(cause)}`,
      "choose another address or port",
      { cause },
    );
  }
}

/** The IP address of a name, or the address itself. @throws {VpnError} when it has none. */
export async function resolveAddress(hostname: string): Promise<string> {
  try {
    return (await lookup(hostname)).address;
  } catch (cause) {
    throw new VpnError(`${hostname} has no address: ${errorLine(cause)}`, undefined, { cause });
  }
}

/** A UDP socket to talk to one address with, on any free port. */
export function socketTo(address: string): UdpSocket {
  return UdpSocket.bind({ hostname: address.includes(":") ? "::" : "0.0.0.0", port: 0 });
}
