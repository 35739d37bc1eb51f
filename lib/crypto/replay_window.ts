/**
 * Replay protection: a sliding window over packet-ids, in which each id is accepted once. An id may
 * come late if fewer than `size` ids lie between it and the highest, and if no later id came more
 * than `time` ago: beyond that it is rather somebody's recording than a detour.
 *
 * Source: OpenVPN's `packet_id.c` (`packet_id_test`, `packet_id_add`, `packet_id_reap`); openvpn(8),
 * `--replay-window`; RFC 6479 for the idea of a ring indexed by the id.
 *
 * @module
 */

/** `replay-window`'s defaults (DEFAULT_SEQ_BACKTRACK, DEFAULT_TIME_BACKTRACK): ids, ms. */
export const defaultReplayWindow = { size: 64, time: 15_000 } as const;

/** Largest window (MAX_SEQ_BACKTRACK), ids. */
export const maximumReplayWindow = 65536;

/** The time limit is looked after that often, ms; so an id passes up to a second after it. */
const reapInterval = 1000;

/** In the ring: this id has not come. Times are never negative. */
const unseen = -1;

/** Replay window over uint32 ids (the short form). Allocates nothing after construction. */
export class ReplayWindow {
  readonly #size: number;
  readonly #time: number;
  /** When each id of the window came, ms, at the index `id & mask`; or `unseen`. */
  readonly #arrivals: Float64Array;
  readonly #mask: number;
  #highest = 0;
  /** Ids up to this one have expired by time. */
  #expired = 0;
  #lastReap = 0;

  /**
   * @param size Ids, 0 to 65,536. 0: ids must rise.
   * @param time ms; 0: no limit.
   * @throws {RangeError} for a size out of range.
   */
  constructor(size: number = defaultReplayWindow.size, time: number = defaultReplayWindow.time) {
    if (!Number.isInteger(size) || size < 0 || size > maximumReplayWindow) {
      throw new RangeError(`replay window of ${size} ids`);
    }
    this.#size = size;
    this.#time = time;
    let capacity = 1;
    while (capacity < size) capacity *= 2;
    this.#mask = capacity - 1;
    this.#arrivals = new Float64Array(capacity).fill(unseen);
  }

  /** The highest id so far; 0: none. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * Whether the id is new; it is not from then on. To be asked for authentic packets only.
   *
   * @param id uint32; 0 is never new.
   * @param nowMs A monotonic clock in ms, not negative.
   */
  accept(id: number, nowMs: number): boolean {
    if (id > this.#highest) {
      this.#advance(id, nowMs);
      return true;
    }
    if (id === 0 || this.#highest - id >= this.#size) return false;
    if (this.#arrivals[id & this.#mask] !== unseen) return false;
    if (nowMs - this.#lastReap >= reapInterval) this.#reap(nowMs);
    if (id <= this.#expired) return false;
    this.#arrivals[id & this.#mask] = nowMs;
    return true;
  }

  /** Forgets all ids, for a new series. */
  reset(): void {
    this.#highest = 0;
    this.#expired = 0;
    this.#arrivals.fill(unseen);
  }

  #advance(id: number, nowMs: number): void {
    const skipped = id - this.#highest - 1;
    if (skipped >= this.#arrivals.length) {
      this.#arrivals.fill(unseen);
    } else {
      for (let i = 1; i <= skipped; i++) this.#arrivals[this.#highest + i & this.#mask] = unseen;
    }
    this.#arrivals[id & this.#mask] = nowMs;
    this.#highest = id;
  }

  /** Finds the highest id that came too long ago: all below it have expired. */
  #reap(nowMs: number): void {
    this.#lastReap = nowMs;
    if (this.#time === 0) return;
    const lowest = Math.max(this.#expired, this.#highest - this.#size);
    for (let id = this.#highest; id > lowest; id--) {
      const arrival = this.#arrivals[id & this.#mask];
      if (arrival !== unseen && nowMs - arrival > this.#time) {
        this.#expired = id;
        return;
      }
    }
  }
}

/** Replay window over ids with a time beside them (the long form): a later time starts anew. */
export class LongReplayWindow {
  readonly #ids: ReplayWindow;
  #time = 0;

  /** As for `ReplayWindow`. */
  constructor(size?: number, time?: number) {
    this.#ids = new ReplayWindow(size, time);
  }

  /**
   * As `ReplayWindow.accept`.
   *
   * @param id uint32.
   * @param time The sender's seconds, uint32.
   * @param nowMs Our monotonic clock, ms.
   */
  accept(id: number, time: number, nowMs: number): boolean {
    if (id === 0 || time < this.#time) return false;
    if (time > this.#time) {
      this.#ids.reset();
      this.#time = time;
    }
    return this.#ids.accept(id, nowMs);
  }
}
