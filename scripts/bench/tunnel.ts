/**
 * A contender at work: its two processes and the addresses to send to.
 *
 * @module
 */

import { tunnelServerAddress } from "../../tests/harness/configs.ts";
import type { NetworkNamespace } from "../../tests/harness/namespace.ts";
import type { Peer } from "../../tests/harness/peers.ts";
import type { ManagedProcess } from "../../tests/harness/process.ts";
import type { Scenario, StartOptions } from "../../tests/harness/scenario.ts";
import type { Contender, Group } from "./plan.ts";
import { startWireGuard } from "./wireguard.ts";

/** Between whom traffic flows. */
export interface Ends {
  readonly server: NetworkNamespace;
  readonly client: NetworkNamespace;
  /** IPv4 address of the server to send to, and of the client to send from. */
  readonly address: string;
}

/** A tunnel that is up. */
export interface Tunnel extends Ends, AsyncDisposable {
  /** The processes that carry the traffic; undefined without a VPN. */
  readonly processes?: { readonly server: ManagedProcess; readonly client: ManagedProcess };
}

/** The most that a session may take to come up, in ms. */
const startTimeoutMs = 20_000;

/** How the peers of a contender are started. */
export function startOptions(
  group: Group,
  contender: Contender,
  role: "server" | "client",
  executable: string | undefined,
): StartOptions {
  const isOurs = contender[role] !== "openvpn";
  return {
    implementation: isOurs && executable !== undefined ? "executable" : contender[role],
    executable,
    cipher: group.cipher,
    ourArguments: contender.engine === undefined ? [] : ["--crypto", contender.engine],
    extra: [
      "verb 3",
      // OpenVPN's own example configuration.
      ...(role === "server" ? ["keepalive 10 60"] : []),
      ...(group.transport === "tcp" ? [`proto tcp-${role}`] : []),
    ],
  };
}

/**
 * Waits until a peer of ours has said which engine it uses: nothing is measured under a wrong name.
 *
 * @throws {Error} when it is another one than was asked for.
 */
export async function checkEngine(peer: Peer, contender: Contender): Promise<void> {
  if (peer.options.implementation === "openvpn" || contender.engine === undefined) return;
  const [, engine] = await peer.process.waitForLine(/Data channel engine: (.+)$/);
  if (contender.engine === "auto" || engine === contender.engine) return;
  throw new Error(`${peer.options.name} encrypts by ${engine} and not by ${contender.engine}`);
}

/** Starts a contender and resolves when traffic can flow. */
export async function startTunnel(
  scenario: Scenario,
  group: Group,
  contender: Contender,
  executable?: string,
): Promise<Tunnel> {
  const [serverHost, clientHost] = [scenario.serverHost, scenario.clientHost()];
  const namespaces = { server: serverHost.namespace, client: clientHost.namespace };
  switch (contender.kind) {
    case "none":
      return {
        ...namespaces,
        address: serverHost.address,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    case "wireguard-go":
      return await startWireGuard(serverHost, clientHost);
    case "openvpn": {
      await using stack = new AsyncDisposableStack();
      const server = stack.use(
        await scenario.startServer(startOptions(group, contender, "server", executable)),
      );
      await server.ready({ timeoutMs: startTimeoutMs });
      const client = stack.use(
        await scenario.startClient(startOptions(group, contender, "client", executable)),
      );
      await client.ready({ timeoutMs: startTimeoutMs });
      for (const peer of [server, client]) {
        await peer.process.waitForLine(new RegExp(`Data Channel: cipher '${group.cipher}'`));
        await checkEngine(peer, contender);
      }
      const processes = { server: server.process, client: client.process };
      const parts = stack.move();
      return {
        ...namespaces,
        address: tunnelServerAddress,
        processes,
        [Symbol.asyncDispose]: () => parts.disposeAsync(),
      };
    }
  }
}
