/**
 * A server and its clients, ready to be started: the setting of most tests with real peers.
 *
 * @module
 */

import { type Credentials, makeCredentials } from "./certificates.ts";
import { clientConfig, type ConfigOptions, serverConfig, serverPort } from "./configs.ts";
import { TemporaryDirectory } from "./directory.ts";
import { type Host, Network } from "./network.ts";
import { type Implementation, Peer } from "./peers.ts";

/** What to start, beyond what every configuration has. */
export interface StartOptions extends Partial<ConfigOptions> {
  readonly implementation: Implementation;
  /** Further arguments for our program only. */
  readonly ourArguments?: readonly string[];
  /** Path of the compiled program, for `executable`. */
  readonly executable?: string;
  readonly env?: Record<string, string>;
  /** On a terminal of its own: see `PeerOptions`. */
  readonly terminal?: boolean;
  /** Client only: what stands after `remote`; the first host's address and port by default. */
  readonly remote?: string;
}

/** Hosts on one network with credentials; the first host is the server's. */
export class Scenario implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  #started = 0;

  private constructor(
    readonly directory: string,
    readonly credentials: Credentials,
    readonly network: Network,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** @param label A word that tells the reader of `ip netns` what it is for. */
  static async create(label: string, options: { clients?: number } = {}): Promise<Scenario> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await TemporaryDirectory.create());
    const credentials = await makeCredentials(directory.path);
    const network = stack.use(await Network.create(label, { hosts: 1 + (options.clients ?? 1) }));
    return new Scenario(directory.path, credentials, network, stack.move());
  }

  get serverHost(): Host {
    return this.network.hosts[0];
  }

  /** Host of client `index`, from 0. */
  clientHost(index = 0): Host {
    return this.network.hosts[1 + index];
  }

  /** Starts a server on the first host; it may not be ready yet. */
  startServer(options: StartOptions): Promise<Peer> {
    return this.#start("server", this.serverHost, options);
  }

  /** Starts a client of that server; it may not be ready yet. */
  startClient(options: StartOptions, index = 0): Promise<Peer> {
    return this.#start("client", this.clientHost(index), options);
  }

  #start(role: "server" | "client", host: Host, options: StartOptions): Promise<Peer> {
    const configOptions = { credentials: this.credentials, ...options };
    return Peer.start({
      implementation: options.implementation,
      role,
      namespace: host.namespace,
      directory: this.directory,
      name: `${role}-${++this.#started}`,
      config: role === "server"
        ? serverConfig(configOptions)
        : clientConfig(options.remote ?? `${this.serverHost.address} ${serverPort}`, configOptions),
      ourArguments: options.ourArguments,
      executable: options.executable,
      env: options.env,
      terminal: options.terminal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
