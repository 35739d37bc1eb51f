/**
 * A channel: two web streams over records, whose ends are told apart from a cut.
 *
 * ```text
 * writable ─► pieces ─► RecordSink ─► connection ─► RecordSource ─► readable
 * close()  ─► end record                            end record   ─► done
 * ```
 *
 * Back-pressure: a record is read when the reader of `readable` asks for it and not before, and a
 * write resolves when the connection has taken its records. So neither side buffers more than one
 * record, and a slow reader slows the writer at the other end.
 *
 * @module
 */

import { closeQuietly, type Connection, connectionFailure } from "./connection.ts";
import { ChannelError } from "./errors.ts";

/** Records that come. */
export interface RecordSource {
  /**
   * The text of the next record; undefined at the end that the peer has said.
   *
   * @throws {ChannelError} when the record must not be used: the channel is over then.
   */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Records that go. */
export interface RecordSink {
  /** The longest text of one record, in bytes. */
  readonly maximumText: number;
  /** Sends one record. */
  write(text: Uint8Array): Promise<void>;
  /** Says that no more will come. */
  end(): Promise<void>;
}

/** What a protocol's handshake has made. */
export interface ChannelParts {
  readonly source: RecordSource;
  readonly sink: RecordSink;
  /** Wipes the keys; called once. */
  destroy(): void;
  /** The peer's public key, where the protocol has one. */
  readonly peerKey?: Uint8Array<ArrayBuffer>;
}

/** Who is at the other end of the connection. */
export interface ChannelPeer {
  /** Its IP address. */
  readonly hostname: string;
  /** Its TCP port. */
  readonly port: number;
}

/** An encrypted, authenticated duplex byte stream. */
export class Channel {
  /** What the peer sends; it ends when the peer closes its side, and fails when it was cut. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What goes to the peer; closing it leaves the other direction open. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Resolves when both sides have closed, rejects with a `ChannelError` when the channel ended in
   * any other way.
   */
  readonly closed: Promise<void>;
  /** The other end's address. */
  readonly peer: ChannelPeer;
  /** The peer's public key, where the protocol has one. */
  readonly peerKey: Uint8Array<ArrayBuffer> | undefined;

  readonly #connection: Connection;
  readonly #parts: ChannelParts;
  readonly #settle: { resolve: () => void; reject: (error: ChannelError) => void };
  #readController!: ReadableByteStreamController;
  #writeController!: WritableStreamDefaultController;
  #readEnded = false;
  #writeEnded = false;
  #over = false;
  #failure: ChannelError | undefined;

  /** Takes over a connection whose handshake is done. */
  constructor(connection: Connection, parts: ChannelParts, peer: ChannelPeer) {
    this.#connection = connection;
    this.#parts = parts;
    this.peer = peer;
    this.peerKey = parts.peerKey;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settle = { resolve, reject };
    promise.catch(() => {}); // whoever asks for it sees it
    this.readable = new ReadableStream({
      type: "bytes",
      start: (controller) => void (this.#readController = controller),
      pull: () => this.#pull(),
      cancel: () => this.abort(),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => void (this.#writeController = controller),
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
      abort: () => this.abort(),
    });
  }

  /** Gives the channel up at once: the peer sees that it was cut. Nothing happens when it is over. */
  abort(reason = "the channel was given up"): void {
    this.#fail(new ChannelError("aborted", reason));
  }

  async #pull(): Promise<void> {
    let text: Uint8Array<ArrayBuffer> | undefined;
    try {
      text = await this.#parts.source.read();
    } catch (error) {
      throw this.#fail(connectionFailure(error));
    }
    if (text !== undefined) {
      this.#readController.enqueue(text);
      return;
    }
    this.#readController.close();
    // A reader that brought its own buffer waits for an answer besides.
    this.#readController.byobRequest?.respond(0);
    this.#readEnded = true;
    this.#endIfBothHave();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const { sink } = this.#parts;
    try {
      for (let sent = 0; sent < chunk.length; sent += sink.maximumText) {
        await sink.write(chunk.subarray(sent, sent + sink.maximumText));
      }
    } catch (error) {
      throw this.#fail(connectionFailure(error));
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#parts.sink.end();
    } catch (error) {
      throw this.#fail(connectionFailure(error));
    }
    this.#writeEnded = true;
    this.#endIfBothHave();
  }

  #endIfBothHave(): void {
    if (!this.#readEnded || !this.#writeEnded || this.#over) return;
    this.#over = true;
    closeQuietly(this.#connection);
    this.#parts.destroy();
    this.#settle.resolve();
  }

  /** The first failure counts: those after it are its consequences. */
  #fail(error: ChannelError): ChannelError {
    if (this.#over) return this.#failure ?? error;
    this.#over = true;
    this.#failure = error;
    closeQuietly(this.#connection);
    this.#parts.destroy();
    this.#writeController.error(error);
    if (!this.#readEnded) this.#readController.error(error);
    this.#settle.reject(error);
    return error;
  }
}
