/**
 * The commands' end of a control socket.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import { type ControlAnswer, type ControlRequest, LineCutter, longestAnswer } from "./protocol.ts";
import type { ServerReport } from "./server_report.ts";

/** How long an answer may take, ms. */
const patience = 30_000;

/** See the module's page. */
export class ControlClient implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #lines = new LineCutter(longestAnswer);
  readonly #buffer = new Uint8Array(65_536);

  private constructor(readonly path: string, connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  /** Connects. @throws {VpnError} when no server is there, or it is another user's. */
  static async connect(path: string): Promise<ControlClient> {
    try {
      return new ControlClient(path, await Deno.connect({ transport: "unix", path }));
    } catch (cause) {
      if (cause instanceof Deno.errors.PermissionDenied) {
        throw new VpnError(
          `${path} is another user's`,
          "run this as the user that started the server, or as root",
          { cause },
        );
      }
      throw new VpnError(
        `no server answers at ${path}`,
        "start one, or say where it is with --state DIR or --socket PATH",
        { cause },
      );
    }
  }

  /** How the server is. @throws {VpnError} */
  async report(): Promise<ServerReport> {
    const answer = await this.#ask({ command: "status" });
    if ("report" in answer) return answer.report;
    throw unexpected(answer);
  }

  /** Ends the sessions of that name; how many there were. @throws {VpnError} */
  async kick(name: string): Promise<number> {
    const answer = await this.#ask({ command: "kick", name });
    if ("ended" in answer) return answer.ended;
    throw unexpected(answer);
  }

  async #ask(request: ControlRequest): Promise<ControlAnswer> {
    const timer = setTimeout(() => this[Symbol.dispose](), patience);
    try {
      const bytes = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
      for (;;) {
        const count = await this.#connection.read(this.#buffer);
        if (count === null) throw new VpnError("the server has ended");
        const [line] = this.#lines.take(this.#buffer.subarray(0, count));
        if (line !== undefined) return JSON.parse(line) as ControlAnswer;
      }
    } catch (cause) {
      if (cause instanceof VpnError) throw cause;
      throw new VpnError(`the server at ${this.path} does not answer: ${errorLine(cause)}`, "", {
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #closed = false;

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }
}

function unexpected(answer: ControlAnswer): VpnError {
  return new VpnError("error" in answer ? answer.error : "the server answers something else");
}
