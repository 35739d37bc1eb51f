/**
 * Connections in memory, whose bytes a test sees and may change on their way.
 *
 * @module
 */

import type { Connection } from "../../../lib/channel/connection/connection.ts";

/** One direction: chunks as they were written, at most so many bytes waiting. */
class Pipe {
  readonly #chunks: Uint8Array[] = [];
  #waiting = 0;
  #ended = false;
  #broken = false;
  #wake: (() => void)[] = [];
  /** All bytes that went through, in one count. */
  total = 0;

  constructor(readonly capacity: number) {}

  get waiting(): number {
    return this.#waiting;
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#waiting >= this.capacity && !this.#broken) await this.#change();
    if (this.#broken) throw new Error("broken pipe");
    const taken = bytes.slice(0, this.capacity - this.#waiting);
    this.#chunks.push(taken);
    this.#waiting += taken.length;
    this.total += taken.length;
    this.#changed();
    return taken.length;
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#broken) throw new Error("connection reset");
      if (this.#ended) return null;
      await this.#change();
    }
    const chunk = this.#chunks[0];
    const length = Math.min(chunk.length, into.length);
    into.set(chunk.subarray(0, length));
    if (length === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(length);
    this.#waiting -= length;
    this.#changed();
    return length;
  }

  end(): void {
    this.#ended = true;
    this.#changed();
  }

  break(): void {
    this.#broken = true;
    this.#changed();
  }
}

/** What a test does to each write on its way; undefined: it is lost. */
export type Tamper = (bytes: Uint8Array, from: "client" | "server") => Uint8Array | undefined;

/** Both ends of a connection. */
export interface ConnectionPair {
  readonly client: Connection;
  readonly server: Connection;
  /** Bytes that the client wrote and the server has not read. */
  readonly clientPending: () => number;
  /** Bytes that the client wrote in all. */
  readonly clientTotal: () => number;
}

/** @param capacity Bytes that may wait in each direction. */
export function connectionPair(tamper?: Tamper, capacity = 262_144): ConnectionPair {
  const toServer = new Pipe(capacity);
  const toClient = new Pipe(capacity);
  const end = (from: "client" | "server", input: Pipe, output: Pipe): Connection => ({
    read: (into) => input.read(into),
    write: async (bytes) => {
      const changed = tamper === undefined ? bytes : tamper(new Uint8Array(bytes), from);
      if (changed === undefined) return bytes.length;
      if (tamper === undefined) return await output.write(bytes);
      for (let sent = 0; sent < changed.length;) sent += await output.write(changed.subarray(sent));
      return bytes.length;
    },
    closeWrite: () => Promise.resolve(output.end()),
    close: () => {
      output.end();
      input.break();
    },
  });
  return {
    client: end("client", toClient, toServer),
    server: end("server", toServer, toClient),
    clientPending: () => toServer.waiting,
    clientTotal: () => toServer.total,
  };
}

/** A connection from which exactly these bytes come; what is written to it is kept. */
export function recordedConnection(
  input: Uint8Array,
): { connection: Connection; readonly written: number[] } {
  const written: number[] = [];
  let offset = 0;
  return {
    written,
    connection: {
      read: (into) => {
        if (offset === input.length) return Promise.resolve(null);
        const length = Math.min(into.length, input.length - offset);
        into.set(input.subarray(offset, offset + length));
        offset += length;
        return Promise.resolve(length);
      },
      write: (bytes) => {
        for (const byte of bytes) written.push(byte);
        return Promise.resolve(bytes.length);
      },
      closeWrite: () => Promise.resolve(),
      close: () => {},
    },
  };
}
