/**
 * Main's handle on the data plane: starts the worker, posts commands, hands on events.
 *
 * Queues: commands are posted (never dropped) and the eventfd is written, so that the worker, which
 * waits in epoll, takes them. Control datagrams come back bounded by `controlBacklogLimit`.
 *
 * @module
 */

import { EventFd } from "deno-tun";
import { wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { SharedCounters } from "./counters.ts";
import { takeWorker } from "./early_worker.ts";
import type { Command, StartCommand, StopCommand, WorkerEvent } from "./messages.ts";

/** How long a worker has to start: it loads its modules and opens its crypto library, ms. */
const startTimeout = 30_000;
/** How long a worker has to answer `stop`, ms. */
const stopTimeout = 1_000;

/** What {@linkcode DataPlane.start} needs; the fields as in {@linkcode StartCommand}. */
export interface DataPlaneOptions extends Omit<StartCommand, "kind" | "eventFd" | "counters"> {
  /**
   * Called for each event except `ready` and `stopped`. Whoever takes a `control-datagram` calls
   * `counters.leaveControlBacklog`. `failed` also stands for an exception in the worker; nothing
   * follows it.
   */
  onEvent(event: DataPlaneEvent): void;
}

/** What main hears from the data plane. */
export type DataPlaneEvent = Exclude<
  WorkerEvent,
  { readonly kind: "ready" } | { readonly kind: "stopped" }
>;

/** What main can ask of the data plane. */
export type DataPlaneCommand = Exclude<Command, StartCommand | StopCommand>;

/** The packet path in its worker. */
export class DataPlane {
  readonly #worker: Worker;
  readonly #eventFd: EventFd;
  readonly #onEvent: (event: DataPlaneEvent) => void;
  readonly #started = Promise.withResolvers<string>();
  readonly #ended = Promise.withResolvers<void>();
  #engine = "";
  #running = true;
  #answered = false;
  #stopping: Promise<void> | undefined;

  /** What the worker has counted; main may read it at any time. */
  readonly counters: SharedCounters;

  /**
   * Starts the worker and waits until it can take commands.
   *
   * @throws {VpnError} when the worker cannot start, as when the engine asked for is absent.
   */
  static async start(options: DataPlaneOptions): Promise<DataPlane> {
    const plane = new DataPlane(options);
    try {
      plane.#engine = await plane.#start(options);
    } catch (error) {
      await plane.stop();
      throw error;
    }
    return plane;
  }

  /**
   * Starts the worker and waits for nothing: it carries out commands as soon as it has started.
   * That it cannot start comes as `failed`.
   *
   * @param started Called with the engine's name.
   */
  static begin(options: DataPlaneOptions, started: (engine: string) => void): DataPlane {
    const plane = new DataPlane(options);
    plane.#start(options).then((engine) => {
      plane.#engine = engine;
      started(engine);
    }).catch(({ message, remedy }: VpnError) => {
      if (plane.#stopping !== undefined) return;
      options.onEvent({ kind: "failed", message, remedy });
    });
    return plane;
  }

  private constructor(options: DataPlaneOptions) {
    this.counters = SharedCounters.create(options.maxPeers);
    this.#onEvent = options.onEvent;
    this.#eventFd = EventFd.create();
    this.#worker = takeWorker();
    this.#worker.onmessage = (message: MessageEvent<WorkerEvent>) => this.#receive(message.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#receive({ kind: "failed", message: `the data plane failed: ${event.message}` });
    };
  }

  async #start(options: DataPlaneOptions): Promise<string> {
    const { engine, maxPeers, role, clientToClient, clientExits, ipv6RefusalSource } = options;
    const { float, offload } = options;
    this.#post({
      kind: "start",
      eventFd: this.#eventFd.fd,
      counters: this.counters.buffer,
      engine,
      maxPeers,
      role,
      clientToClient,
      clientExits,
      ipv6RefusalSource,
      float,
      offload,
    });
    const timer = setTimeout(
      () => this.#started.reject(new VpnError("the data plane did not start in time")),
      startTimeout,
    );
    try {
      return await this.#started.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The name of the engine that the worker chose. */
  get engine(): string {
    return this.#engine;
  }

  /**
   * Has the worker do something; it does so in the order of the calls, between batches. The keys of
   * an `install-key` are wiped here. After `stop` or `failed` nothing happens.
   */
  command(command: DataPlaneCommand): void {
    if (this.#running) this.#post(command);
    if (command.kind === "install-key") wipeKeys(command);
  }

  #post(command: Command): void {
    this.#worker.postMessage(command);
    this.counters.markPosted();
    this.#eventFd.signal();
  }

  /**
   * Ends the worker: it detaches everything and wipes its keys. One that does not answer within a
   * second is terminated. May be called at any time and again.
   */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    if (this.#running) {
      this.#running = false;
      this.#post({ kind: "stop" });
      const timer = setTimeout(() => this.#ended.resolve(), stopTimeout);
      await this.#ended.promise;
      clearTimeout(timer);
    }
    this.#worker.terminate();
    // A worker that did not answer may still be in epoll_wait with this fd; its number must not go
    // to another file meanwhile.
    if (this.#answered) this.#eventFd.close();
  }

  #receive(event: WorkerEvent): void {
    switch (event.kind) {
      case "ready":
        return this.#started.resolve(event.engine);
      case "stopped":
        this.#answered = true;
        return this.#ended.resolve();
      case "failed":
        this.#started.reject(new VpnError(event.message, event.remedy));
        this.#answered = true;
        this.#ended.resolve();
        if (!this.#running) return;
        this.#running = false;
        if (this.#engine === "") return;
        break;
      default:
        break;
    }
    if (this.#stopping === undefined) this.#onEvent(event);
  }
}

function wipeKeys(command: Extract<DataPlaneCommand, { readonly kind: "install-key" }>): void {
  const { seal, open } = command;
  wipe(seal.cipherKey, seal.hmacKey, open.cipherKey, open.hmacKey);
}
