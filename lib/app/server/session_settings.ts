/**
 * The control channel of a server's clients, as its configuration wants it.
 *
 * @module
 */

import { drawRenegotiation } from "../../control/renegotiation.ts";
import { replyPacketId } from "../../control/reset_responder.ts";
import type { TlsSessionSettings } from "../../control/tls_session.ts";
import type { ClientKey } from "../../crypto/tls_crypt_v2_key.ts";
import type { ServerContext } from "./server_context.ts";

/** @param clientKey The client's own key, with `tls-crypt-v2`. */
export function sessionSettings(
  { config: { tls }, credentials, wrap }: ServerContext,
  clientKey: ClientKey | undefined,
): TlsSessionSettings {
  return {
    role: "server",
    credentials,
    wrap: wrap.channel({ firstPacketId: replyPacketId + 1, clientKey }),
    wrapOverhead: wrap.overhead,
    handshakeWindow: tls.handWindow * 1000,
    transitionWindow: tls.tranWindow * 1000,
    retransmitTimeout: tls.timeout * 1000,
    renegotiateAfter: drawRenegotiation("server", tls.renegSec, tls.renegSecMin),
  };
}
