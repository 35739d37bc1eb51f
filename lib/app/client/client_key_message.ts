/**
 * What a client says of itself in a negotiation, and how it negotiates.
 *
 * @module
 */

import { clientOptionValues, localOptionsString } from "../../control/local_options.ts";
import { clientPeerInfo } from "../../control/peer_info.ts";
import { drawRenegotiation } from "../../control/renegotiation.ts";
import type { LocalKeyMessage } from "../../control/key_negotiation.ts";
import type { TlsSessionSettings } from "../../control/tls_session.ts";
import { exitPeerInfo } from "../exit/client_exit.ts";
import type { ConnectionContext } from "./connection_context.ts";
import { peerMachine } from "./peer_machine.ts";

/** The control channel, as the configuration wants it. */
export function sessionSettings(
  { config: { tls }, credentials, wrap }: ConnectionContext,
): TlsSessionSettings {
  return {
    role: "client",
    credentials,
    wrap: wrap.channel(),
    wrapOverhead: wrap.overhead,
    handshakeWindow: tls.handWindow * 1000,
    transitionWindow: tls.tranWindow * 1000,
    retransmitTimeout: tls.timeout * 1000,
    renegotiateAfter: drawRenegotiation("client", tls.renegSec, tls.renegSecMin),
  };
}

/** Options, user name and password, and what a server may know of us. */
export async function clientKeyMessage(context: ConnectionContext): Promise<LocalKeyMessage> {
  const { config, connection } = context;
  const user = await context.userCredentials();
  return {
    options: localOptionsString(clientOptionValues(config, connection)),
    username: user?.username,
    password: user?.password,
    peerInfo: clientPeerInfo({
      dataCiphers: config.data.ciphers,
      tunMtu: connection.mtu.tunMtu,
      exit: exitPeerInfo(config),
      environment: config.process.environment,
      machine: config.pushPeerInfo ? peerMachine() : undefined,
    }),
  };
}
