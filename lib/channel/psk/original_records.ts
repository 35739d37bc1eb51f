/**
 * Records of the dialect `original`, those of the program that the protocol comes from.
 *
 * ```text
 * IV (16) | AES-256-CBC(session key, IV, text with spaces to a multiple of 16) | cumulative (64)
 * hmac       = hex HMAC-SHA256(session key, IV | padded text)
 * cumulative = hex SHA-256(old cumulative | hmac), both as text; the first old one is empty
 * ```
 *
 * One chain runs through both directions, and a record is what one read of at most 1,024 bytes
 * returns. So messages that cross in flight break the chain, and spaces at the end of a text are
 * lost; docs/psk.md says it to the user. An empty text ends the chat.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { constantTimeEqual, randomBytes, wipe } from "../../base/bytes.ts";
import type { ChannelParts, RecordSink, RecordSource } from "../connection/channel.ts";
import { type Connection, writeFully } from "../connection/connection.ts";
import { ChannelError } from "../connection/errors.ts";
import type { Session } from "./handshake.ts";
import { cbcDecrypt, cbcEncrypt, hexSha256, MessageLength } from "./handshake_messages.ts";

/** The longest record: what that program asks for in one read, in bytes. */
const maximumRecord = 1024;
const blockLength = 16;
const overhead = MessageLength.iv + MessageLength.hash;
const space = 0x20;

/** The longest text of one record, in bytes. */
export const originalMaximumText = maximumRecord - overhead;

/** The one chain of both directions, and the end that either side may have said. */
export class OriginalSession {
  #cumulative: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  readonly #sessionKey: Uint8Array<ArrayBuffer>;
  /** Whether a record with an empty text has been sent or received. */
  ended = false;

  /** @param sessionKey 32 bytes; wiped by `destroy`. */
  constructor(sessionKey: Uint8Array<ArrayBuffer>) {
    this.#sessionKey = sessionKey;
  }

  /** The next record of the chain. */
  seal(
    text: Uint8Array,
    iv: Uint8Array = randomBytes(MessageLength.iv),
  ): Uint8Array<ArrayBuffer> {
    const padded = new Uint8Array(Math.ceil(text.length / blockLength) * blockLength).fill(space);
    padded.set(text);
    const sealed = cbcEncrypt(this.#sessionKey, iv, padded);
    this.#cumulative = this.#next(iv, padded);
    const record = new Uint8Array(overhead + sealed.length);
    record.set(iv);
    record.set(sealed, MessageLength.iv);
    record.set(this.#cumulative, MessageLength.iv + sealed.length);
    return record;
  }

  /**
   * The text of the next record of the chain, without the spaces at its end.
   *
   * @throws {ChannelError} when the record is not the next one.
   */
  open(record: Uint8Array): Uint8Array<ArrayBuffer> {
    if (record.length < overhead || (record.length - overhead) % blockLength !== 0) {
      throw new ChannelError("malformed", `no record has a length of ${record.length} bytes`);
    }
    const iv = record.subarray(0, MessageLength.iv);
    const sealed = record.subarray(MessageLength.iv, record.length - MessageLength.hash);
    const padded = cbcDecrypt(this.#sessionKey, iv, sealed);
    const cumulative = this.#next(iv, padded);
    if (!constantTimeEqual(cumulative, record.subarray(record.length - MessageLength.hash))) {
      wipe(padded);
      throw new ChannelError(
        "authentication",
        "a record's cumulative HMAC is wrong: it was changed, cut out, repeated or moved, " +
          "or two messages crossed in flight, which the dialect original does not survive",
        "use the dialect strict where both ends have it",
      );
    }
    this.#cumulative = cumulative;
    let length = padded.length;
    while (length > 0 && padded[length - 1] === space) length--;
    return padded.slice(0, length);
  }

  #next(iv: Uint8Array, padded: Uint8Array): Uint8Array<ArrayBuffer> {
    const hmac = createHmac("sha256", this.#sessionKey).update(iv).update(padded).digest("hex");
    return hexSha256(this.#cumulative, new TextEncoder().encode(hmac));
  }

  /** Wipes the session key. */
  destroy(): void {
    wipe(this.#sessionKey);
  }
}

/** Source and sink for a session. */
export function originalRecords(connection: Connection, session: Session): ChannelParts {
  const shared = new OriginalSession(session.sessionKey);
  return {
    source: new OriginalSource(connection, shared),
    sink: new OriginalSink(connection, shared),
    destroy: () => shared.destroy(),
  };
}

class OriginalSink implements RecordSink {
  readonly maximumText = originalMaximumText;
  readonly #connection: Connection;
  readonly #session: OriginalSession;

  constructor(connection: Connection, session: OriginalSession) {
    this.#connection = connection;
    this.#session = session;
  }

  async write(text: Uint8Array): Promise<void> {
    if (!text.some((byte) => byte !== space)) return; // It would be the end there.
    await writeFully(this.#connection, this.#session.seal(text));
  }

  async end(): Promise<void> {
    // That program does not read what comes after the end that it has said.
    if (!this.#session.ended) {
      this.#session.ended = true;
      await writeFully(this.#connection, this.#session.seal(new Uint8Array(0)));
    }
    await this.#connection.closeWrite();
  }
}

class OriginalSource implements RecordSource {
  readonly #connection: Connection;
  readonly #session: OriginalSession;
  readonly #buffer = new Uint8Array(maximumRecord);

  constructor(connection: Connection, session: OriginalSession) {
    this.#connection = connection;
    this.#session = session;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const length = await this.#connection.read(this.#buffer);
    if (length !== null && !this.#session.ended) {
      const text = this.#session.open(this.#buffer.subarray(0, length));
      if (text.length > 0) return text;
      this.#session.ended = true;
      return undefined;
    }
    if (!this.#session.ended) {
      throw new ChannelError("truncated", "the connection ended before the peer ended the chat");
    }
    // That program answers an end by closing. What still comes has crossed it, its own end maybe:
    // it does not continue the chain and is not looked at.
    for (let rest = length; rest !== null;) rest = await this.#connection.read(this.#buffer);
    return undefined;
  }
}
