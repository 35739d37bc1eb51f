/**
 * The handshake over a connection, on either side.
 *
 * ```text
 * client                           server
 *   message1  ─────────────────────►         nothing is known of the client yet
 *             ◄─────────────────────  message2   the server has the secret
 *   message3  ─────────────────────►         the client has it too: the session key is taken
 * ```
 *
 * @module
 */

import { randomBytes, wipe } from "../../base/bytes.ts";
import { type Connection, readFully, writeFully } from "../connection/connection.ts";
import { ChannelError } from "../connection/errors.ts";
import {
  clientNonce,
  type ClientRandom,
  makeMessage1,
  makeMessage2,
  makeMessage3,
  MessageLength,
  openSessionKey,
  type PaddedSecret,
  serverNonce,
  verifyMessage2,
  verifyMessage3,
} from "./handshake_messages.ts";

/** What both sides have afterwards. */
export interface Session {
  readonly role: "client" | "server";
  /** 32 bytes. */
  readonly sessionKey: Uint8Array<ArrayBuffer>;
  /** R_A, 32 bytes. */
  readonly clientNonce: Uint8Array;
  /** R_B, 32 bytes. */
  readonly serverNonce: Uint8Array;
}

/** Told what goes over the wire, step by step; never the secret or the session key. */
export type Trace = (line: string) => void;

/** The client's side. @throws {ChannelError} when the server fails the check. */
export async function clientHandshake(
  connection: Connection,
  secret: PaddedSecret,
  trace?: Trace,
  random: ClientRandom = drawClientRandom(),
): Promise<Session> {
  const message1 = makeMessage1(secret, random);
  trace?.(`1 sent: ${describeMessage1(message1)}`);
  await writeFully(connection, message1);

  const message2 = await receive(connection, MessageLength.message2, "message2");
  trace?.(`2 received: ${describeMessage2(message2)}`);
  if (!verifyMessage2(secret, message1, message2)) {
    trace?.("2 the hash is not ours");
    throw new ChannelError(
      "secret",
      "the server does not have our shared secret, or message1 was changed on the way",
      "give both ends the same secret",
    );
  }
  trace?.("2 the hash is right: the server has the shared secret");

  const message3 = makeMessage3(secret, message1, message2);
  trace?.(`3 sent: hash ${text(message3)}`);
  await writeFully(connection, message3);
  return {
    role: "client",
    sessionKey: random.sessionKey, // no copy, so that it can be wiped
    clientNonce: clientNonce(message1),
    serverNonce: serverNonce(message2),
  };
}

/** The server's side. @throws {ChannelError} when the client fails the check. */
export async function serverHandshake(
  connection: Connection,
  secret: PaddedSecret,
  trace?: Trace,
  nonce: Uint8Array = randomBytes(MessageLength.nonce),
): Promise<Session> {
  const message1 = await receive(connection, MessageLength.message1, "message1");
  trace?.(`1 received: ${describeMessage1(message1)}`);

  const message2 = makeMessage2(secret, message1, nonce);
  trace?.(`2 sent: ${describeMessage2(message2)}`);
  await writeFully(connection, message2);

  const message3 = await receive(connection, MessageLength.message3, "message3");
  trace?.(`3 received: hash ${printable(message3)}`);
  if (!verifyMessage3(secret, message1, message2, message3)) {
    trace?.("3 the hash is not ours");
    throw new ChannelError(
      "secret",
      "the client does not have our shared secret, or a message was changed on the way",
      "give both ends the same secret",
    );
  }
  trace?.("3 the hash is right: the client has the shared secret");
  return {
    role: "server",
    sessionKey: openSessionKey(secret, message1),
    clientNonce: clientNonce(message1),
    serverNonce: serverNonce(message2),
  };
}

function drawClientRandom(): ClientRandom {
  return {
    iv: randomBytes(MessageLength.iv),
    sessionKey: randomBytes(MessageLength.sessionKey),
    nonce: randomBytes(MessageLength.nonce),
  };
}

async function receive(
  connection: Connection,
  length: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const message = new Uint8Array(length);
  const received = await readFully(connection, message);
  if (received === length) return message;
  wipe(message);
  throw new ChannelError(
    "truncated",
    `the connection ended before ${name}: ${received} of ${length} bytes came`,
    "see whether the other end speaks this protocol and has the same secret",
  );
}

function describeMessage1(message: Uint8Array): string {
  const { iv, sessionKey } = MessageLength;
  const encrypted = message.subarray(iv, iv + sessionKey);
  return `IV ${message.subarray(0, iv).toHex()}, encrypted session key ${encrypted.toHex()}, ` +
    `R_A ${clientNonce(message).toHex()}`;
}

function describeMessage2(message: Uint8Array): string {
  const hash = message.subarray(MessageLength.nonce);
  return `R_B ${serverNonce(message).toHex()}, hash ${printable(hash)}`;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A hash as it came: its text if it is one, else its bytes. */
function printable(bytes: Uint8Array): string {
  const read = text(bytes);
  return /^[0-9a-f]+$/.test(read) ? read : `(no hexadecimal) ${bytes.toHex()}`;
}
