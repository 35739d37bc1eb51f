/**
 * The worker's own loop: waits in epoll for the TUN device, the sockets and main's eventfd, carries
 * out commands, and gives the packet loop its turns.
 *
 * Readiness is edge-triggered: the packet loop remembers what is readable until it has read all, so
 * that a device which must wait for a socket's room does not keep epoll from waiting.
 *
 * @module
 */

import {
  DatagramPort,
  drainEventFd,
  enableReceiveOffload,
  Epoll,
  EpollEvent,
  Errno,
  StreamWorkspace,
  supportsSegmentation,
  SysError,
  TunPort,
} from "deno-tun";
import { VpnError } from "../base/errors.ts";
import { selectEngine } from "../crypto/engines.ts";
import { Coalescer } from "../data/coalesce.ts";
import { Connections } from "./connections.ts";
import { SharedCounters } from "./counters.ts";
import type {
  AttachTunCommand,
  AttachUdpCommand,
  Command,
  StartCommand,
  WorkerEvent,
} from "./messages.ts";
import { loopMemorySize, PacketLoop } from "./packet_loop.ts";
import { PortMemory, portMessages, portPieces } from "./port_memory.ts";
import { systemClock } from "./ports.ts";
import { coalescerCapacity } from "./receive_path.ts";

const maxEvents = 64;
const eventFdToken = 0;
const deviceToken = 1;
/** Socket `n` has the token `n` + this. */
const firstSocketToken = 2;

const readable = EpollEvent.IN | EpollEvent.ET;
const writableToo = EpollEvent.IN | EpollEvent.OUT | EpollEvent.ET;
/** Pieces, which are packets, that a TCP connection sends in one call. */
const streamPieces = 256;
/** Offloads are a matter of speed; this is said when they are missing. */
const offloadVerb = 3;

interface Attached {
  readonly fd: number;
  readonly region: number;
}

/** Runs from `start` to `stop`. */
export class WorkerLoop {
  readonly #post: (event: WorkerEvent) => void;
  readonly #commands: Command[];
  readonly #counters: SharedCounters;
  readonly #eventFd: number;
  readonly #offload: boolean;
  readonly #memory: PortMemory;
  readonly #loop: PacketLoop;
  readonly #epoll: Epoll;
  readonly #connections: Connections;
  /** The UDP sockets. */
  readonly #sockets = new Map<number, Attached>();
  readonly #writeInterest = new Set<number>();
  #device: Attached | undefined = undefined;
  #taken: number;
  #stopped = false;
  /** When this loop woke last: `performance.now()`. */
  #woken = performance.now();

