/**
 * The sockets that a loop has: UDP sockets and TCP connections.
 *
 * @module
 */

import type { DatagramSender } from "./datagram_sender.ts";
import type { DatagramTransport, PacketSender } from "./ports.ts";
import type { FrameReceiver } from "./stream_frames.ts";
import type { StreamSender } from "./stream_sender.ts";

/** What the loop keeps of each socket. */
abstract class Attached {
  /** Whether it is in the queue of those that may have something to receive. */
  queued = false;
  /** The next one in that queue. */
  next: AttachedSocket | undefined = undefined;
  /** False once it was detached. */
  attached = true;
  /** The batch that it was given last (see `SocketTable.send`). */
  round = 0;
  abstract readonly sender: PacketSender;

  constructor(
    readonly number: number,
    /**
     * Whether a batch waits while it has no room, and the TUN device with it; else what has to
     * wait is its own matter, or dropped.
     */
    readonly holdsDevice: boolean,
  ) {}
}

/** A UDP socket. */
export class DatagramSocket extends Attached {
  readonly stream = false;

  constructor(
    number: number,
    readonly transport: DatagramTransport,
    /** Messages to ask for in one receive. */
    readonly receiveMessages: number,
    readonly sender: DatagramSender,
  ) {
    super(number, true);
  }
}

/** A TCP connection. */
export class StreamSocket extends Attached {
  readonly stream = true;
  /** Whether its end was reported. */
  endReported = false;

  constructor(
    number: number,
    /** The other end's raw sockaddr. */
    readonly address: Uint8Array,
    readonly receiver: FrameReceiver,
    readonly sender: StreamSender,
    holdsDevice: boolean,
  ) {
    super(number, holdsDevice);
  }

  /** Why it is over; undefined while it is not. */
  get ended(): string | undefined {
    return this.receiver.ended ?? this.sender.ended;
  }
}

/** Either. */
export type AttachedSocket = DatagramSocket | StreamSocket;
