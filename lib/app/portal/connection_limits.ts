/**
 * How much of the portal anybody gets: connections, and requests, by source and in all. It runs on
 * the thread of the control channel, so that even what is refused must cost little.
 *
 * @module
 */

import { sourceKey } from "../../users/failure_limit.ts";

/** Bounds; each has a default. */
export interface PortalLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections of a source at a time. */
  readonly connectionsPerSource: number;
  /** New connections a second, each of which costs a signature; as many as that at once. */
  readonly newConnections: number;
  /** Requests of a source a second. */
  readonly requestsPerSource: number;
  /** Requests that a source may make at once, as a browser does for a page. */
  readonly burst: number;
  /** Requests that are worked on at a time. */
  readonly requests: number;
  /** ms without a whole request until a connection is closed; a TLS handshake counts as none. */
  readonly patience: number;
  /** ms that a client may take to take in an answer. */
  readonly answerPatience: number;
}

/** What counts unless told otherwise. */
export const portalLimits: PortalLimits = {
  connections: 256,
  connectionsPerSource: 48,
  newConnections: 50,
  requestsPerSource: 50,
  burst: 250,
  requests: 64,
  patience: 15_000,
  answerPatience: 60_000,
};

interface Source {
  connections: number;
  /** Requests that it may still make. */
  tokens: number;
  /** When they were counted last, ms of a monotonic clock. */
  counted: number;
}

/** Counts what is there. Sources without a connection are forgotten. */
export class ConnectionLimits {
  readonly #sources = new Map<string, Source>();
  #connections = 0;
  #newTokens: number;
  #newCounted = performance.now();
  #requests = 0;

  constructor(readonly limits: PortalLimits = portalLimits) {
    this.#newTokens = limits.newConnections;
  }

  /** Whether a connection from there may be had; if so it is counted until `disconnected`. */
  connected(address: string): boolean {
    const now = performance.now();
    const { connections, connectionsPerSource, newConnections } = this.limits;
    this.#newTokens = Math.min(
      newConnections,
      this.#newTokens + (now - this.#newCounted) * newConnections / 1000,
    );
    this.#newCounted = now;
    const key = sourceKey(address);
    const source = this.#sources.get(key) ??
      { connections: 0, tokens: this.limits.burst, counted: now };
    if (this.#newTokens < 1 || this.#connections >= connections) return false;
    if (source.connections >= connectionsPerSource) return false;
    this.#newTokens--;
    this.#connections++;
    source.connections++;
    this.#sources.set(key, source);
    return true;
  }

  /** It is gone. */
  disconnected(address: string): void {
    this.#connections--;
    const key = sourceKey(address);
    const source = this.#sources.get(key);
    if (source !== undefined && --source.connections === 0) this.#sources.delete(key);
  }

  /** Whether a source may make a request now. */
  requested(address: string): boolean {
    const source = this.#sources.get(sourceKey(address));
    if (source === undefined) return false;
    const now = performance.now();
    const { requestsPerSource, burst } = this.limits;
    const earned = (now - source.counted) * requestsPerSource / 1000;
    source.tokens = Math.min(burst, source.tokens + earned);
    source.counted = now;
    if (source.tokens < 1) return false;
    source.tokens--;
    return true;
  }

  /** Whether one more request may be worked on; if so it is counted until `finished`. */
  begun(): boolean {
    if (this.#requests >= this.limits.requests) return false;
    this.#requests++;
    return true;
  }

  /** It is answered. */
  finished(): void {
    this.#requests--;
  }
}
