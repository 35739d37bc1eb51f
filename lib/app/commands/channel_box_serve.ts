/**
 * `vpn channel box serve`.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import * as box from "../../channel/box/mod.ts";
import { openConsole } from "../channel/console.ts";
import { formatEndpoint, parseEndpoint, parseUrl } from "../channel/endpoint.ts";
import { readKeyList, readKeyPair } from "../channel/key_files.ts";
import { pipeStandardStreams } from "../channel/pipe.ts";
import { runService } from "../channel/service.ts";
import { serveTcp } from "../channel/tcp_forward.ts";
import type { TunLinkOptions } from "../channel/tun_link.ts";
import { serveTun } from "../channel/tun_tunnel.ts";
import { serveUdp } from "../channel/udp_forward.ts";
import { ExitCode } from "../exit_code.ts";

/** What it was given. */
export interface BoxServerArguments extends TunLinkOptions {
  /** `--key`. */
  readonly key: string;
  /** `--listen`. */
  readonly listen: string;
  /** `--authorized-clients`. */
  readonly authorizedClients?: string;
  /** `--any-client`. */
  readonly anyClient: boolean;
  /** `--upstream`. */
  readonly upstream?: string;
  /** `--crypto`. */
  readonly crypto: box.BoxEngine;
  /** `--verbose`. */
  readonly verbose: boolean;
}

/** Serves clients; the exit code. */
export async function serveBox(chosen: BoxServerArguments): Promise<number> {
  const isTunnel = chosen.tun.length > 0;
  if (isTunnel && chosen.upstream !== undefined) {
    throw new VpnError("a channel leads to --upstream or to --tun, not to both");
  }
  if (chosen.anyClient === (chosen.authorizedClients !== undefined)) {
    throw new VpnError(
      "which clients may come has to be said once",
      "give --authorized-clients FILE, or --any-client",
    );
  }
  const upstream = chosen.upstream === undefined ? undefined : parseUrl(chosen.upstream);
  const log = openConsole(chosen.verbose ? 4 : 1, isTunnel || upstream !== undefined);
  const keys = new ReloadedKeys(chosen);
  await keys.load();
  if (upstream?.protocol === "udp") return await servePackets(chosen, keys, upstream.endpoint, log);

  const listener = box.listen({
    ...parseEndpoint(chosen.listen),
    identity: keys.identity,
    engine: chosen.crypto,
    onRefused: (error, peer) => log.warn(`${formatEndpoint(peer)} is refused: ${errorLine(error)}`),
  });
  using _ = listener;
  log.at(1, `listening on ${formatEndpoint(listener.address)}`);
  const reload = () => keys.load();
  if (isTunnel) return await serveTun(listener, chosen, log, reload);
  if (upstream !== undefined) {
    return await runService(serveTcp(listener, upstream.endpoint, log), log, { reload });
  }
  const channel = await listener.accept();
  listener.close();
  if (channel === undefined) throw new VpnError("the listener was closed");
  log.at(1, `connected with ${formatEndpoint(channel.peer)}`);
  await pipeStandardStreams(channel);
  return ExitCode.success;
}

async function servePackets(
  chosen: BoxServerArguments,
  keys: ReloadedKeys,
  upstream: { readonly hostname?: string; readonly port: number },
  log: Log,
): Promise<number> {
  await using server = box.listenPackets({
    ...parseEndpoint(chosen.listen),
    identity: keys.identity,
    vouchedOnly: !chosen.anyClient,
    engine: chosen.crypto,
  });
  log.at(1, `listening on udp://${formatEndpoint(server.address)}`);
  const status = () => [
    `clients: ${server.clients}`,
    ...Object.entries(server.counters).map(([name, count]) => `${name}: ${count}`),
  ];
  return await runService(serveUdp(server, upstream), log, { reload: () => keys.load(), status });
}

/** The server's key and its clients, exchanged for what the files have at a reload. */
class ReloadedKeys {
  readonly #chosen: BoxServerArguments;
  #identity: box.ServerIdentity | undefined;

  constructor(chosen: BoxServerArguments) {
    this.#chosen = chosen;
  }

  /** What holds now. */
  readonly identity = (): box.ServerIdentity => {
    if (this.#identity === undefined) throw new Error("keys are not loaded yet");
    return this.#identity;
  };

  /** Reads the files; if one is wrong, nothing changes. @throws {VpnError} saying what. */
  async load(): Promise<void> {
    const { key, authorizedClients } = this.#chosen;
    const keyPair = await readKeyPair(key);
    const list = authorizedClients === undefined ? undefined : readKeyList(authorizedClients);
    this.#identity = {
      keyPair,
      allows: (client) => list === undefined || list.has(client.toHex()),
    };
  }
}
