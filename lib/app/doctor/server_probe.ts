/**
 * Asks a server for a sign of life: a client's first packet, wrapped as the profile says. The
 * server's answer to it is stateless, so that nothing is left there.
 *
 * @module
 */

import { encodeSockaddr, UdpSocket } from "deno-tun";
import { sameBytes } from "../../base/bytes.ts";
import type { ClientConfig, Connection, LoadedFiles } from "../../config/mod.ts";
import type { ControlWrapChannel } from "../../crypto/control_wrap.ts";
import type { ProbeAnswer, ServerProbe } from "../../doctor/server_reach.ts";
import {
  controlHeaderLength,
  decodeControlPacket,
  encodeControlPacket,
} from "../../wire/control_packet.ts";
import { Opcode } from "../../wire/opcode.ts";
import { randomSessionId } from "../../wire/session_id.ts";
import { clientControlWrap } from "../control_protection/control_wrap.ts";

/** How long an answer may take, ms; a UDP packet is repeated in this time. */
const timeout = 3500;
const repeatInterval = 1000;
const pollInterval = 20;

const longestAnswer = 2048;

/** Bytes of a packet-id, in front of the time in a wrapped packet. */
const packetIdLength = 4;

/** The probe for a profile's servers. */
export function serverProbe(config: ClientConfig, files: LoadedFiles): ServerProbe {
  return (connection, address) => {
    const wrap = clientControlWrap(connection.controlKey, files, config.data);
    const probe = new Probe(wrap.channel(), connection, wrap.overhead);
    return connection.transport === "udp"
      ? askByUdp(probe, connection, address)
      : askByTcp(probe, connection, address);
  };
}

/** One question, and whether a packet is its answer. */
class Probe {
  readonly #sessionId = randomSessionId();
  readonly #start = performance.now();

  constructor(
    readonly channel: ControlWrapChannel,
    readonly connection: Connection,
    readonly overhead: number,
  ) {}

  packet(): Uint8Array {
    const plain = encodeControlPacket({
      opcode: this.channel.clientReset,
      keyId: 0,
      sessionId: this.#sessionId,
      acks: [],
      packetId: 0,
      payload: new Uint8Array(0),
    });
    return this.channel.wrap(plain, Math.floor(Date.now() / 1000));
  }

  answer(datagram: Uint8Array): ProbeAnswer | undefined {
    const plain = this.channel.unwrap(datagram);
    const packet = plain && decodeControlPacket(plain);
    if (packet?.opcode !== Opcode.HARD_RESET_SERVER_V2) return undefined;
    if (packet.remoteSessionId === undefined) return undefined;
    if (!sameBytes(packet.remoteSessionId, this.#sessionId)) return undefined;
    const milliseconds = performance.now() - this.#start;
    return { kind: "answered", milliseconds, serverTime: this.#timeOf(datagram) };
  }

  /** Packet-id and time stand behind tls-auth's digest, and in front of tls-crypt's. */
  #timeOf(datagram: Uint8Array): number | undefined {
    const kind = this.connection.controlKey?.kind;
    if (kind === undefined) return undefined;
    const digest = kind === "tls-auth" ? this.overhead - 2 * packetIdLength : 0;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    return view.getUint32(controlHeaderLength + digest + packetIdLength) * 1000;
  }
}

async function askByUdp(
  probe: Probe,
  { port }: Connection,
  address: string,
): Promise<ProbeAnswer> {
  const family = address.includes(":") ? 6 : 4;
  const socket = UdpSocket.bind({ port: 0, family });
  const sockaddr = encodeSockaddr(address, port);
  const buffer = new Uint8Array(longestAnswer);
  try {
    let repeatAt = 0;
    for (const end = performance.now() + timeout; performance.now() < end;) {
      if (performance.now() >= repeatAt) {
        repeatAt = performance.now() + repeatInterval;
        if (!socket.sendTo(probe.packet(), sockaddr)) {
          return { kind: "unreachable", reason: "the packet cannot be sent" };
        }
      }
      const received = socket.receiveFrom(buffer);
      if (received === undefined) {
        await new Promise((resolve) => setTimeout(resolve, pollInterval));
        continue;
      }
      const answer = probe.answer(buffer.slice(0, received.length));
      if (answer !== undefined) return answer;
    }
    return { kind: "silent" };
  } finally {
    socket.close();
  }
}

async function askByTcp(
  probe: Probe,
  { port }: Connection,
  address: string,
): Promise<ProbeAnswer> {
  const signal = AbortSignal.timeout(timeout);
  let socket: Deno.TcpConn;
  try {
    socket = await Deno.connect({ hostname: address, port, signal });
  } catch (error) {
    if (signal.aborted) return { kind: "silent" };
    const refused = error instanceof Deno.errors.ConnectionRefused;
    return {
      kind: "unreachable",
      reason: refused ? "nobody listens there" : "it can't be reached",
    };
  }
  const timer = setTimeout(() => closeQuietly(socket), timeout);
  try {
    const packet = probe.packet();
    // In TCP each packet has its length in front, 16 bits.
    await writeAll(socket, Uint8Array.of(packet.length >> 8, packet.length & 255, ...packet));
    const header = await readExactly(socket, 2);
    const length = header[0] << 8 | header[1];
    if (length > longestAnswer) return { kind: "unreachable", reason: "what answers is no server" };
    return probe.answer(await readExactly(socket, length)) ??
      { kind: "unreachable", reason: "what answers is no server with this key" };
  } catch {
    return { kind: "silent" };
  } finally {
    clearTimeout(timer);
    closeQuietly(socket);
  }
}

async function writeAll(socket: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
}

async function readExactly(socket: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const count = await socket.read(bytes.subarray(filled));
    if (count === null) throw new Error("closed");
    filled += count;
  }
  return bytes;
}

function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch {
    // Closed already.
  }
}
