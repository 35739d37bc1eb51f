/**
 * The box channel: NaCl's `crypto_box` between a client and a server that know each other's public
 * keys. A duplex byte stream over TCP, or packets over UDP. The protocol is in docs/box.md.
 *
 * ```ts
 * import { box } from "@vpn/vpn";
 *
 * const server = await box.importBoxKeyPair(box.generateBoxSecretKey());
 * const client = await box.importBoxKeyPair(box.generateBoxSecretKey());
 * const allows = (key: Uint8Array) => key.toHex() === client.publicKey.toHex();
 *
 * const identity = () => ({ keyPair: server, allows });
 * using listener = box.listen({ hostname: "127.0.0.1", port: 0, identity });
 * const { port } = listener.address;
 * const serverKey = server.publicKey;
 * const channel = await box.connect({ hostname: "127.0.0.1", port, serverKey, keyPair: client });
 * ```
 *
 * @module
 */

import { type BoxKeyPair, type BoxPublicKey, generateBoxKeyPair } from "../../crypto/box_keys.ts";
import { type BoxEngine, selectSecretBox } from "../../crypto/secret_box.ts";
import type { Channel } from "../connection/channel.ts";
import { connectChannel, type ConnectOptions } from "../connection/connect.ts";
import { ChannelListener, type ListenOptions } from "../connection/listener.ts";
import { clientHandshake, serverHandshake } from "./handshake.ts";
import type { ServerIdentity } from "./identity.ts";
import { CounterSeries } from "./nonces.ts";
import { PacketChannel, type PacketClientOptions } from "./packet_client.ts";
import { PacketServer } from "./packet_server.ts";
import type { PacketServerOptions } from "./packet_server_options.ts";
import { streamRecords } from "./stream_records.ts";

export {
  type BoxKeyPair,
  type BoxPublicKey,
  generateBoxSecretKey,
  importBoxKeyPair,
  isCanonicalPublicKey,
} from "../../crypto/box_keys.ts";
export type { BoxEngine, SecretBox } from "../../crypto/secret_box.ts";
export { Channel, type ChannelParts, type ChannelPeer } from "../connection/channel.ts";
export type { RecordSink, RecordSource } from "../connection/channel.ts";
export type { ConnectOptions } from "../connection/connect.ts";
export type { Connection } from "../connection/connection.ts";
export { ChannelError, type ChannelFailure } from "../connection/errors.ts";
export { ChannelListener, type Handshake, type ListenOptions } from "../connection/listener.ts";
export type { ServerIdentity } from "./identity.ts";
export { type Packet, PacketChannel, type PacketClientOptions } from "./packet_client.ts";
export { PacketServer } from "./packet_server.ts";
export type {
  PacketClient,
  PacketCounters,
  PacketServerOptions,
  ServerPacket,
} from "./packet_server_options.ts";

/** What encrypts: `libsodium` where it is installed, by default. */
export interface EngineOption {
  /** `auto` where not given. */
  readonly engine?: BoxEngine;
}

/** What a stream's client knows. */
export interface ClientOptions {
  /** S, the server's public key. */
  readonly serverKey: BoxPublicKey;
  /** C and Cs; without them the client is one that nobody knows. */
  readonly keyPair?: BoxKeyPair;
}

/** What a stream's server knows. */
export interface ServerOptions {
  /** Its keys and who is allowed; asked for at each handshake. */
  readonly identity: () => ServerIdentity;
}

/**
 * Opens a stream to a server.
 *
 * @throws {ChannelError} when there is none, or it does not have the key.
 */
export async function connect(
  options: ClientOptions & ConnectOptions & EngineOption,
): Promise<Channel> {
  const box = selectSecretBox(options.engine ?? "auto");
  const keyPair = options.keyPair ?? await generateBoxKeyPair();
  return await connectChannel(options, async (connection) => {
    const identity = { serverKey: options.serverKey, keyPair };
    return streamRecords(connection, await clientHandshake(connection, identity, box), box);
  });
}

/**
 * Waits for clients' streams; only those whose key is allowed become channels.
 *
 * @throws {VpnError} when the address cannot be listened on.
 */
export function listen(options: ServerOptions & ListenOptions & EngineOption): ChannelListener {
  const box = selectSecretBox(options.engine ?? "auto");
  const cookies = new CounterSeries();
  return new ChannelListener(options, async (connection) => {
    const session = await serverHandshake(connection, options.identity(), cookies, box);
    return streamRecords(connection, session, box);
  });
}

/**
 * Prepares packets to a server.
 *
 * @throws {ChannelError} when its key is none.
 * @throws {VpnError} when its name has no address.
 */
export async function connectPackets(
  options: PacketClientOptions & EngineOption,
): Promise<PacketChannel> {
  return await PacketChannel.open(options, selectSecretBox(options.engine ?? "auto"));
}

/**
 * Serves packets on a UDP port.
 *
 * @throws {VpnError} when the address cannot be listened on.
 */
export function listenPackets(options: PacketServerOptions & EngineOption): PacketServer {
  return new PacketServer(options, selectSecretBox(options.engine ?? "auto"));
}
