/**
 * Hello, Cookie and Vouch: what is in them, and what is checked.
 *
 * ```text
 * Hello   client  EC (32) | Box[Ctag (16)](ECs -> S)
 * Cookie  server  counter (8) | Box[ES (32) | Ctag (16) | Stag (16)](Ss -> EC)
 * Vouch   client  Box[C (32) | nonce (24) | V](ECs -> ES), V = Box[EC (32) | Stag (16)](Cs -> S)
 * ```
 *
 * @module
 */

import { concatBytes, constantTimeEqual, randomBytes } from "../../base/bytes.ts";
import {
  boxKeyLength,
  type BoxKeyPair,
  type BoxPublicKey,
  type BoxSharedKey,
  sharedBoxKey,
} from "../../crypto/box_keys.ts";
import { boxNonceLength, boxOverhead, type SecretBox } from "../../crypto/secret_box.ts";
import { counterLength, Label, Nonce, readCounter, writeCounter } from "./nonces.ts";

/** Length of Ctag and Stag, in bytes. */
export const tagLength = 16;

const vouchedLength = boxKeyLength + tagLength;
const vLength = boxOverhead + vouchedLength;

/** Length of C, nonce and V together, in bytes. */
export const credentialLength = boxKeyLength + boxNonceLength + vLength;

/** Lengths of the messages, in bytes. */
export const MessageLength = {
  hello: boxKeyLength + boxOverhead + tagLength,
  cookie: counterLength + boxOverhead + boxKeyLength + 2 * tagLength,
  vouch: boxOverhead + credentialLength,
} as const;

function seal(
  box: SecretBox,
  key: BoxSharedKey,
  nonce: Uint8Array<ArrayBuffer>,
  text: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const sealed = new Uint8Array(text.length + boxOverhead);
  box.seal(key, nonce, text, sealed);
  return sealed;
}

function open(
  box: SecretBox,
  key: BoxSharedKey,
  nonce: Uint8Array<ArrayBuffer>,
  sealed: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  const text = new Uint8Array(sealed.length - boxOverhead);
  return box.open(key, nonce, new Uint8Array(sealed), text) ? text : undefined;
}

/** Hello. `key` is that of EC and S. */
export function makeHello(
  box: SecretBox,
  key: BoxSharedKey,
  ephemeral: BoxPublicKey,
  clientTag: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concatBytes(ephemeral, seal(box, key, new Nonce(Label.hello).at(0), clientTag));
}

/** EC of a Hello. */
export function helloKey(hello: Uint8Array): BoxPublicKey {
  return new Uint8Array(hello.subarray(0, boxKeyLength));
}

/** Ctag of a Hello; undefined when it does not open. */
export function openHello(
  box: SecretBox,
  key: BoxSharedKey,
  hello: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  return open(box, key, new Nonce(Label.hello).at(0), hello.subarray(boxKeyLength));
}

/** What a Cookie says. */
export interface Cookie {
  /** ES. */
  readonly ephemeral: BoxPublicKey;
  readonly clientTag: Uint8Array;
  readonly serverTag: Uint8Array;
}

/** Cookie. `key` is that of EC and S, `counter` of the server key's series. */
export function makeCookie(
  box: SecretBox,
  key: BoxSharedKey,
  counter: number,
  { ephemeral, clientTag, serverTag }: Cookie,
): Uint8Array<ArrayBuffer> {
  const text = concatBytes(ephemeral, clientTag, serverTag);
  const front = new Uint8Array(counterLength);
  writeCounter(new DataView(front.buffer), 0, counter);
  return concatBytes(front, seal(box, key, new Nonce(Label.cookie).at(counter), text));
}

/** What a Cookie says; undefined when it does not open. */
export function openCookie(
  box: SecretBox,
  key: BoxSharedKey,
  cookie: Uint8Array,
): Cookie | undefined {
  const counter = readCounter(new DataView(cookie.buffer, cookie.byteOffset), 0);
  if (counter === undefined) return undefined;
  const nonce = new Nonce(Label.cookie).at(counter);
  const text = open(box, key, nonce, cookie.subarray(counterLength));
  return text && {
    ephemeral: text.slice(0, boxKeyLength),
    clientTag: text.subarray(boxKeyLength, boxKeyLength + tagLength),
    serverTag: text.subarray(boxKeyLength + tagLength),
  };
}

/**
 * C, nonce and V: a client's word, under its long-term key, that an ephemeral key is its own.
 *
 * @param tag Stag, or the packet transport's constant.
 */
export async function makeCredential(
  box: SecretBox,
  client: BoxKeyPair,
  serverKey: BoxPublicKey,
  ephemeral: BoxPublicKey,
  tag: Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const key = await sharedBoxKey(client, serverKey);
  if (key === undefined) return undefined;
  const nonce = randomBytes(boxNonceLength);
  const v = seal(box, key, nonce, concatBytes(ephemeral, tag));
  key.fill(0);
  return concatBytes(client.publicKey, nonce, v);
}

/** C, when it vouches for this ephemeral key and tag; undefined when it does not. */
export async function verifyCredential(
  box: SecretBox,
  server: BoxKeyPair,
  credential: Uint8Array,
  ephemeral: BoxPublicKey,
  tag: Uint8Array,
): Promise<BoxPublicKey | undefined> {
  const clientKey = credential.slice(0, boxKeyLength) as BoxPublicKey;
  const nonce = credential.slice(boxKeyLength, boxKeyLength + boxNonceLength);
  const key = await sharedBoxKey(server, clientKey);
  if (key === undefined) return undefined;
  const v = credential.subarray(boxKeyLength + boxNonceLength);
  const vouched = open(box, key, new Uint8Array(nonce), v);
  key.fill(0);
  if (vouched === undefined) return undefined;
  return constantTimeEqual(vouched, concatBytes(ephemeral, tag)) ? clientKey : undefined;
}

/** Vouch. `key` is that of EC and ES. */
export function makeVouch(
  box: SecretBox,
  key: BoxSharedKey,
  credential: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return seal(box, key, new Nonce(Label.vouch).at(0), credential);
}

/** The credential in a Vouch; undefined when it does not open. */
export function openVouch(
  box: SecretBox,
  key: BoxSharedKey,
  vouch: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  return open(box, key, new Nonce(Label.vouch).at(0), vouch);
}
