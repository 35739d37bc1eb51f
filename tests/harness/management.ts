/**
 * A management client: talks to the management interface of a peer over a unix socket.
 *
 * @module
 */

import { eventually } from "./eventually.ts";

/** A connection to a management interface. */
export class ManagementClient implements AsyncDisposable {
  readonly #connection: Deno.Conn;
  readonly #lines: string[] = [];
  #arrived: () => void = () => {};
  readonly #reading: Promise<void>;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.#reading = this.#read().catch(() => {});
  }

  /** Connects once the socket is there. */
  static async connect(path: string): Promise<ManagementClient> {
    let connection: Deno.Conn | undefined;
    await eventually(`a management interface at ${path}`, async () => {
      connection = await Deno.connect({ transport: "unix", path });
      return true;
    });
    return new ManagementClient(connection!);
  }

  /** Sends a line. */
  async send(line: string): Promise<void> {
    await this.#connection.write(new TextEncoder().encode(`${line}\n`));
  }

  /**
   * Resolves with the next line that matches; lines before it are dropped.
   *
   * @throws {Error} with what came when the time passes.
   */
  async waitForLine(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpMatchArray> {
    const end = Date.now() + timeoutMs;
    const dropped: string[] = [];
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        const match = line.match(pattern);
        if (match) return match;
        dropped.push(line);
      }
      const left = end - Date.now();
      if (left <= 0) throw new Error(`management: no ${pattern} in\n${dropped.join("\n")}`);
      const arrival = Promise.withResolvers<void>();
      this.#arrived = arrival.resolve;
      const timer = setTimeout(arrival.resolve, left);
      await arrival.promise;
      clearTimeout(timer);
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.#connection.readable) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#arrived();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#connection.close();
    } catch {
      // The other end was first.
    }
    await this.#reading;
  }
}
