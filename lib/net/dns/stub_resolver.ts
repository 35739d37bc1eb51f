/**
 * A resolver of our own, for the one name that has to be found beside the tunnel: the server's. Its
 * questions carry the mark that the kill switch lets pass and leave by the interface that leads
 * outward, whatever the routes into the tunnel say. It asks the name servers that this machine had
 * before the tunnel.
 *
 * @module
 */

import { encodeSockaddr, parseAddress, UdpSocket } from "deno-tun";
import { sameBytes } from "../../base/bytes.ts";
import { VpnError } from "../../base/errors.ts";
import { decodeAnswer, encodeQuestion, longestAnswer, RecordType } from "./dns_message.ts";

/** Where and how to ask. */
export interface StubResolverOptions {
  /** IP addresses of name servers, the first first. */
  readonly servers: readonly string[];
  /** SO_MARK of the questions. */
  readonly mark?: number;
  /** The interface that they leave by, for a name server's address. */
  readonly device?: (server: string) => string | undefined;
  /** UDP port of the name servers; 53. */
  readonly port?: number;
  /** How long to wait for each answer, ms. */
  readonly timeout?: number;
  /** Text of the hosts file. */
  readonly hosts?: string;
}

/** How often the socket is looked at while an answer is waited for, ms. */
const pollInterval = 10;
const defaultTimeout = 3000;
/** How often each name server is asked. */
const attempts = 2;

/**
 * The addresses of a name: of the hosts file, else of the first name server that answers.
 *
 * @throws {VpnError} when nobody answers, or there is no such name.
 */
export async function resolveBeside(
  name: string,
  families: readonly (4 | 6)[],
  options: StubResolverOptions,
): Promise<string[]> {
  const literal = parseAddress(name);
  if (literal !== undefined) {
    return families.includes(literal.length === 4 ? 4 : 6) ? [name] : [];
  }
  const local = hostsAddresses(options.hosts ?? "", name, families);
  if (local.length > 0) return local;
  let reason = "there is no name server to ask";
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const server of options.servers) {
      const found = await Promise.all(families.map((family) => ask(server, name, family, options)));
      const addresses = found.flatMap((answer) => answer?.addresses ?? []);
      if (addresses.length > 0) return addresses;
      if (found.some((answer) => answer === undefined)) reason = `${server} does not answer`;
      else if (found.every((answer) => answer!.responseCode === 0 || answer!.responseCode === 3)) {
        throw new VpnError(`${server} knows no address of ${name}`);
      } else reason = `${server} fails`;
    }
  }
  throw new VpnError(`${name} cannot be resolved: ${reason}`);
}

async function ask(
  server: string,
  name: string,
  family: 4 | 6,
  { mark, device, port = 53, timeout = defaultTimeout }: StubResolverOptions,
) {
  // 16 random bits here and some 15 in the port that the kernel draws (RFC 5452).
  const [id] = crypto.getRandomValues(new Uint16Array(1));
  const question = encodeQuestion(id, name, family === 4 ? RecordType.A : RecordType.AAAA);
  const sockaddr = encodeSockaddr(server, port);
  let socket: UdpSocket;
  try {
    socket = UdpSocket.bind({
      family: server.includes(":") ? 6 : 4,
      port: 0,
      mark,
      device: device?.(server),
    });
  } catch {
    return undefined;
  }
  try {
    if (!socket.sendTo(question, sockaddr)) return undefined;
    const buffer = new Uint8Array(longestAnswer);
    for (const end = Date.now() + timeout; Date.now() < end;) {
      const received = socket.receiveFrom(buffer);
      if (received === undefined) {
        await new Promise((resolve) => setTimeout(resolve, pollInterval));
        continue;
      }
      if (!sameEndpoint(received.sockaddr, sockaddr)) continue;
      const answer = decodeAnswer(buffer.subarray(0, received.length), question);
      if (answer !== undefined) return answer;
    }
    return undefined;
  } finally {
    socket.close();
  }
}

/** Family, port and address; what follows (zero, scope) is the kernel's. */
function sameEndpoint(a: Uint8Array, b: Uint8Array): boolean {
  const length = a.length === 16 ? 8 : 24;
  return a.length === b.length && sameBytes(a.subarray(0, length), b.subarray(0, length));
}

/** The addresses that a hosts file has for a name (hosts(5)). */
export function hostsAddresses(
  hosts: string,
  name: string,
  families: readonly (4 | 6)[],
): string[] {
  const wanted = name.toLowerCase();
  const addresses: string[] = [];
  for (const line of hosts.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (!names.some((candidate) => candidate.toLowerCase() === wanted)) continue;
    const length = parseAddress(address)?.length;
    if (length !== undefined && families.includes(length === 4 ? 4 : 6)) addresses.push(address);
  }
  return addresses;
}
