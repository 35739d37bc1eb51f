/**
 * The packet path in turns. A turn takes a bounded batch from each side, so that neither starves:
 *
 * ```text
 *           ┌ sockets ─► receive ─► open ─┐             ┌─► TUN, forward batch ─► seal ─┐
 * turn:  ───┤                             ├─ (await) ───┤                               ├─► sockets
 *           └ TUN ─────► read ────► seal ─┘             └─► sockets      pings ─► seal ─┘
 * ```
 *
 * Both sides may be with the engine at the same time; where it answers with a promise, the turn is
 * over when that is resolved. Commands run between turns only: no key, peer, socket or device
 * changes while a batch is under way.
 *
 * Who may block: nobody here. A socket without room stops the reading of the TUN device until it
 * has; the device's own queue is bounded by the kernel (`txqueuelen`).
 *
 * @module
 */

import type { Coalescer } from "../data/coalesce.ts";
import type { InternetChecksum } from "../data/internet_checksum.ts";
import type { PacketBatch } from "../data/packet_batch.ts";
import { PeerTable } from "../data/peer_table.ts";
import { LoopReport } from "./loop_report.ts";
import { DatagramSocket, StreamSocket } from "./attached_socket.ts";
import { DatagramSender } from "./datagram_sender.ts";
import { type LoopOptions, LoopState } from "./loop_state.ts";
import { executeCommand, type LoopCommand } from "./loop_commands.ts";
import { PeerTimers } from "./peer_timers.ts";
import type { ByteStream, DatagramTransport, PacketDevice } from "./ports.ts";
import { receiveMessages, ReceivePath, receiveRuns } from "./receive_path.ts";
import { FrameReceiver } from "./stream_frames.ts";
import { StreamSender } from "./stream_sender.ts";
import { TransmitPath } from "./transmit_path.ts";

/** What a socket can do beyond plain datagrams. */
export interface TransportOffloads {
  /** It sends segments (`supportsSegmentation`). */
  readonly segmentation: boolean;
  /** It may receive coalesced runs (`enableReceiveOffload`). */
  readonly coalescing: boolean;
}

/** Bytes of memory that a loop needs, apart from what its ports take. */
export function loopMemorySize(maxPeers: number): number {
  return PeerTable.memorySize(maxPeers) + ReceivePath.memorySize + TransmitPath.memorySize +
    PeerTimers.memorySize + 4096; // for alignment
}

/** The loop. Its caller waits for readiness, marks it, and calls `turn`. */
export class PacketLoop {
  readonly #state: LoopState;
  readonly #receiving: ReceivePath;
  readonly #transmitting: TransmitPath;
  readonly #timers: PeerTimers;
  readonly #report: LoopReport;

  /** @throws {RangeError} when the memory is smaller than `loopMemorySize`. */
  constructor(options: LoopOptions) {
    this.#state = new LoopState(options);
    this.#receiving = new ReceivePath(this.#state);
    this.#transmitting = new TransmitPath(this.#state);
    this.#timers = new PeerTimers(this.#state);
    this.#report = new LoopReport(this.#state);
  }

  /** For a coalescer over this loop's memory. */
  get checksum(): InternetChecksum {
    return this.#state.checksum;
  }

  /**
   * Reads and writes packets there from here on.
   *
   * @param coalescer For a device with offloads, whose packets have a virtio_net_hdr; its capacity
   *   is at least `coalescerCapacity`.
   */
  attachDevice(device: PacketDevice, coalescer?: Coalescer): void {
    this.#transmitting.reset();
    this.#state.coalescer = coalescer;
    this.#state.device = device;
    this.#state.deviceReadable = true;
    this.#state.deviceLost = false;
  }

  /** No packet is read or written from here on. */
  detachDevice(): void {
    this.#transmitting.reset();
    this.#state.coalescer = undefined;
    this.#state.device = undefined;
    this.#state.deviceReadable = false;
    this.#state.deviceLost = false;
  }

  /** Receives and sends there from here on; another socket of that number is detached. */
  attachSocket(number: number, transport: DatagramTransport, offloads: TransportOffloads): void {
    this.detachSocket(number);
    const { peers, counters, sockets } = this.#state;
    const sender = new DatagramSender(
      transport,
      number,
      offloads.segmentation,
      peers,
      counters,
    );
    const messages = offloads.coalescing ? receiveRuns : receiveMessages;
    const socket = new DatagramSocket(
      number,
      transport,
      Math.min(messages, transport.messages),
      sender,
    );
    this.#receiving.prepare(socket);
    sockets.add(socket);
  }

