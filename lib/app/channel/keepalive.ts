/**
 * Signs of life: sent at intervals, and missed when none came for too long. Without them TCP finds
 * out about a peer that vanished a quarter of an hour later (tcp(7), tcp_retries2).
 *
 * @module
 */

/** How often a sign is sent, and how long none may come, ms. */
export interface KeepaliveTimes {
  readonly interval: number;
  readonly timeout: number;
}

/** OpenVPN's `keepalive 10 60`. */
export const defaultKeepalive: KeepaliveTimes = { interval: 10_000, timeout: 60_000 };

/** Watches one channel, from its creation to `stop`. */
export class Keepalive {
  readonly #timer: ReturnType<typeof setInterval>;
  #lastSign = performance.now();

  /**
   * @param send Sends a sign.
   * @param missed Called once when none came in time.
   */
  constructor({ interval, timeout }: KeepaliveTimes, send: () => void, missed: () => void) {
    this.#timer = setInterval(() => {
      if (performance.now() - this.#lastSign > timeout) {
        this.stop();
        missed();
      } else {
        send();
      }
    }, interval);
  }

  /** Something has come: as good as a sign. */
  received(): void {
    this.#lastSign = performance.now();
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
