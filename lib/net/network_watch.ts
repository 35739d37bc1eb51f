/**
 * Notices that the network around a tunnel is another one: the default route moved to another
 * interface or router, the address changed, the machine slept.
 *
 * @module
 */

import { NetlinkMonitor } from "deno-tun";

/** How often it looks, ms. rtnetlink's announcements wait in the meantime. */
const lookInterval = 500;

/** The machine slept when it was on for so many ms more than its clock of running time says. */
const sleepThreshold = 5000;

/** What happened. */
export type NetworkEvent = "network-changed" | "wakeup";

/** What a watch looks at. */
export interface WatchedNetwork {
  /**
   * The way by which the tunnel's packets leave, as a text: equal texts, same way. undefined: there
   * is none now.
   */
  way(): string | undefined;
  /** Something changed; called before `way` is compared, and also where the way stays the same. */
  stirred(): void;
  /** The way is another one than before, or the machine slept. */
  changed(event: NetworkEvent): void;
  /** It could not be looked at, or what followed from it could not be done. */
  failed(error: unknown): void;
}

/** Clocks and ears, for tests. */
export interface WatchSources {
  /** Whether links, addresses or routes have changed since the last call. */
  readonly monitor: { changed(): boolean; close(): void };
  /** ms that the machine has been on, sleep included. */
  bootTime(): number;
  /** ms that it has been running. */
  runningTime(): number;
}

/** See the module's page. */
export class NetworkWatch {
  readonly #network: WatchedNetwork;
  readonly #sources: WatchSources;
  readonly #timer: ReturnType<typeof setInterval>;
  #way: string | undefined;
  #unsettled = false;
  #slept: number;

  constructor(network: WatchedNetwork, sources: WatchSources = machineSources()) {
    this.#network = network;
    this.#sources = sources;
    this.#way = network.way();
    this.#slept = this.#sleepTime();
    this.#timer = setInterval(() => this.look(), lookInterval);
    Deno.unrefTimer(this.#timer);
  }

  /** The tunnel is a new one, or its server: what is the case now is what it should be. */
  settle(): void {
    try {
      this.#way = this.#network.way();
    } catch (error) {
      this.#network.failed(error);
    }
  }

  /** Looks once; done every half second. */
  look(): void {
    const slept = this.#sleepTime();
    const woke = slept - this.#slept > sleepThreshold;
    this.#slept = slept;
    if (this.#sources.monitor.changed()) {
      // Changes come in groups, as when an interface loses its address and its routes: wait for
      // the last one.
      this.#unsettled = true;
      if (!woke) return;
    }
    if (!this.#unsettled && !woke) return;
    this.#unsettled = false;
    try {
      this.#compare(woke);
    } catch (error) {
      this.#network.failed(error);
    }
  }

  #compare(woke: boolean): void {
    this.#network.stirred();
    const way = this.#network.way();
    const moved = way !== undefined && way !== this.#way;
    if (way !== undefined) this.#way = way;
    if (moved) this.#network.changed("network-changed");
    else if (woke) this.#network.changed("wakeup");
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#timer);
    this.#sources.monitor.close();
  }

  #sleepTime(): number {
    return this.#sources.bootTime() - this.#sources.runningTime();
  }
}

function machineSources(): WatchSources {
  return {
    monitor: NetlinkMonitor.open(),
    // proc_uptime(5), which counts sleep (CLOCK_BOOTTIME); performance.now() does not.
    bootTime: () => Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1000,
    runningTime: () => performance.now(),
  };
}
