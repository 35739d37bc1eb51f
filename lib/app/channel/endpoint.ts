/**
 * `HOST:PORT` on the command line.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";

/** A host and a port. */
export interface Endpoint {
  /** A name or an address; undefined where only a port was given. */
  readonly hostname?: string;
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT`, `HOST`, `:PORT` or `PORT`.
 *
 * @param defaultPort For a host alone; without it the port must be there.
 * @throws {VpnError} when it is none of these.
 */
export function parseEndpoint(text: string, defaultPort?: number): Endpoint {
  const bracketed = text.match(/^\[([0-9a-f:.]+(?:%[\w.-]+)?)\](?::(\d{1,5}))?$/i);
  const plain = text.match(/^([^:\[\]]*)(?::(\d{1,5}))?$/);
  const onlyPort = /^\d{1,5}$/.test(text);
  const bareIpv6 = /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(text);
  const [hostname, port] = onlyPort
    ? ["", text]
    : bareIpv6
    ? [text, undefined]
    : (bracketed ?? plain)?.slice(1) ?? [undefined, undefined];
  const number = port === undefined ? defaultPort : Number(port);
  const isHost = hostname !== undefined && !/[\s/@]/.test(hostname);
  if (
    !isHost || number === undefined || number > 65535 || (hostname === "" && port === undefined)
  ) {
    throw new VpnError(`${text} is no address with a port`, "write HOST:PORT or [IPV6]:PORT");
  }
  return { hostname: hostname === "" ? undefined : hostname, port: number };
}

/** `HOST:PORT` for a log line. */
export function formatEndpoint({ hostname, port }: Endpoint): string {
  if (hostname === undefined) return `port ${port}`;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** `tcp://` or `udp://` with an endpoint. @throws {VpnError} when it is anything else. */
export function parseUrl(text: string): {
  readonly protocol: "tcp" | "udp";
  readonly endpoint: Endpoint;
} {
  const [, protocol, rest] = text.match(/^(tcp|udp):\/\/(.+)$/) ?? [];
  if (protocol !== "tcp" && protocol !== "udp") {
    throw new VpnError(
      `${text} is no URL of tcp or udp`,
      "write tcp://HOST:PORT or udp://HOST:PORT",
    );
  }
  return { protocol, endpoint: parseEndpoint(rest.replace(/\/$/, "")) };
}
