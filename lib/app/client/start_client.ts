/**
 * Starts a client as its configuration describes it.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ClientConfig, LoadedFiles } from "../../config/mod.ts";
import { clientControlWrap } from "../control_protection/control_wrap.ts";
import { loadCredentials } from "../credentials.ts";
import { formatClientStatistics } from "../status/client_statistics.ts";
import { TunnelPrograms } from "../programs/tunnel_programs.ts";
import type { Tunnel, TunnelEnd } from "../tunnel.ts";
import type { TunnelHooks } from "../tunnel_hooks.ts";
import { ClientNetwork } from "../client_network/client_network.ts";
import { programsOf, verifyProgramOf } from "../programs/programs_of.ts";
import { protocolName } from "./remote_list.ts";
import { Client } from "./client.ts";
import { TerminalPrompt } from "./terminal_prompt.ts";
import { UserCredentialSource } from "./user_credentials.ts";

/** See `startTunnel`. */
export async function startClient(
  given: ClientConfig,
  files: LoadedFiles,
  log: Log,
  { observer, prompt: promptOf }: TunnelHooks,
): Promise<Tunnel> {
  // What may be wrong with the configuration comes first: a kill switch would stay in force.
  const terminal = new TerminalPrompt(log);
  const prompt = promptOf?.(terminal) ?? terminal;
  const userCredentials = new UserCredentialSource(given, files, prompt);
  const programs = programsOf(given, log);
  const verifyProgram = verifyProgramOf(given, programs, log);
  const { credentials, trust } = await loadCredentials({
    ...{ peer: "server", tls: given.tls, files, log, verifyProgram },
    passphrase: () => prompt.passphrase(new AbortController().signal),
  });
  const network = ClientNetwork.start(given, log);
  const { config } = network;
  const client = new Client({
    config,
    credentials,
    wrap: (connection) => clientControlWrap(connection.controlKey, files, config.data),
    trust,
    log,
    network,
    userCredentials,
    prompt,
    tunnelPrograms: new TunnelPrograms(config, programs, observer),
    observer,
  });
  const ended = client.run().catch((cause: unknown): TunnelEnd => ({
    reason: "failure",
    error: cause instanceof VpnError ? cause : new VpnError(errorLine(cause), undefined, { cause }),
  }));
  let running = true;
  ended.then(() => running = false);
  return {
    ended,
    status: () => formatClientStatistics(client.status()),
    traffic: () => {
      const { linkRead, linkWritten } = client.status();
      return { bytesIn: linkRead, bytesOut: linkWritten };
    },
    client: {
      get authRetry() {
        return userCredentials.authRetry;
      },
      set authRetry(mode) {
        userCredentials.authRetry = mode;
      },
      forgetPasswords: () => userCredentials.forget(),
      remotes: config.connections.map(({ host, port, transport }) => ({
        host,
        port,
        protocol: protocolName(transport),
      })),
    },
    reconnect: () => {
      client.reconnect("SIGUSR1");
      return true;
    },
    stop: async (reason) => {
      // SIGHUP starts anew, and one that ended by itself was not ended by the user.
      observer.state({ name: "EXITING", detail: reason });
      const orderly = running && reason !== "SIGHUP" && reason !== "failure";
      client.stop(reason);
      await ended;
      network.end(orderly);
    },
  };
}