  /**
   * @param commands Where messages from main arrive.
   * @throws {VpnError} when the engine is not available.
   * @throws {SysError} when there is no epoll.
   */
  constructor(start: StartCommand, commands: Command[], post: (event: WorkerEvent) => void) {
    this.#post = post;
    this.#commands = commands;
    this.#counters = new SharedCounters(start.counters);
    this.#eventFd = start.eventFd;
    this.#offload = start.offload;
    this.#taken = 1; // the start command itself
    const engine = selectEngine(start.engine);
    this.#memory = new PortMemory(
      loopMemorySize(start.maxPeers) + StreamWorkspace.memorySize(streamPieces),
    );
    this.#loop = new PacketLoop({
      memory: this.#memory,
      counters: this.#counters,
      engine,
      role: start.role,
      clientToClient: start.clientToClient,
      clientExits: start.clientExits,
      ipv6RefusalSource: start.ipv6RefusalSource,
      float: start.float,
      // A turn begins when this loop wakes; the clock takes as long as a small packet.
      clock: { monotonic: () => this.#woken, wall: systemClock.wall },
      post,
    });
    this.#epoll = Epoll.create(maxEvents);
    this.#epoll.add(this.#eventFd, EpollEvent.IN, eventFdToken);
    this.#connections = new Connections({
      loop: this.#loop,
      epoll: this.#epoll,
      workspace: new StreamWorkspace(this.#memory, streamPieces),
      token: (socket) => socket + firstSocketToken,
      forget: (fd) => this.#forget(fd),
      post,
    });
    post({ kind: "ready", engine: engine.name });
  }

  /** Returns after `stop`. @throws {Error} when it cannot go on. */
  async run(): Promise<void> {
    try {
      let now = performance.now();
      while (!this.#stopped) {
        const called = this.#wait(now);
        const woken = this.#woken = performance.now();
        this.#connections.accept(woken);
        if (called) {
          await this.#obey();
          this.#woken = performance.now(); // a command may take long
        }
        const turn = this.#loop.turn();
        if (turn !== undefined) await turn;
        this.#updateWriteInterest();
        this.#connections.reportEnded();
        now = performance.now();
        this.#counters.countTurn(now - woken);
      }
    } finally {
      this.#connections.stop();
      this.#loop.stop();
      this.#epoll.close();
    }
  }

  /** Whether main has something to say. `now`: `performance.now()` a moment ago. */
  #wait(now: number): boolean {
    let called = false;
    const { waitTime } = this.#loop;
    const count = this.#epoll.wait(
      waitTime === 0 ? 0 : Math.min(waitTime, this.#connections.waitTime(now)),
    );
    for (let i = 0; i < count; i++) {
      const token = this.#epoll.token(i);
      if (token === eventFdToken) called = true;
      else if (token === deviceToken) this.#loop.markDeviceReadable();
      else this.#markReady(token - firstSocketToken, this.#epoll.events(i));
    }
    return called;
  }

  #markReady(socket: number, events: number): void {
    if (!this.#connections.ready(socket, events)) this.#loop.markSocketReadable(socket);
  }

  /** A socket's room is waited for only while packets wait for it. */
  #updateWriteInterest(): void {
    if (!this.#loop.blocked && this.#writeInterest.size === 0) return;
    for (const [socket, { fd }] of this.#sockets) {
      const blocked = this.#loop.isSocketBlocked(socket);
      if (blocked === this.#writeInterest.has(socket)) continue;
      this.#epoll.modify(fd, blocked ? writableToo : readable, socket + firstSocketToken);
      if (blocked) this.#writeInterest.add(socket);
      else this.#writeInterest.delete(socket);
    }
  }

  /** Takes the messages that main announced, and carries them out. */
  async #obey(): Promise<void> {
    drainEventFd(this.#eventFd);
    while (this.#announced() > this.#commands.length) await nextMacrotask();
    for (let command = this.#commands.shift(); command; command = this.#commands.shift()) {
      this.#taken = (this.#taken + 1) >>> 0;
      const result = this.#execute(command);
      if (result !== undefined) await result;
      if (this.#stopped) return;
    }
  }

  /** Commands posted and not carried out yet; both counts are modulo 2^32. */
  #announced(): number {
    return (this.#counters.posted - this.#taken) >>> 0;
  }

  #execute(command: Command): void | Promise<void> {
    switch (command.kind) {
      case "start":
        throw new VpnError("the data plane was started twice");
      case "attach-tun":
        this.#attachDevice(command);
        return this.#post({ kind: "tun-attached" });
      case "detach-tun":
        this.#detachDevice();
        return this.#post({ kind: "tun-detached" });
      case "attach-socket":
        this.#checkNumber(command.socket);
        return command.protocol === "tcp"
          ? this.#connections.attach(command)
          : this.#attachSocket(command);
      case "attach-listener":
        this.#checkNumber(command.socket);
        return this.#connections.attachListener(command);
      case "close-connection":
        return this.#connections.close(command.socket);
      case "send-control":
        return this.#loop.sendControl(command.socket, command.datagram);
      case "detach-socket":
        return this.#detachSocket(command.socket);
      case "yield":
        return yieldTurns();
      case "stop":
        this.#stopped = true;
        return;
      default:
        return this.#loop.execute(command);
    }
  }

  #attachDevice({ fd, vnetHeader, udpSegmentation }: AttachTunCommand): void {
    this.#detachDevice();
    const memory = this.#memory;
    const options = { capacity: coalescerCapacity, udp: udpSegmentation };
    const { port: [port, coalescer], region } = memory.build(() => [
      new TunPort(fd, memory),
      vnetHeader ? new Coalescer(memory, this.#loop.checksum, options) : undefined,
    ]);
    this.#epoll.add(fd, readable, deviceToken);
    this.#device = { fd, region };
    this.#loop.attachDevice(port, coalescer);
  }

  #detachDevice(): void {
    if (this.#device === undefined) return;
    this.#forget(this.#device.fd);
    this.#loop.detachDevice();
    this.#memory.free(this.#device.region);
    this.#device = undefined;
  }

  /** An fd that was closed already has left epoll by itself. */
  #forget(fd: number): void {
    try {
      this.#epoll.remove(fd);
    } catch (error) {
      const closed = error instanceof SysError &&
        (error.errno === Errno.EBADF || error.errno === Errno.ENOENT);
      if (!closed) throw error;
    }
  }

  #checkNumber(socket: number): void {
    if (!this.#sockets.has(socket) && !this.#connections.has(socket)) return;
    throw new VpnError(`socket ${socket} is attached already`);
  }

  #attachSocket({ socket, fd }: AttachUdpCommand): void {
    const { port, region } = this.#memory.build(() =>
      new DatagramPort(fd, this.#memory, { messages: portMessages, pieces: portPieces })
    );
    const segmentation = this.#offload && supportsSegmentation(fd);
    const coalescing = this.#offload && enableReceiveOffload(fd);
    if (this.#offload && !(segmentation && coalescing)) {
      const missing = [segmentation ? "" : "UDP_SEGMENT", coalescing ? "" : "UDP_GRO"];
      const message = `this kernel has no ${missing.filter(Boolean).join(", ")}: slower`;
      this.#post({ kind: "log", verb: offloadVerb, message });
    }
    this.#epoll.add(fd, readable, socket + firstSocketToken);
    this.#sockets.set(socket, { fd, region });
    this.#loop.attachSocket(socket, port, { segmentation, coalescing });
  }

  #detachSocket(socket: number): void {
    this.#connections.detach(socket);
    const attached = this.#sockets.get(socket);
    if (attached !== undefined) {
      this.#forget(attached.fd);
      this.#loop.detachSocket(socket);
      this.#memory.free(attached.region);
      this.#sockets.delete(socket);
      this.#writeInterest.delete(socket);
    }
    this.#post({ kind: "socket-detached", socket });
  }
}

/** Lets the runtime do what waits: an answer of ours may be what its next question waits for. */
async function yieldTurns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await nextMacrotask();
}

/** Lets the event loop take messages. */
function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
