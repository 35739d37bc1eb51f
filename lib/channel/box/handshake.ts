/**
 * The stream's handshake over a connection, on either side.
 *
 * ```text
 * client                       server
 *   Hello   ──────────────────►        nothing is answered to what does not open
 *           ◄──────────────────  Cookie
 *   Vouch   ──────────────────►        the client's key C is known and allowed
 * ```
 *
 * @module
 */

import { constantTimeEqual, randomBytes, wipe } from "../../base/bytes.ts";
import {
  type BoxPublicKey,
  type BoxSharedKey,
  generateBoxKeyPair,
  sharedBoxKey,
} from "../../crypto/box_keys.ts";
import type { SecretBox } from "../../crypto/secret_box.ts";
import { type Connection, readFully, writeFully } from "../connection/connection.ts";
import { ChannelError } from "../connection/errors.ts";
import {
  helloKey,
  makeCookie,
  makeCredential,
  makeHello,
  makeVouch,
  MessageLength,
  openCookie,
  openHello,
  openVouch,
  tagLength,
  verifyCredential,
} from "./handshake_messages.ts";
import type { ClientIdentity, ServerIdentity } from "./identity.ts";
import type { CounterSeries } from "./nonces.ts";

/** What both sides have afterwards. */
export interface StreamSession {
  readonly role: "client" | "server";
  /** The key of EC and ES. */
  readonly key: BoxSharedKey;
  /** S to a client, C to a server. */
  readonly peerKey: BoxPublicKey;
}

/** Of the length in front of each message, in bytes. */
export const frameHeaderLength = 4;

/** The client's side. @throws {ChannelError} when the server fails a check. */
export async function clientHandshake(
  connection: Connection,
  { serverKey, keyPair }: ClientIdentity,
  box: SecretBox,
): Promise<StreamSession> {
  const ephemeral = await generateBoxKeyPair();
  const helloShared = known(await sharedBoxKey(ephemeral, serverKey), "the server's key");
  const clientTag = randomBytes(tagLength);
  await send(connection, makeHello(box, helloShared, ephemeral.publicKey, clientTag));

  const cookie = openCookie(
    box,
    helloShared,
    await receive(connection, MessageLength.cookie, "Cookie"),
  );
  wipe(helloShared);
  if (cookie === undefined || !constantTimeEqual(cookie.clientTag, clientTag)) {
    throw new ChannelError(
      "secret",
      "the server's Cookie does not open, or answers another Hello",
      "see whether the server's key is the right one",
    );
  }

  const key = known(await sharedBoxKey(ephemeral, cookie.ephemeral), "the server's ephemeral key");
  const credential = known(
    await makeCredential(box, keyPair, serverKey, ephemeral.publicKey, cookie.serverTag),
    "the server's key",
  );
  await send(connection, makeVouch(box, key, credential));
  return { role: "client", key, peerKey: serverKey };
}

/** The server's side. @throws {ChannelError} when the client fails a check. */
export async function serverHandshake(
  connection: Connection,
  { keyPair, allows }: ServerIdentity,
  cookies: CounterSeries,
  box: SecretBox,
): Promise<StreamSession> {
  const hello = await receive(connection, MessageLength.hello, "Hello");
  const clientEphemeral = helloKey(hello);
  const helloShared = known(await sharedBoxKey(keyPair, clientEphemeral), "the ephemeral key");
  const clientTag = openHello(box, helloShared, hello);
  if (clientTag === undefined) {
    throw new ChannelError("secret", "a Hello does not open: it is for another server's key");
  }

  const ephemeral = await generateBoxKeyPair();
  const serverTag = randomBytes(tagLength);
  const answer = { ephemeral: ephemeral.publicKey, clientTag, serverTag };
  await send(connection, makeCookie(box, helloShared, cookies.next(), answer));
  wipe(helloShared);

  const vouch = await receive(connection, MessageLength.vouch, "Vouch");
  const key = known(await sharedBoxKey(ephemeral, clientEphemeral), "the ephemeral key");
  const credential = openVouch(box, key, vouch);
  const client = credential &&
    await verifyCredential(box, keyPair, credential, clientEphemeral, serverTag);
  if (client === undefined) {
    wipe(key);
    throw new ChannelError("secret", "a Vouch does not open or vouches for another key");
  }
  if (!allows(client)) {
    wipe(key);
    throw new ChannelError(
      "unknown-key",
      `the client's key ${client.toBase64()} is not allowed`,
      "add it to the list of clients if it should be",
    );
  }
  return { role: "server", key, peerKey: client };
}

function known<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value;
  throw new ChannelError("secret", `${what} is no public key that can be used`);
}

async function send(connection: Connection, message: Uint8Array): Promise<void> {
  const frame = new Uint8Array(frameHeaderLength + message.length);
  new DataView(frame.buffer).setUint32(0, message.length);
  frame.set(message, frameHeaderLength);
  await writeFully(connection, frame);
}

/** A message whose length is known: any other is not one of ours. */
async function receive(
  connection: Connection,
  length: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = new Uint8Array(frameHeaderLength);
  if (await readFully(connection, header) < header.length) throw cutBefore(name);
  const announced = new DataView(header.buffer).getUint32(0);
  if (announced !== length) {
    throw new ChannelError("malformed", `a ${name} has ${length} bytes, not ${announced}`);
  }
  const message = new Uint8Array(length);
  if (await readFully(connection, message) < length) throw cutBefore(name);
  return message;
}

function cutBefore(name: string): ChannelError {
  return new ChannelError(
    "truncated",
    `the connection ended before ${name}`,
    "see whether the other end speaks this protocol, and the keys on both",
  );
}
