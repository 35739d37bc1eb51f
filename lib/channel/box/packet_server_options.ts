/**
 * What a packet server takes and gives.
 *
 * @module
 */

import type { BoxPublicKey } from "../../crypto/box_keys.ts";
import type { ServerIdentity } from "./identity.ts";

/** A client of the packet transport, by its ephemeral key; to be handed back with an answer. */
export interface PacketClient {
  /** The ephemeral key in hexadecimal. */
  readonly name: string;
  /** The long-term key, where the client has vouched for it. */
  readonly clientKey: BoxPublicKey | undefined;
}

/** A packet from or to a client. */
export interface ServerPacket {
  readonly client: PacketClient;
  /** A number of the client's choice, by which it knows its own users apart. */
  readonly flow: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What became of the datagrams that came. */
export interface PacketCounters {
  /** All of them. */
  received: number;
  /** Handed to the reader. */
  delivered: number;
  /** Too short, or a text that is none. */
  malformed: number;
  /** Boxes that did not open, keys that are none. */
  unopened: number;
  /** Came before, or too late. */
  repeated: number;
  /** Not from a client that is allowed. */
  refused: number;
  /** Of fresh keys, while too many others were being looked at. */
  overload: number;
  /** The reader did not keep up. */
  overrun: number;
  /** Answers sent. */
  sent: number;
}

/** How a packet server is to be. */
export interface PacketServerOptions {
  /** The address to listen on; all of the machine's where not given. */
  readonly hostname?: string;
  /** The UDP port; 0: any that is free. */
  readonly port: number;
  /** Asked for at each fresh key. `allows` is asked only where `vouchedOnly`. */
  readonly identity: () => ServerIdentity;
  /** Whether only clients that vouch for a key which is allowed are served. */
  readonly vouchedOnly: boolean;
  /** Clients that are remembered, twice that at most; 4,096 where not given. */
  readonly maximumClients?: number;
  /** A client that is silent for that long is forgotten, ms; 120,000 where not given. */
  readonly idleTimeout?: number;
  /** Told of each client that is forgotten. */
  readonly onForgotten?: (client: PacketClient) => void;
}
