/**
 * A client of a management interface, on a unix socket: a path, so that it is reached from any
 * network namespace.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { eventually } from "./eventually.ts";

/** How long an answer may take, ms. */
const answerTimeout = 30_000;

/** A session. */
export class ManagementClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly lines: string[] = [];
  #rest = "";
  #read = 0;
  ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const decoder = new TextDecoder();
    socket.on("data", (bytes: Uint8Array) => {
      const parts = (this.#rest + decoder.decode(bytes, { stream: true })).split("\r\n");
      this.#rest = parts.pop()!;
      this.lines.push(...parts);
    });
    socket.on("error", () => {});
    socket.on("close", () => this.ended = true);
  }

  /** Connects, once somebody listens there. */
  static async connect(path: string): Promise<ManagementClient> {
    let socket: Socket | undefined;
    await eventually(`somebody listens at ${path}`, async () => {
      const attempt = connect(path);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      attempt.once("connect", () => resolve(true));
      attempt.once("error", () => resolve(false));
      if (await promise) socket = attempt;
      else attempt.destroy();
      return socket !== undefined;
    });
    return new ManagementClient(socket!);
  }

  /** What came without a line end: a prompt. */
  get prompt(): string {
    return this.#rest;
  }

  /** Sends a line. */
  send(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  /** The first line that matches, of those after what this function returned before. */
  async line(pattern: RegExp): Promise<string> {
    const index = await this.#find(pattern, this.#read);
    this.#read = index + 1;
    return this.lines[index];
  }

  /** The same, as what the pattern matched. */
  async waitForLine(pattern: RegExp): Promise<RegExpMatchArray> {
    return (await this.line(pattern)).match(pattern)!;
  }

  /** Sends a command and returns its answer of one line. */
  async command(line: string): Promise<string> {
    const from = this.lines.length;
    this.send(line);
    return this.lines[await this.#find(/^(SUCCESS|ERROR):/, from)];
  }

  /** Sends a command and returns its answer up to END, without notifications in between. */
  async list(line: string): Promise<string[]> {
    const from = this.lines.length;
    this.send(line);
    const end = await this.#find(/^END$/, from);
    return this.lines.slice(from, end).filter((text) => !text.startsWith(">"));
  }

  async #find(pattern: RegExp, from: number): Promise<number> {
    let found = -1;
    try {
      await eventually(`a line ${pattern}`, () => {
        found = this.lines.findIndex((line, i) => i >= from && pattern.test(line));
        return found >= 0;
      }, answerTimeout);
    } catch (cause) {
      throw new Error(`no line ${pattern} in:\n${this.lines.join("\n")}`, { cause });
    }
    return found;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }
}
