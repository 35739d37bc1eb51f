/**
 * The sockets of server and client: how large their buffers are, and why one cannot be bound.
 *
 * @module
 */

import { decodeSockaddr, MtuDiscover, type SocketAddress, SysError } from "deno-tun";
import { PrivilegeError, VpnError } from "../base/errors.ts";
import type { MtuOptions, SocketOptions, Transport } from "../config/mod.ts";

/**
 * Bytes of a socket's buffers without `rcvbuf` and `sndbuf`. The system's own 200 KB hold 2 ms of a
 * Gbit/s; a worker that is not scheduled for longer would lose packets.
 */
export const defaultSocketBuffer = 4 << 20;

/**
 * What the options say of every socket. Where they say nothing of buffers, a UDP socket has
 * `defaultSocketBuffer`; the kernel fits those of TCP to the path by itself. 0: the system's own.
 */
export function socketSettings(
  socket: SocketOptions,
  transport: Transport,
  { mtuDiscover }: Pick<MtuOptions, "mtuDiscover">,
): {
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  readonly mark?: number;
  readonly device?: string;
  readonly mtuDiscover?: number;
} {
  const usual = transport === "udp" ? defaultSocketBuffer : undefined;
  return {
    receiveBuffer: (socket.receiveBuffer ?? usual) || undefined,
    sendBuffer: (socket.sendBuffer ?? usual) || undefined,
    mark: socket.mark,
    device: socket.device,
    mtuDiscover: mtuDiscover && mtuDiscoverModes[mtuDiscover],
  };
}

/** `mtu-disc` as the kernel knows it. */
const mtuDiscoverModes = {
  no: MtuDiscover.DONT,
  maybe: MtuDiscover.WANT,
  yes: MtuDiscover.DO,
} as const;

/** Largest buffer that a server may push, in bytes: the memory is this machine's. */
const maximumPushedBuffer = 16 << 20;

/** Buffers as a server pushes them. */
export function pushedBuffers(
  { receiveBuffer, sendBuffer }: Pick<SocketOptions, "receiveBuffer" | "sendBuffer">,
): Pick<SocketOptions, "receiveBuffer" | "sendBuffer"> {
  const bounded = (size: number | undefined) => size && Math.min(size, maximumPushedBuffer);
  return { receiveBuffer: bounded(receiveBuffer), sendBuffer: bounded(sendBuffer) };
}

/** Control packets and what sealing adds to data packets stay below that, in bytes. */
const frameOverhead = 1024;

/** The longest packet that a server takes from a TCP connection, in bytes. */
export function serverMaximumFrame(tunMtu: number): number {
  return Math.min(Math.max(tunMtu, 1500) + frameOverhead, clientMaximumFrame);
}

/** The longest packet that a client takes: the server may push another MTU. In bytes. */
export const clientMaximumFrame = 65_535;

/** An address as `1.2.3.4:5` or `[::1]:5`. */
export function endpointText(sockaddr: Uint8Array): string {
  const { hostname, port } = decodeSockaddr(sockaddr);
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** An address as OpenVPN's log has it: `[AF_INET]1.2.3.4:5`. */
export function logAddress({ hostname, port }: SocketAddress): string {
  return `[AF_INET${hostname.includes(":") ? "6" : ""}]${hostname}:${port}`;
}

/** @param endpoint What was to be bound, `HOST:PORT`. */
export function bindError(transport: Transport, endpoint: string, cause: unknown): VpnError {
  const where = `cannot bind ${transport.toUpperCase()} ${endpoint}`;
  if (cause instanceof VpnError) return cause;
  if (!(cause instanceof SysError)) {
    return new VpnError(`${where}: ${cause instanceof Error ? cause.message : cause}`, undefined, {
      cause,
    });
  }
  switch (cause.code) {
    case "EADDRINUSE":
      return new VpnError(
        `${where}: the address is in use`,
        `end the other program (ss -${
          transport === "udp" ? "lunp" : "ltnp"
        } shows it) or choose another port`,
        { cause },
      );
    case "EADDRNOTAVAIL":
      return new VpnError(
        `${where}: this machine does not have that address`,
        "mend the option local",
        { cause },
      );
    case "EACCES":
    case "EPERM":
      return new PrivilegeError(
        `${where}: not permitted`,
        "run as root, or choose a port above 1023 and leave out mark and bind-dev",
        { cause },
      );
    default:
      return new VpnError(`${where}: ${cause.message}`, undefined, { cause });
  }
}
