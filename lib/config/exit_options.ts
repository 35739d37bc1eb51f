/**
 * What a configuration says of exit nodes: hosts by which the Internet traffic of others leaves.
 *
 * @module
 */

/** One `exit-node NAME …` line: another client as exit node. */
export interface ExitNodeRule {
  /** Common name of the client that is the exit node. */
  readonly name: string;
  /** Whose traffic goes there; absent: all other clients'. */
  readonly clients?: readonly string[];
  /** What becomes of the packets while it is not connected. */
  readonly fallback: "drop" | "server";
}

/** Exit nodes of a server. */
export interface ServerExitOptions {
  /** `exit-node` without a name: the server itself is one. */
  readonly server: boolean;
  /** `exit-out`: the only interface by which their traffic may leave. */
  readonly out?: string;
  /** Clients that are exit nodes; the first rule that fits a client counts. */
  readonly rules: readonly ExitNodeRule[];
  /** `exit-choices`: file of choices that go before the rules, read again when it changes. */
  readonly choices?: string;
}

/** `advertise-exit`: this client is an exit node for others. */
export interface ClientExitOptions {
  /** `exit-out`: the only interface by which their traffic may leave. */
  readonly out?: string;
}
