/**
 * Sends a server forged first packets as fast as it can. Arguments: kind, address, port, how many;
 * for `tls-crypt-v2-repeated` the path of a client's key.
 *
 * @module
 */

import { UdpSocket } from "deno-tun";
import { TlsCryptV2Client } from "../../lib/crypto/tls_crypt_v2.ts";
import { parseTlsCryptV2ClientKey } from "../../lib/crypto/tls_crypt_v2_key.ts";
import { encodeControlPacket } from "../../lib/wire/control_packet.ts";
import { Opcode } from "../../lib/wire/opcode.ts";

/** What is forged. */
export type ForgedKind =
  /** A reset with a wrong HMAC. */
  | "tls-auth"
  /** A reset whose tag and cipher text are random. */
  | "tls-crypt"
  /** A reset with a wrapped key that no server has wrapped. */
  | "tls-crypt-v2"
  /** Good resets under a good key, by somebody who never shows the server's session id. */
  | "tls-crypt-v2-repeated";

/** Different datagrams; they are sent again and again. */
const variants = 2000;

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

function forge(kind: ForgedKind, keyFile: string | undefined): Uint8Array {
  switch (kind) {
    case "tls-auth":
    case "tls-crypt": {
      const datagram = random(54);
      datagram[0] = Opcode.HARD_RESET_CLIENT_V2 << 3;
      return datagram;
    }
    case "tls-crypt-v2": {
      const wrappedKeyLength = 299;
      const datagram = random(54 + wrappedKeyLength);
      datagram[0] = Opcode.HARD_RESET_CLIENT_V3 << 3;
      new DataView(datagram.buffer).setUint16(datagram.length - 2, wrappedKeyLength);
      return datagram;
    }
    case "tls-crypt-v2-repeated": {
      const key = parseTlsCryptV2ClientKey(Deno.readTextFileSync(keyFile!));
      const reset = encodeControlPacket({
        opcode: Opcode.HARD_RESET_CLIENT_V3,
        keyId: 0,
        sessionId: random(8),
        acks: [],
        packetId: 0,
        payload: new Uint8Array(0),
      });
      const seconds = Math.floor(Date.now() / 1000);
      return new TlsCryptV2Client(key).channel().wrap(reset, seconds);
    }
  }
}

if (import.meta.main) {
  const [kind, address, port, count, keyFile] = Deno.args;
  const datagrams = Array.from({ length: variants }, () => forge(kind as ForgedKind, keyFile));
  const socket = UdpSocket.bind({ port: 0, family: 4 });
  const target = socket.sockaddr(address, Number(port));
  for (let sent = 0; sent < Number(count);) {
    // A full buffer is no reason to send fewer.
    if (socket.sendTo(datagrams[sent % variants], target)) sent++;
  }
  socket.close();
}
