/**
 * Gives back the memory that sessions took only to begin.
 *
 * A handshake leaves garbage, which V8 collects when the heap has grown by a tenth (see
 * runtime_flags.ts), and holes in malloc's heap, which gives back by itself only what lies at its
 * end. So both are done once nobody has come for a moment.
 *
 * @module
 */

import { releaseFreeMemory } from "deno-tun";

/** How long nobody must have come before it is done, ms: it keeps the control channel waiting. */
const quiet = 500;

/** V8's own threads free what was found; malloc's turn is after theirs, ms. */
const sweeping = 200;

/** It is worth its 100 ms of processor time after that many handshakes, … */
const enough = 8;

/** … or that long after the last time, or the server's start, ms. */
const patience = 60_000;

/** How long to wait, ms, with that many handshakes since a collection so many ms ago. */
export function collectionDelay(handshakes: number, since: number): number {
  return handshakes >= enough ? quiet : Math.max(quiet, patience - since);
}

/** See the module's page. */
export class IdleCollection implements Disposable {
  readonly #collect: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #handshakes = 0;
  #last = performance.now();

  /** @param collect Does it, for tests. */
  constructor(collect: () => void = collectGarbage) {
    this.#collect = collect;
  }

  /** A handshake has come to its end. */
  handshakeEnded(): void {
    this.#handshakes++;
    clearTimeout(this.#timer);
    const delay = collectionDelay(this.#handshakes, performance.now() - this.#last);
    this.#timer = setTimeout(() => this.#run(), delay);
  }

  #run(): void {
    this.#handshakes = 0;
    this.#last = performance.now();
    this.#collect();
    this.#timer = setTimeout(releaseFreeMemory, sweeping);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/**
 * V8's most thorough collection: it also moves objects together, so that pages become free. Nothing
 * without the flag `--expose-gc`: flags in the environment go before ours.
 */
function collectGarbage(): void {
  const { gc } = globalThis as { gc?: (options: object) => void };
  gc?.({ type: "major", flavor: "last-resort" });
}
