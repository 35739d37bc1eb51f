/**
 * Messages of a stream.
 *
 * ```text
 * length (4, big-endian) | Box[text](ECs -> ES) or Box[text](ESs -> EC)
 * ```
 *
 * The nonce's counter does not travel: it is 0 for the first message of a direction and rises by 1,
 * so that a message which is lost, repeated or moved does not open. An empty text is the end of its
 * direction.
 *
 * @module
 */

import { wipe } from "../../base/bytes.ts";
import { boxOverhead, type SecretBox } from "../../crypto/secret_box.ts";
import type { ChannelParts, RecordSink, RecordSource } from "../connection/channel.ts";
import { type Connection, withDeadline, writeFully } from "../connection/connection.ts";
import { ChannelError } from "../connection/errors.ts";
import { frameHeaderLength, type StreamSession } from "./handshake.ts";
import { Label, Nonce } from "./nonces.ts";

/** The longest text of one message, in bytes. */
export const maximumText = 65536;

const longestFrame = frameHeaderLength + boxOverhead + maximumText;

/** The rest of a message that has begun must come within this time where nothing else is said, ms. */
const recordPatience = 30_000;

/**
 * Source and sink for a session.
 *
 * @param patience For the rest of a message that has begun, ms.
 */
export function streamRecords(
  connection: Connection,
  { role, key, peerKey }: StreamSession,
  box: SecretBox,
  patience = recordPatience,
): ChannelParts {
  const [mine, theirs] = role === "client"
    ? [Label.client, Label.server]
    : [Label.server, Label.client];
  return {
    source: new BoxSource(connection, box, key, new Nonce(theirs), patience),
    sink: new BoxSink(connection, box, key, new Nonce(mine)),
    destroy: () => wipe(key),
    peerKey,
  };
}

/** Boxes texts and sends them. */
class BoxSink implements RecordSink {
  readonly maximumText = maximumText;
  readonly #connection: Connection;
  readonly #box: SecretBox;
  readonly #key: Uint8Array<ArrayBuffer>;
  readonly #nonce: Nonce;
  readonly #frame = new Uint8Array(longestFrame);
  readonly #view = new DataView(this.#frame.buffer);

  constructor(
    connection: Connection,
    box: SecretBox,
    key: Uint8Array<ArrayBuffer>,
    nonce: Nonce,
  ) {
    this.#connection = connection;
    this.#box = box;
    this.#key = key;
    this.#nonce = nonce;
  }

  async write(text: Uint8Array): Promise<void> {
    if (text.length > 0) await this.#send(text);
  }

  async end(): Promise<void> {
    await this.#send(new Uint8Array(0));
    await this.#connection.closeWrite();
  }

  async #send(text: Uint8Array): Promise<void> {
    const length = boxOverhead + text.length;
    const end = frameHeaderLength + length;
    this.#view.setUint32(0, length);
    const sealed = this.#frame.subarray(frameHeaderLength, end);
    this.#box.seal(this.#key, this.#nonce.advance(), text, sealed);
    await writeFully(this.#connection, this.#frame.subarray(0, end));
  }
}

/** Receives messages and opens them. */
class BoxSource implements RecordSource {
  readonly #connection: Connection;
  readonly #box: SecretBox;
  readonly #key: Uint8Array<ArrayBuffer>;
  readonly #nonce: Nonce;
  readonly #patience: number;
  /** Room for two messages, so that the rest of one is seldom moved. */
  readonly #buffer = new Uint8Array(2 * longestFrame);
  readonly #view = new DataView(this.#buffer.buffer);
  /** What has come and is not taken is between these two, in bytes. */
  #start = 0;
  #end = 0;

  constructor(
    connection: Connection,
    box: SecretBox,
    key: Uint8Array<ArrayBuffer>,
    nonce: Nonce,
    patience: number,
  ) {
    this.#patience = patience;
    this.#connection = connection;
    this.#box = box;
    this.#key = key;
    this.#nonce = nonce;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // A peer may be silent as long as it likes, but not in the middle of a message.
    if (this.#end === this.#start) await this.#receive();
    if (!this.#hasMessage()) {
      const rest = this.#receiveMessage();
      await withDeadline(this.#connection, this.#patience, "the rest of a message", rest);
    }
    return this.#open();
  }

  async #receiveMessage(): Promise<void> {
    while (!this.#hasMessage()) await this.#receive();
  }

  /** Whether a whole message has come. @throws {ChannelError} when its length is none. */
  #hasMessage(): boolean {
    const available = this.#end - this.#start - frameHeaderLength;
    if (available < 0) return false;
    const length = this.#view.getUint32(this.#start);
    if (length < boxOverhead || length > boxOverhead + maximumText) {
      throw new ChannelError("malformed", `no message has a length of ${length} bytes`);
    }
    return available >= length;
  }

  async #receive(): Promise<void> {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
    } else if (this.#buffer.length - this.#start < longestFrame) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const length = await this.#connection.read(this.#buffer.subarray(this.#end));
    if (length !== null) {
      this.#end += length;
      return;
    }
    throw new ChannelError(
      "truncated",
      "the connection ended before the peer closed the channel",
      "see the other end's error: it may not know this end's key",
    );
  }

  #open(): Uint8Array<ArrayBuffer> | undefined {
    const start = this.#start + frameHeaderLength;
    const end = start + this.#view.getUint32(this.#start);
    const text = new Uint8Array(end - start - boxOverhead);
    const sealed = this.#buffer.subarray(start, end);
    if (!this.#box.open(this.#key, this.#nonce.advance(), sealed, text)) {
      throw new ChannelError(
        "authentication",
        "a message does not open: it was changed, cut out, repeated or moved",
      );
    }
    this.#start = end;
    return text.length === 0 ? undefined : text;
  }
}
