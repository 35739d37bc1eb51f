/**
 * Where a server listens: each `local` is one place, with the port and protocol of `port` and
 * `proto` where it gives none of its own; without any, all addresses.
 *
 * Source: OpenVPN 2.7's link-options.rst, `--local`.
 *
 * @module
 */

import type { ListenOptions } from "./config.ts";
import type { Draft, LocalDraft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined } from "./finish_common.ts";
import { defaultPort } from "./finish_client.ts";

/** Places that one server listens at; each has a socket, and memory of the worker's. */
export const maximumListeners = 32;

/** All places, at least one. */
export function listenOptions(draft: Draft): readonly ListenOptions[] {
  const { locals } = draft;
  if (locals.length === 0) return [listener(draft, undefined)];
  if (locals.length > maximumListeners) {
    throw new ConfigError(
      `more than ${maximumListeners} "local"`,
      `"local *" listens at all addresses`,
      locals[maximumListeners].position,
    );
  }
  const all = locals.map((local) => listener(draft, local));
  for (const [i, one] of all.entries()) {
    if (all.findIndex((other) => sameEndpoint(one, other)) < i) {
      throw new ConfigError("the server listens there already", "remove one", locals[i].position);
    }
  }
  return all.map((one) => besideIpv4(one, all));
}

function listener(draft: Draft, local: LocalDraft | undefined): ListenOptions {
  const { connection } = draft;
  const protocol = local?.protocol ?? connection.protocol ?? { transport: "udp" };
  if (protocol.side === "client") {
    throw new ConfigError(
      `a server can't use "proto tcp-client"`,
      `write "proto tcp-server"`,
      local?.position ?? draft.positions.get("proto"),
    );
  }
  return defined({
    transport: protocol.transport,
    family: protocol.family,
    local: local?.host,
    port: local?.port ?? connection.localPort ?? defaultPort,
    ipv6Only: connection.bindIpv6Only ?? false,
  });
}

function sameEndpoint(a: ListenOptions, b: ListenOptions): boolean {
  return a.port !== 0 && a.transport === b.transport && a.port === b.port &&
    a.local === b.local && a.family === b.family;
}

/** `::` takes IPv4 as well, unless an IPv4 address of ours has the same port. */
function besideIpv4(one: ListenOptions, all: readonly ListenOptions[]): ListenOptions {
  const ipv4 = ({ local, family }: ListenOptions) =>
    local === undefined ? family === 4 : /^[0-9.]+$/.test(local);
  const shared = (other: ListenOptions) =>
    ipv4(other) && other.port === one.port && other.transport === one.transport;
  const any6 = one.local === "::" || (one.local === undefined && one.family === 6);
  return any6 && all.some(shared) ? { ...one, ipv6Only: true } : one;
}
