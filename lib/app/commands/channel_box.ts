/**
 * `vpn channel box keygen|forward|connect`.
 *
 * @module
 */

import * as box from "../../channel/box/mod.ts";
import { openConsole } from "../channel/console.ts";
import { formatEndpoint, parseEndpoint, parseUrl } from "../channel/endpoint.ts";
import { createKeyFiles, readKeyPair, readPublicKey } from "../channel/key_files.ts";
import { pipeStandardStreams } from "../channel/pipe.ts";
import { runService } from "../channel/service.ts";
import { TcpForward } from "../channel/tcp_forward.ts";
import type { TunLinkOptions } from "../channel/tun_link.ts";
import { connectTun } from "../channel/tun_tunnel.ts";
import { UdpForward } from "../channel/udp_forward.ts";
import { ExitCode } from "../exit_code.ts";

/** What a client was given. */
export interface BoxClientArguments {
  /** `--server-key`. */
  readonly serverKey: string;
  /** `--key`. */
  readonly key?: string;
  /** `--crypto`. */
  readonly crypto: box.BoxEngine;
  /** `--verbose`. */
  readonly verbose: boolean;
}

/** Makes a key pair; the exit code. */
export async function generateBoxKeys({ file }: { readonly file: string }): Promise<number> {
  const publicKey = await createKeyFiles(file);
  await Deno.stdout.write(new TextEncoder().encode(`${publicKey}\n`));
  return ExitCode.success;
}

async function clientOptions(chosen: BoxClientArguments): Promise<
  box.ClientOptions & box.EngineOption
> {
  return {
    serverKey: readPublicKey(chosen.serverKey),
    keyPair: chosen.key === undefined ? undefined : await readKeyPair(chosen.key),
    engine: chosen.crypto,
  };
}

/** A pipe or a tunnel to a server; the exit code. */
export async function connectBox(
  chosen: BoxClientArguments & TunLinkOptions & { readonly endpoint: string },
): Promise<number> {
  const options = await clientOptions(chosen);
  const { hostname = "localhost", port } = parseEndpoint(chosen.endpoint);
  const connect = () => box.connect({ ...options, hostname, port });
  const isTunnel = chosen.tun.length > 0;
  const log = openConsole(chosen.verbose ? 4 : 1, isTunnel);
  if (isTunnel) return await connectTun(connect, chosen, log);
  await pipeStandardStreams(await connect());
  return ExitCode.success;
}

/** Takes programs here to a server; the exit code. */
export async function forwardBox(
  chosen: BoxClientArguments & { readonly listen: string; readonly to: string },
): Promise<number> {
  const options = await clientOptions(chosen);
  const { hostname = "localhost", port } = parseEndpoint(chosen.to);
  const { protocol, endpoint } = parseUrl(chosen.listen);
  const log = openConsole(chosen.verbose ? 4 : 1, true);
  if (endpoint.hostname === undefined) {
    log.at(4, "programs of this machine alone: name an address for others");
  }
  if (protocol === "udp") {
    const channel = await box.connectPackets({ ...options, hostname, port });
    await using forward = new UdpForward(endpoint, channel);
    log.at(1, `listening on udp://${formatEndpoint(forward.address)}`);
    return await runService(forward.run(), log);
  }
  const connect = () => box.connect({ ...options, hostname, port });
  using forward = new TcpForward(endpoint, connect, log);
  log.at(1, `listening on tcp://${formatEndpoint(forward.address)}`);
  return await runService(forward.run(), log);
}
