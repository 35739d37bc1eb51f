/**
 * The control socket of a running server: a unix socket that only its own user can connect to (its
 * mode is 0600). Who may connect may do what the server's user may.
 *
 * Bounded: so many connections, so long lines, so long a silence; requests of one connection are
 * answered one after the other.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Tunnel } from "../tunnel.ts";
import {
  type ControlAnswer,
  type ControlRequest,
  LineCutter,
  longestRequest,
  parseRequest,
} from "./protocol.ts";

/** Connections at a time. */
const maximumConnections = 16;
/** How long a connection may say nothing, or leave an answer untaken, ms. */
const patience = 60_000;

/** See the module's page. */
export class ControlSocket implements AsyncDisposable {
  /** What runs; undefined while nothing does. */
  tunnel: Tunnel | undefined;
  readonly #listener: Deno.UnixListener;
  readonly #log: Log;
  readonly #open = new Set<Deno.UnixConn>();
  readonly #accepting: Promise<void>;

  private constructor(readonly path: string, listener: Deno.UnixListener, log: Log) {
    this.#listener = listener;
    this.#log = log;
    this.#accepting = this.#accept();
  }

  /**
   * Opens it, in place of one that a former process left behind.
   *
   * @throws {VpnError} when it can't be had.
   */
  static async open(path: string, log: Log): Promise<ControlSocket> {
    try {
      await removeAbandoned(path);
      const umask = Deno.umask(0o177);
      let listener: Deno.UnixListener;
      try {
        listener = Deno.listen({ transport: "unix", path });
      } finally {
        Deno.umask(umask);
      }
      return new ControlSocket(path, listener, log);
    } catch (cause) {
      throw new VpnError(
        `the control socket ${path} can't be had: ${errorLine(cause)}`,
        'choose another place with "control-socket", or write "control-socket none"',
        { cause },
      );
    }
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      if (this.#open.size >= maximumConnections) {
        connection.close();
        continue;
      }
      this.#open.add(connection);
      void this.#serve(connection).catch((error) =>
        this.#log.at(4, `control socket: ${errorLine(error)}`)
      ).finally(() => this.#close(connection));
    }
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    const lines = new LineCutter(longestRequest);
    const buffer = new Uint8Array(longestRequest);
    const expired = () => this.#close(connection);
    let silence = setTimeout(expired, patience);
    try {
      for (;;) {
        const count = await connection.read(buffer);
        if (count === null) return;
        for (const line of lines.take(buffer.subarray(0, count))) {
          const text = JSON.stringify(this.#answer(parseRequest(line)));
          await writeAll(connection, new TextEncoder().encode(`${text}\n`));
          // Octets alone are not enough: only a whole request buys more time.
          clearTimeout(silence);
          silence = setTimeout(expired, patience);
        }
      }
    } catch (error) {
      if (this.#open.has(connection)) throw error;
    } finally {
      clearTimeout(silence);
    }
  }

  #answer(request: ControlRequest | string): ControlAnswer {
    if (typeof request === "string") return { error: request };
    const { report, server } = this.tunnel ?? {};
    if (report === undefined || server === undefined) return { error: "the server is starting" };
    const current = report();
    if (request.command === "status") return { report: current };
    const { name } = request;
    const clients = current.clients.filter(({ commonName }) => commonName === name);
    // HALT: the client ends, and does not come back by itself (management-notes.txt, client-kill).
    const ended = clients.filter(({ clientId }) => server.killClient(clientId, "HALT")).length;
    if (ended > 0) this.#log.at(1, `control socket: ${ended} sessions of "${name}" are ended`);
    return { ended };
  }

  #close(connection: Deno.UnixConn): void {
    if (this.#open.delete(connection)) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) this.#close(connection);
    await this.#accepting;
    try {
      Deno.removeSync(this.path);
    } catch {
      // After privileges were dropped the directory may be root's; the next start removes it.
    }
  }
}

/** Takes away a socket that nobody listens at. @throws {VpnError} when somebody does. */
async function removeAbandoned(path: string): Promise<void> {
  const there = await Deno.lstat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (there === undefined) return;
  if (!there.isSocket) throw new VpnError("there is another file of that name");
  const connected = await Deno.connect({ transport: "unix", path }).catch(() => undefined);
  connected?.close();
  if (connected !== undefined) throw new VpnError("another server listens there");
  await Deno.remove(path);
}

async function writeAll(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
