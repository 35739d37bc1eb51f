/**
 * A client's socket to one server: UDP, or a TCP connection.
 *
 * The worker has it from the beginning: it waits for a TCP connection to be made, as it waits for
 * everything else.
 *
 * @module
 */

import { decodeSockaddr, SysError, TcpSocket, UdpSocket } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import type { ClientConfig, Connection, PulledOptions } from "../../config/config.ts";
import type { DataPlaneCommand } from "../../loop/data_plane.ts";
import {
  bindError,
  clientMaximumFrame,
  logAddress,
  pushedBuffers,
  socketSettings,
} from "../sockets.ts";

/** What a socket needs of its client. */
export interface ClientSocketContext {
  readonly connection: Connection;
  readonly socket: ClientConfig["socket"];
  /** The worker's number for it. */
  readonly number: number;
  /** The server's raw sockaddr. */
  readonly address: Uint8Array;
  command(command: DataPlaneCommand): void;
}

/** See the module's page. */
export class ClientSocket {
  readonly #context: ClientSocketContext;
  readonly #udp: UdpSocket | undefined;
  readonly #tcp: TcpSocket | undefined;
  readonly #settled = Promise.withResolvers<string | undefined>();

  /**
   * Opens it and gives it to the worker.
   *
   * @throws {VpnError} when that is not possible, or when the kernel knows at once that the server
   *   can't be reached.
   */
  constructor(context: ClientSocketContext) {
    this.#context = context;
    const { connection, socket, number, address } = context;
    const { local: hostname, localPort: port = 0, transport } = connection;
    const settings = socketSettings(socket, transport, connection.mtu);
    try {
      if (transport === "udp") {
        const family = decodeSockaddr(address).hostname.includes(":") ? 6 : 4;
        this.#udp = UdpSocket.bind({ hostname, port, family, ...settings });
      } else {
        this.#tcp = TcpSocket.connect({ remote: address, hostname, port, ...settings });
      }
    } catch (cause) {
      if (cause instanceof SysError && cause.call === "connect") {
        throw new VpnError(connectFailure(address, cause.code), undefined, { cause });
      }
      throw bindError(transport, `${hostname ?? ""}:${port}`, cause);
    }
    if (this.#udp !== undefined) {
      const { fd } = this.#udp;
      context.command({ kind: "attach-socket", socket: number, fd, protocol: "udp" });
      this.#settled.resolve(undefined);
    } else if (this.#tcp !== undefined) {
      context.command({
        kind: "attach-socket",
        socket: number,
        fd: this.#tcp.fd,
        protocol: "tcp",
        address,
        maximumFrame: clientMaximumFrame,
      });
    }
  }

  /** The worker's number for it. */
  get number(): number {
    return this.#context.number;
  }

  /**
   * Waits until it can be used.
   *
   * @param timeout ms.
   * @throws {VpnError} when the server refuses, or does not answer in that time.
   */
  async ready(timeout: number): Promise<void> {
    const timer = setTimeout(() => this.#settled.resolve("ETIMEDOUT"), timeout);
    try {
      const problem = await this.#settled.promise;
      if (problem === undefined) return;
      throw new VpnError(connectFailure(this.#context.address, problem));
    } finally {
      clearTimeout(timer);
    }
  }

  /** The worker says that it is connected. */
  opened(): void {
    this.#settled.resolve(undefined);
  }

  /** It never will be, for that reason. Does nothing once it is. */
  abandon(reason: string): void {
    this.#settled.resolve(reason);
  }

  /** Sends a control datagram; `address` is where the server is now. */
  send(datagram: Uint8Array, address: Uint8Array): void {
    if (this.#udp !== undefined) this.#udp.sendTo(datagram, address);
    else this.#context.command({ kind: "send-control", socket: this.number, datagram });
  }

  /** `rcvbuf` and `sndbuf` as the server pushes them, in bytes. */
  resizeBuffers(pushed: Pick<PulledOptions, "receiveBuffer" | "sendBuffer">): void {
    const { receiveBuffer, sendBuffer } = pushedBuffers(pushed);
    if (receiveBuffer === undefined && sendBuffer === undefined) return;
    (this.#udp ?? this.#tcp)?.resizeBuffers({ receiveBuffer, sendBuffer });
  }

  /** Has the worker let it go; `close` is due when it has. */
  detach(): void {
    this.#context.command({ kind: "detach-socket", socket: this.number });
  }

  /** Closes it. */
  close(): void {
    this.#udp?.close();
    this.#tcp?.close();
  }
}

function connectFailure(address: Uint8Array, reason: string): string {
  return `TCP: connect to ${logAddress(decodeSockaddr(address))} failed: ${reason}`;
}
