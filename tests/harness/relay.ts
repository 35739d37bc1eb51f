/**
 * A bad network between the clients and the server of a test.
 *
 * @module
 */

import type { NetworkNamespace } from "./namespace.ts";
import type { ManagedProcess } from "./process.ts";
import type { RelayOptions } from "./relay_program.ts";

/** What the relay did with the datagrams of both directions. */
export interface RelayCounts {
  readonly relayed: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
}

const program = new URL("./relay_program.ts", import.meta.url).pathname;

/** A running relay; see relay_program.ts. */
export class Relay implements AsyncDisposable {
  private constructor(readonly process: ManagedProcess) {}

  /** Starts it in a namespace and waits until it takes datagrams. */
  static async start(namespace: NetworkNamespace, options: RelayOptions): Promise<Relay> {
    const process = namespace.spawn(
      [Deno.execPath(), "run", "--no-config", "--allow-net", program, JSON.stringify(options)],
      { name: "relay" },
    );
    await process.waitForLine(/^relaying$/);
    return new Relay(process);
  }

  /** Ends it and tells what it did. */
  async stop(): Promise<RelayCounts> {
    await this.process.stop("SIGTERM");
    return JSON.parse(this.process.lines().at(-1) ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
