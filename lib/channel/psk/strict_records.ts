/**
 * Records of the dialect `strict`.
 *
 * ```text
 * length (4, big-endian, of what follows) | IV (16) | AES-256-CBC(text, PKCS#7) | cumulative (32)
 * hmac       = HMAC-SHA256(hmac key, IV | encrypted text)
 * cumulative = SHA-256(old cumulative | hmac); the first old cumulative is empty
 * ```
 *
 * Each direction has keys and a chain of its own, so both sides may send at once and a record that
 * is reflected fails. An empty text is the end of its direction.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constantTimeEqual, wipe } from "../../base/bytes.ts";
import {
  createRecordCipher,
  recordBlockLength,
  type RecordCipher,
  type RecordEngine,
  type RecordKeys,
  recordMacLength,
} from "../../crypto/record_cipher.ts";
import type { ChannelParts, RecordSink, RecordSource } from "../connection/channel.ts";
import { type Connection, withDeadline, writeFully } from "../connection/connection.ts";
import { ChannelError } from "../connection/errors.ts";
import type { Session } from "./handshake.ts";

/** Of the length in front of a record, in bytes. */
const headerLength = 4;

/** The longest text of one record, in bytes. */
export const maximumText = 65536;

/** Bytes around the encrypted text, the length not counted. */
const overhead = recordBlockLength + recordMacLength;

/** What the length in front may be, in bytes. */
export const recordLengthRange = {
  minimum: overhead + recordBlockLength,
  maximum: overhead + maximumText + recordBlockLength,
} as const;

/** So that the text is at a multiple of 16: the place of the length in the writer's memory. */
const headerOffset = recordBlockLength - headerLength;

/** The rest of a record that has begun must come within this time where nothing else is said, ms. */
const recordPatience = 30_000;

const keyLength = 32;
const keyLabel = new TextEncoder().encode("vpn psk strict 1");

/** The keys of both directions. */
export interface SessionKeys {
  readonly clientToServer: RecordKeys;
  readonly serverToClient: RecordKeys;
}

