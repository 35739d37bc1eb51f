/**
 * The server as a client's data plane has it.
 *
 * @module
 */

import type { PulledOptions } from "../../config/config.ts";
import type { AddPeerCommand } from "../../loop/messages.ts";
import { sessionSegmentSize } from "../segment_size.ts";
import type { ConnectionContext } from "./connection_context.ts";

/** A client has one peer. */
export const serverPeer = 0;

/** Adds it, as the server has pushed it to be. */
export function serverPeerCommand(
  { config, connection, socket, address }: ConnectionContext,
  pulled: PulledOptions,
  cipher: string,
): AddPeerCommand {
  const framing = pulled.framing ?? config.data.framing;
  return {
    kind: "add-peer",
    peer: serverPeer,
    socket,
    address,
    remotePeerId: pulled.peerId,
    framing,
    pingInterval: pulled.ping.interval * 1000,
    pingTimeout: pulled.ping.timeout * 1000,
    replayWindow: config.data.replayWindow,
    replayTime: config.data.replayTime * 1000,
    maximumSegmentSize: sessionSegmentSize({
      transport: connection.transport,
      mtu: connection.mtu,
      cipher,
      auth: config.data.auth,
      framing,
      dataV2: pulled.peerId !== undefined,
      address,
    }),
  };
}
