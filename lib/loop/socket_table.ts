/**
 * The sockets by number, those that may have something to receive, and the way of a batch to those
 * that its packets go by.
 *
 * There may be a thousand connections, of which few have something to do: nothing here looks at all
 * of them in a turn.
 *
 * @module
 */

import { DropReason } from "../data/drop_reason.ts";
import type { PacketBatch } from "../data/packet_batch.ts";
import type { TrafficCounters } from "../data/traffic_counters.ts";
import type { AttachedSocket, StreamSocket } from "./attached_socket.ts";

/** See the module's page. */
export class SocketTable {
  /**
   * A connection whose packets of the last receive were too many for a batch; the others wait until
   * it is done, as it has the receive area.
   */
  unfinished: StreamSocket | undefined = undefined;
  /** Connections that are over, each once; whoever takes them empties the list. */
  readonly ended: StreamSocket[] = [];
  readonly #counters: TrafficCounters;
  readonly #byNumber = new Map<number, AttachedSocket>();
  /** Those for whose room the TUN device waits. */
  #holders: readonly AttachedSocket[] = [];
  #first: AttachedSocket | undefined = undefined;
  #last: AttachedSocket | undefined = undefined;
  #round = 0;

  constructor(counters: TrafficCounters) {
    this.#counters = counters;
  }

  /** How many there are. */
  get size(): number {
    return this.#byNumber.size;
  }

  /** All of them; not for every turn. */
  all(): Iterable<AttachedSocket> {
    return this.#byNumber.values();
  }

  /** The socket of that number. */
  get(number: number): AttachedSocket | undefined {
    return this.#byNumber.get(number);
  }

  /** Adds a socket, whose number no other one has, and looks whether there is something in it. */
  add(socket: AttachedSocket): void {
    this.#byNumber.set(socket.number, socket);
    if (socket.holdsDevice) this.#holders = [...this.#holders, socket];
    this.markReadable(socket);
  }

  /** Removes a socket; what waits for room is dropped. */
  remove(number: number): void {
    const socket = this.#byNumber.get(number);
    if (socket === undefined) return;
    socket.sender.abandon();
    socket.attached = false;
    this.#byNumber.delete(number);
    this.#holders = this.#holders.filter((holder) => holder !== socket);
    if (this.unfinished === socket) this.unfinished = undefined;
  }

  /** Looks whether the connection is over; to be called when it was used. */
  notice(socket: StreamSocket): void {
    if (socket.endReported || socket.ended === undefined) return;
    socket.endReported = true;
    this.ended.push(socket);
  }

  /** The socket may have something to receive. */
  markReadable(socket: AttachedSocket): void {
    if (socket.queued) return;
    socket.queued = true;
    socket.next = undefined;
    if (this.#last === undefined) this.#first = socket;
    else this.#last.next = socket;
    this.#last = socket;
  }

  /** Whether a socket may have something to receive. */
  get readable(): boolean {
    return this.#first !== undefined || this.unfinished !== undefined;
  }

  /** Takes the socket that has waited longest from the queue of the readable ones. */
  takeReadable(): AttachedSocket | undefined {
    for (;;) {
      const socket = this.#first;
      if (socket === undefined) return undefined;
      this.#first = socket.next;
      if (this.#first === undefined) this.#last = undefined;
      socket.next = undefined;
      socket.queued = false;
      if (socket.attached) return socket;
    }
  }

  /** Whether a batch waits for a socket's room, and the TUN device must wait too. */
  get blocked(): boolean {
    for (const socket of this.#holders) if (socket.sender.blocked) return true;
    return false;
  }

  /** Goes on with the datagrams that wait; a connection tells when it has room. */
  resume(): void {
    for (const socket of this.#holders) {
      if (!socket.stream && socket.sender.blocked) socket.sender.resume();
    }
  }

  /**
   * Sends a batch.
   *
   * @param keep Whether the batch may wait in a socket that holds the device; else what finds no
   *   room is copied or dropped.
   */
  send(batch: PacketBatch, keep: boolean): void {
    const round = ++this.#round;
    let number = -1;
    let socket: AttachedSocket | undefined;
    for (let i = 0; i < batch.count; i++) {
      const key = batch.key[i];
      if (key === undefined) continue;
      if (key.peer.socket !== number) {
        number = key.peer.socket;
        socket = this.#byNumber.get(number);
      }
      if (socket === undefined) {
        this.#counters.drops[DropReason.SEND_REFUSED]++;
        continue;
      }
      if (socket.round === round) continue;
      socket.round = round;
      if (keep && socket.holdsDevice) socket.sender.send(batch);
      else socket.sender.sendNow(batch);
      if (socket.stream) this.notice(socket);
    }
  }
}
