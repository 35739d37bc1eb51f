/**
 * How much of the portal anybody gets. It runs on the thread of the control channel and shares the
 * processors with the packets, so that its work is bounded, not only its success: what is too much
 * waits, and whoever waits can't ask again.
 *
 * Work is counted in ms of the main thread's processor time, estimated (`workCosts`).
 *
 * @module
 */

/** Work that may be done: `rate` ms in a second, after `burst` ms at once. */
export interface Allowance {
  readonly rate: number;
  readonly burst: number;
}

/** The allowances of one kind of visitors. */
export interface WorkLimits {
  /** Of all of them. */
  readonly all: Allowance;
  /** Of each. */
  readonly each: Allowance;
  /** Requests of each that are worked on at a time. */
  readonly atOnce: number;
}

/** Bounds; each has a default. */
export interface PortalLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections of a source's strangers that are served at a time. */
  readonly connectionsPerSource: number;
  /** Connections of a source that wait for one of these to end, TLS not begun. */
  readonly waitingPerSource: number;
  /** Connections of a caller that no longer count as their source's. */
  readonly connectionsPerCaller: number;
  /** Connections a second that are taken from the kernel. */
  readonly accepts: number;
  /** Requests of a connection that are unanswered: HTTP/1.1 sends more without being asked. */
  readonly pending: number;
  /** Requests that a connection may give up before their turn. */
  readonly givenUp: number;
  /** TLS handshakes, by source address. */
  readonly handshakes: WorkLimits;
  /** Requests of who has shown neither a session nor a token, by source address. */
  readonly strangers: WorkLimits;
  /** Requests of who has, by user or token. */
  readonly callers: WorkLimits;
  /** ms that a TLS handshake, a request's header or its body may take. */
  readonly patience: number;
  /** ms that the connection of a session or token is kept without a request. */
  readonly callerPatience: number;
  /** ms that a connection waits for TLS to begin. */
  readonly waitingPatience: number;
  /** ms that a client may take to take in an answer. */
  readonly answerPatience: number;
  /** ms after which a stranger's connection makes room for one that waits. */
  readonly term: number;
}

/** What counts unless told otherwise. */
export const portalLimits: PortalLimits = {
  connections: 512,
  connectionsPerSource: 64,
  waitingPerSource: 128,
  connectionsPerCaller: 64,
  accepts: 200,
  pending: 64,
  givenUp: 64,
  handshakes: { all: { rate: 30, burst: 600 }, each: { rate: 15, burst: 200 }, atOnce: 64 },
  strangers: { all: { rate: 30, burst: 900 }, each: { rate: 15, burst: 300 }, atOnce: 16 },
  callers: { all: { rate: 60, burst: 1500 }, each: { rate: 30, burst: 500 }, atOnce: 32 },
  patience: 15_000,
  callerPatience: 300_000,
  waitingPatience: 60_000,
  answerPatience: 60_000,
  term: 10_000,
};

/**
 * Processor time of the main thread, ms, measured with RSA-2048 on one core of 2026. A connection's
 * first request pays for the handshake as well: who opens a connection for each request has their
 * handshake soon and waits for the answer, so that they have nothing to do either.
 */
export const workCosts = { handshake: 2, firstRequest: 3, request: 1 } as const;
