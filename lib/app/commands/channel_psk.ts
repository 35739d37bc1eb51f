/**
 * `vpn channel psk`.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Channel } from "../../channel/connection/channel.ts";
import * as psk from "../../channel/psk/mod.ts";
import { chat } from "../channel/chat.ts";
import { openConsole } from "../channel/console.ts";
import { formatEndpoint, parseEndpoint } from "../channel/endpoint.ts";
import { pipeStandardStreams } from "../channel/pipe.ts";
import { readSharedSecret } from "../channel/secret.ts";
import { connectTun, serveTun } from "../channel/tun_tunnel.ts";
import { ExitCode } from "../exit_code.ts";

/** What both commands were given. */
export interface PskArguments {
  /** `HOST:PORT`. */
  readonly endpoint: string;
  /** `--secret-file`. */
  readonly secretFile?: string;
  readonly dialect: psk.Dialect;
  /** `--crypto`. */
  readonly crypto: psk.RecordEngine;
  /** `--verbose`. */
  readonly verbose: boolean;
  /** `--tun`, as often as it was given. */
  readonly tun: readonly string[];
  /** `--dev`. */
  readonly dev?: string;
  /** `--mtu`. */
  readonly mtu?: number;
}

/** Waits for the other end; the exit code. */
export async function listenPsk(chosen: PskArguments): Promise<number> {
  const { log, options } = await prepare(chosen);
  const listener = psk.listen({
    ...options,
    ...parseEndpoint(chosen.endpoint, psk.defaultPort),
    onRefused: (error, peer) => log.warn(`${formatEndpoint(peer)} is refused: ${errorLine(error)}`),
  });
  log.at(1, `listening on ${formatEndpoint(listener.address)}`);
  if (chosen.tun.length > 0) return await serveTun(listener, chosen, log);
  const channel = await listener.accept();
  listener.close();
  if (channel === undefined) throw new VpnError("the listener was closed");
  log.at(1, `connected with ${formatEndpoint(channel.peer)}`);
  return await converse(channel, chosen, log);
}

/** Connects to the other end; the exit code. */
export async function connectPsk(chosen: PskArguments): Promise<number> {
  const { log, options } = await prepare(chosen);
  const { hostname = "localhost", port } = parseEndpoint(chosen.endpoint, psk.defaultPort);
  const connect = () => psk.connect({ ...options, hostname, port });
  if (chosen.tun.length > 0) return await connectTun(connect, chosen, log);
  return await converse(await connect(), chosen, log);
}

async function prepare(chosen: PskArguments): Promise<{ log: Log; options: psk.PskOptions }> {
  const isTunnel = chosen.tun.length > 0;
  if (isTunnel && chosen.dialect === "original") {
    throw new VpnError("the dialect original cannot carry packets", "leave out --dialect");
  }
  const log = openConsole(chosen.verbose ? 4 : 1, isTunnel);
  const secret = await readSharedSecret(chosen.secretFile);
  const trace = chosen.verbose ? (line: string) => log.at(4, `handshake ${line}`) : undefined;
  return { log, options: { secret, dialect: chosen.dialect, engine: chosen.crypto, trace } };
}

/** A chat where a person is at both ends of our standard streams, or in the dialect of chats. */
async function converse(channel: Channel, { dialect }: PskArguments, log: Log): Promise<number> {
  const isTerminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  if (!isTerminal && dialect === "strict") {
    await pipeStandardStreams(channel);
    return ExitCode.success;
  }
  if (isTerminal) log.at(1, "a line goes out when you press Enter; an empty line ends the chat");
  const encoder = new TextEncoder();
  const show = (text: string) => {
    const bytes = encoder.encode(text);
    for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  };
  await chat(channel, { dialect, input: Deno.stdin.readable, show });
  log.at(1, "the chat is over");
  return ExitCode.success;
}