  /**
   * As `attachSocket`, for a TCP connection.
   *
   * @param address The other end's raw sockaddr.
   * @param maximumFrame Longest packet that is taken, bytes.
   */
  attachStream(
    number: number,
    stream: ByteStream,
    address: Uint8Array,
    maximumFrame: number,
  ): void {
    this.detachSocket(number);
    const { counters, sockets, server } = this.#state;
    const receiver = new FrameReceiver(stream, maximumFrame);
    const sender = new StreamSender(stream, number, counters);
    sockets.add(new StreamSocket(number, address, receiver, sender, !server));
  }

  /** Nothing is received or sent there from here on; what waits for room is dropped. */
  detachSocket(number: number): void {
    this.#state.sockets.remove(number);
  }

  /** Sends a control packet over a TCP connection; not during a turn. */
  sendControl(number: number, datagram: Uint8Array): void {
    const socket = this.#state.sockets.get(number);
    if (!socket?.stream) return;
    socket.sender.sendControl(datagram);
    this.#state.sockets.notice(socket);
  }

  /**
   * Connections that are over, each once; they stay attached. Whoever takes them empties the list.
   */
  get ended(): StreamSocket[] {
    return this.#state.sockets.ended;
  }

  /** Peers, keys, routes. Not during a turn. Failures of one command are logged, not thrown. */
  execute(command: LoopCommand): void | Promise<void> {
    const promise = executeCommand(this.#state, command);
    if (command.kind !== "send-exit") return promise;
    const peer = this.#state.peers.get(command.peer);
    if (peer !== undefined) return this.#sealAndSend(this.#timers.exit(peer));
  }

  /** The device may have packets. */
  markDeviceReadable(): void {
    this.#state.deviceReadable = this.#state.device !== undefined;
  }

  /** The socket may have something to receive. */
  markSocketReadable(number: number): void {
    const socket = this.#state.sockets.get(number);
    if (socket !== undefined) this.#state.sockets.markReadable(socket);
  }

  /** The connection may have room again. Not during a turn. */
  markSocketWritable(number: number): void {
    const socket = this.#state.sockets.get(number);
    if (!socket?.stream || !socket.sender.blocked) return;
    socket.sender.resume();
    this.#state.sockets.notice(socket);
  }

  /** Whether that socket's readiness for sending is waited for. */
  isSocketBlocked(number: number): boolean {
    return this.#state.sockets.get(number)?.sender.blocked ?? false;
  }

  /** Whether a batch waits for a socket's room, and the TUN device must wait too. */
  get blocked(): boolean {
    return this.#state.sockets.blocked;
  }

  /** How long the caller may wait for readiness before the next turn, ms; 0: there is work. */
  get waitTime(): number {
    const { sockets, deviceReadable } = this.#state;
    if (sockets.readable) return 0;
    return deviceReadable && !sockets.blocked ? 0 : this.#timers.due;
  }

  /**
   * One turn; over when it returns or its promise is resolved.
   *
   * @throws {VpnError} when the TUN device is gone.
   */
  turn(): void | Promise<void> {
    this.#state.readClock();
    if (this.#state.sockets.blocked) this.#transmitting.resume();
    const opening = this.#receiving.receive();
    const sealing = this.#transmitting.read();
    if (opening === undefined && sealing === undefined) return this.#deliver();
    return this.#deliverLater(opening, sealing);
  }

  async #deliverLater(
    opening: void | Promise<void>,
    sealing: void | Promise<void>,
  ): Promise<void> {
    if (opening !== undefined) await opening;
    if (sealing !== undefined) await sealing;
    const sent = this.#deliver();
    if (sent !== undefined) await sent;
  }

  #deliver(): void | Promise<void> {
    // First what was read first: else a ping of this turn would overtake in the packet-ids.
    this.#transmitting.send();
    const forwards = this.#receiving.deliver();
    const forwarding = forwards && this.#sealAndSend(forwards);
    if (forwarding === undefined) return this.#keepTime();
    return forwarding.then(() => this.#keepTime());
  }

  #keepTime(): void | Promise<void> {
    this.#receiving.clearForwards();
    this.#transmitting.lookAhead();
    if (this.#timers.tick()) this.#report.report();
    const pings = this.#timers.pings();
    if (pings !== undefined) return this.#sealAndSend(pings);
  }

  #sealAndSend(batch: PacketBatch): void | Promise<void> {
    const sealing = this.#state.sealer.seal(batch);
    if (sealing === undefined) return this.#send(batch);
    return sealing.then(() => this.#send(batch));
  }

  /** Sends what need not wait: a socket without room drops it, or keeps a copy. */
  #send(batch: PacketBatch): void {
    this.#state.sealer.finish(batch, this.#state.wallNow);
    this.#state.sockets.send(batch, false);
  }

  /** Wipes all keys and lets go of everything. Not during a turn. */
  stop(): void {
    const { peers, sockets } = this.#state;
    for (const socket of [...sockets.all()]) this.detachSocket(socket.number);
    this.detachDevice();
    for (let number = 0; number < peers.maxPeers; number++) peers.remove(number);
  }
}
