/**
 * The shared-secret channel: a duplex byte stream over TCP between two that have a secret in
 * common. The protocol is in docs/psk.md.
 *
 * ```ts
 * import { psk } from "@vpn/vpn";
 *
 * const secret = "kept by both ends, 1 to 32 bytes";
 * using listener = psk.listen({ hostname: "127.0.0.1", port: 0, secret });
 * const channel = await psk.connect({ hostname: "127.0.0.1", port: listener.address.port, secret });
 * const other = await listener.accept();
 *
 * const writer = channel.writable.getWriter();
 * await writer.write(new TextEncoder().encode("hello"));
 * await writer.close();
 * for await (const chunk of other!.readable) console.log(new TextDecoder().decode(chunk));
 * ```
 *
 * @module
 */

import type { RecordEngine } from "../../crypto/record_cipher.ts";
import type { Channel, ChannelParts } from "../connection/channel.ts";
import { connectChannel, type ConnectOptions } from "../connection/connect.ts";
import type { Connection } from "../connection/connection.ts";
import { ChannelListener, type ListenOptions } from "../connection/listener.ts";
import { clientHandshake, serverHandshake, type Session, type Trace } from "./handshake.ts";
import { padSecret } from "./handshake_messages.ts";
import { originalRecords } from "./original_records.ts";
import { strictRecords } from "./strict_records.ts";

export type { RecordEngine } from "../../crypto/record_cipher.ts";
export { Channel, type ChannelParts, type ChannelPeer } from "../connection/channel.ts";
export type { RecordSink, RecordSource } from "../connection/channel.ts";
export type { ConnectOptions } from "../connection/connect.ts";
export type { Connection } from "../connection/connection.ts";
export { ChannelError, type ChannelFailure } from "../connection/errors.ts";
export { ChannelListener, type Handshake, type ListenOptions } from "../connection/listener.ts";
export type { Trace } from "./handshake.ts";

/** The port of the program that the protocol comes from. */
export const defaultPort = 32694;

/**
 * How records look: `strict` (the default), or `original`, for the program that the protocol comes
 * from, with its limits.
 */
export type Dialect = "strict" | "original";

/** What both sides need. */
export interface PskOptions {
  /** 1 to 32 bytes; a text counts as UTF-8. Spaces at its end do not count. */
  readonly secret: Uint8Array | string;
  /** `strict` where not given. */
  readonly dialect?: Dialect;
  /** What encrypts in the dialect `strict`: `openssl` where it is installed, by default. */
  readonly engine?: RecordEngine;
  /** Told each step of the handshake. */
  readonly trace?: Trace;
}

/**
 * Connects to a listener.
 *
 * @throws {ChannelError} when there is none, or it does not have the secret.
 */
export async function connect(options: PskOptions & ConnectOptions): Promise<Channel> {
  const secret = padSecret(options.secret);
  return await connectChannel(options, async (connection) => {
    const session = await clientHandshake(connection, secret, options.trace);
    return await records(connection, session, options);
  });
}

/**
 * Waits for clients; only those that have the secret become channels.
 *
 * @throws {ChannelError} when the secret is empty or too long.
 * @throws {VpnError} when the address cannot be listened on.
 */
export function listen(options: PskOptions & ListenOptions): ChannelListener {
  const secret = padSecret(options.secret);
  return new ChannelListener(options, async (connection) => {
    const session = await serverHandshake(connection, secret, options.trace);
    return await records(connection, session, options);
  });
}

async function records(
  connection: Connection,
  session: Session,
  { dialect = "strict", engine = "auto" }: PskOptions,
): Promise<ChannelParts> {
  if (dialect === "original") return originalRecords(connection, session);
  return await strictRecords(connection, session, engine);
}