/** HKDF-SHA256 (RFC 5869): IKM the session key, salt R_A | R_B, info "vpn psk strict 1". */
export async function deriveSessionKeys(session: Session): Promise<SessionKeys> {
  const { sessionKey, clientNonce, serverNonce } = session;
  const salt = new Uint8Array([...clientNonce, ...serverNonce]);
  const input = await crypto.subtle.importKey("raw", sessionKey, "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: keyLabel };
  const output = new Uint8Array(
    await crypto.subtle.deriveBits(algorithm, input, keyLength * 4 * 8),
  );
  const key = (i: number) => output.subarray(i * keyLength, (i + 1) * keyLength);
  return {
    clientToServer: { cipherKey: key(0), macKey: key(1) },
    serverToClient: { cipherKey: key(2), macKey: key(3) },
  };
}

/**
 * Source and sink for a session; its session key is wiped.
 *
 * @param patience For the rest of a record that has begun, ms.
 */
export async function strictRecords(
  connection: Connection,
  session: Session,
  engine: RecordEngine,
  patience = recordPatience,
): Promise<ChannelParts> {
  const { clientToServer, serverToClient } = await deriveSessionKeys(session);
  wipe(session.sessionKey);
  const isClient = session.role === "client";
  const [sending, receiving] = isClient
    ? [clientToServer, serverToClient]
    : [serverToClient, clientToServer];
  const sealing = await createRecordCipher(engine, "encrypt", sending, writerMemory);
  const opening = await createRecordCipher(engine, "decrypt", receiving, readerMemory);
  for (const { cipherKey, macKey } of [sending, receiving]) wipe(cipherKey, macKey);
  return {
    source: new StrictSource(connection, opening, patience),
    sink: new StrictSink(connection, sealing),
    destroy: () => {
      sealing.destroy();
      opening.destroy();
    },
  };
}

/** The chain of one direction. */
class CumulativeHmac {
  #value: Uint8Array = new Uint8Array(0);

  /** What the chain becomes with the next record's HMAC. */
  advance(hmac: Uint8Array): Uint8Array {
    return this.#value = createHash("sha256").update(this.#value).update(hmac).digest();
  }
}

/** In bytes. */
const writerMemory = headerOffset + headerLength + recordLengthRange.maximum;

/** Seals records and sends them. */
export class StrictSink implements RecordSink {
  readonly maximumText = maximumText;
  readonly #connection: Connection;
  readonly #cipher: RecordCipher;
  readonly #view: DataView;
  readonly #chain = new CumulativeHmac();
  readonly #mac = new Uint8Array(recordMacLength);

  /** @param cipher With a memory of at least `writerMemory` bytes. */
  constructor(connection: Connection, cipher: RecordCipher) {
    this.#connection = connection;
    this.#cipher = cipher;
    this.#view = new DataView(cipher.bytes.buffer, cipher.bytes.byteOffset);
  }

  async write(text: Uint8Array): Promise<void> {
    if (text.length > 0) await this.#send(text);
  }

  async end(): Promise<void> {
    await this.#send(new Uint8Array(0));
    await this.#connection.closeWrite();
  }

  async #send(text: Uint8Array): Promise<void> {
    const { bytes } = this.#cipher;
    const iv = headerOffset + headerLength;
    bytes.set(text, iv + recordBlockLength);
    const sealing = this.#cipher.encrypt(iv, text.length);
    const covered = recordBlockLength + (typeof sealing === "number" ? sealing : await sealing);
    const authenticating = this.#cipher.authenticate(iv, covered, this.#mac);
    if (authenticating !== undefined) await authenticating;
    bytes.set(this.#chain.advance(this.#mac), iv + covered);
    this.#view.setUint32(headerOffset, covered + recordMacLength);
    const end = iv + covered + recordMacLength;
    await writeFully(this.#connection, bytes.subarray(headerOffset, end));
  }
}

/** In bytes: room for two records, so that the rest of one is seldom moved. */
const readerMemory = 2 * (headerLength + recordLengthRange.maximum);

/** Receives records and opens them. */
export class StrictSource implements RecordSource {
  readonly #connection: Connection;
  readonly #cipher: RecordCipher;
  readonly #view: DataView;
  readonly #chain = new CumulativeHmac();
  readonly #mac = new Uint8Array(recordMacLength);
  readonly #patience: number;
  /** What has come and is not taken is between these two, in bytes. */
  #start = 0;
  #end = 0;

  /**
   * @param cipher With a memory of at least `readerMemory` bytes.
   * @param patience ms.
   */
  constructor(connection: Connection, cipher: RecordCipher, patience: number) {
    this.#patience = patience;
    this.#connection = connection;
    this.#cipher = cipher;
    this.#view = new DataView(cipher.bytes.buffer, cipher.bytes.byteOffset);
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // A peer may be silent as long as it likes, but not in the middle of a record.
    if (this.#end === this.#start) await this.#receive();
    if (this.#hasRecord()) return await this.#open();
    const rest = this.#receiveRecord();
    await withDeadline(this.#connection, this.#patience, "the rest of a record", rest);
    return await this.#open();
  }

  async #receiveRecord(): Promise<void> {
    while (!this.#hasRecord()) await this.#receive();
  }

  /** Whether a whole record has come. @throws {ChannelError} when its length is none. */
  #hasRecord(): boolean {
    const available = this.#end - this.#start - headerLength;
    if (available < 0) return false;
    const length = this.#view.getUint32(this.#start);
    const { minimum, maximum } = recordLengthRange;
    if (length < minimum || length > maximum || (length - overhead) % recordBlockLength !== 0) {
      throw new ChannelError("malformed", `no record has a length of ${length} bytes`);
    }
    return available >= length;
  }

  async #receive(): Promise<void> {
    const { bytes } = this.#cipher;
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
    } else if (bytes.length - this.#start < headerLength + recordLengthRange.maximum) {
      bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const length = await this.#connection.read(bytes.subarray(this.#end));
    if (length !== null) {
      this.#end += length;
      return;
    }
    throw new ChannelError(
      "truncated",
      "the connection ended before the peer closed the channel",
      "do not trust that all has arrived; see the other end's error",
    );
  }

  async #open(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { bytes } = this.#cipher;
    const iv = this.#start + headerLength;
    const covered = this.#view.getUint32(this.#start) - recordMacLength;
    const end = iv + covered + recordMacLength;
    const authenticating = this.#cipher.authenticate(iv, covered, this.#mac);
    if (authenticating !== undefined) await authenticating;
    if (!constantTimeEqual(this.#chain.advance(this.#mac), bytes.subarray(iv + covered, end))) {
      throw new ChannelError(
        "authentication",
        "a record's cumulative HMAC is wrong: it was changed, cut out, repeated or moved",
      );
    }
    const opening = this.#cipher.decrypt(iv, covered - recordBlockLength);
    const length = typeof opening === "number" ? opening : await opening;
    if (length < 0) throw new ChannelError("malformed", "a record's padding is wrong");
    this.#start = end;
    if (length === 0) return undefined;
    const text = iv + recordBlockLength;
    return bytes.slice(text, text + length);
  }
}
