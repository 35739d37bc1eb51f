/**
 * Datagrams of the packet transport.
 *
 * ```text
 * client  EC (32) | counter (8) | Box[text](ECs -> S)
 * server            counter (8) | Box[text](Ss -> EC)
 * text    kind (1) | flow (4) | credential (120), kind 1 only, from the client only | data
 * ```
 *
 * @module
 */

import { boxKeyLength } from "../../crypto/box_keys.ts";
import { boxOverhead } from "../../crypto/secret_box.ts";
import { credentialLength } from "./handshake_messages.ts";
import { counterLength } from "./nonces.ts";

/** What is in a text. */
export const PacketKind = { data: 0, vouched: 1 } as const;

const flowLength = 4;

/** Where things are in a text, in bytes. */
export const TextOffset = { kind: 0, flow: 1, data: 1 + flowLength } as const;

/** In front of a client's box, in bytes. */
export const clientHeaderLength = boxKeyLength + counterLength;

/** In front of a server's box, in bytes. */
export const serverHeaderLength = counterLength;

/** The longest text in a UDP datagram over IPv4, in bytes. */
const longestText = 65_507 - clientHeaderLength - boxOverhead;

/** The longest data that a packet carries with a credential, in bytes. */
export const maximumPacketData = longestText - TextOffset.data - credentialLength;

/** The shortest datagrams, in bytes. */
export const shortestClientDatagram = clientHeaderLength + boxOverhead + TextOffset.data;
export const shortestServerDatagram = serverHeaderLength + boxOverhead + TextOffset.data;

/** In the place of Stag in a credential of this transport: what no random Stag is. */
export const packetTag = new TextEncoder().encode("vpn box packet v");

/** A text that was opened. */
export interface PacketText {
  readonly flow: number;
  readonly credential: Uint8Array | undefined;
  readonly data: Uint8Array;
}

/** Writes a text; its length in bytes. `text` is long enough. */
export function writePacketText(
  text: Uint8Array,
  flow: number,
  credential: Uint8Array | undefined,
  data: Uint8Array,
): number {
  text[TextOffset.kind] = credential === undefined ? PacketKind.data : PacketKind.vouched;
  new DataView(text.buffer, text.byteOffset).setUint32(TextOffset.flow, flow);
  let end: number = TextOffset.data;
  if (credential !== undefined) {
    text.set(credential, end);
    end += credential.length;
  }
  text.set(data, end);
  return end + data.length;
}

/** Reads a text; undefined when it is malformed. What it returns lies in `text`. */
export function readPacketText(text: Uint8Array): PacketText | undefined {
  if (text.length < TextOffset.data) return undefined;
  const flow = new DataView(text.buffer, text.byteOffset).getUint32(TextOffset.flow);
  switch (text[TextOffset.kind]) {
    case PacketKind.data:
      return { flow, credential: undefined, data: text.subarray(TextOffset.data) };
    case PacketKind.vouched: {
      const end = TextOffset.data + credentialLength;
      if (text.length < end) return undefined;
      return { flow, credential: text.subarray(TextOffset.data, end), data: text.subarray(end) };
    }
    default:
      return undefined;
  }
}
