/**
 * A server's part in exit nodes: the server itself as one, and its clients for one another.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ServerConfig, ServerExitOptions } from "../../config/mod.ts";
import { noExit, serverExit } from "../../data/exit_routes.ts";
import type { DataPlaneCommand } from "../../loop/data_plane.ts";
import type { ExitNode } from "../../net/exit_node.ts";
import type { PeerInfo } from "../../wire/peer_info.ts";
import { ExitChoicesWatch } from "./exit_choices.ts";
import { type ExitClient, ExitPolicy, type ExitVerdict } from "./exit_policy.ts";
import { type InsideNetwork, insideNetworks, pushedNetworks } from "./inside_networks.ts";
import { offerVariable, wishVariable } from "./peer_variables.ts";

type ExitConfig = Pick<ServerConfig, "exit" | "network" | "push">;

/** See the module's page. */
export class ServerExit {
  /** Whether clients may be exit nodes. */
  readonly clientExits: boolean;
  readonly #config: ExitConfig;
  readonly #options: ServerExitOptions;
  readonly #log: Log;
  readonly #node: ExitNode | undefined;
  readonly #clients = new Map<number, ExitClient>();
  readonly #policy: ExitPolicy;
  /** By peer-id, what the data plane was told. */
  readonly #verdicts = new Map<number, ExitVerdict>();
  readonly #inside = new Set<string>();
  #command: (command: DataPlaneCommand) => void = () => {};
  #watch: ExitChoicesWatch | undefined;

  private constructor(
    config: ExitConfig,
    options: ServerExitOptions,
    node: ExitNode | undefined,
    log: Log,
  ) {
    this.#config = config;
    this.#options = options;
    this.#node = node;
    this.#log = log;
    this.#policy = new ExitPolicy(options, this.#clients);
    this.clientExits = options.rules.length > 0 || options.choices !== undefined;
  }

  /**
   * What the configuration asks for; undefined where it does not speak of exit nodes.
   *
   * @param tunnel Name of the server's TUN device.
   * @throws {VpnError} when the server cannot be one; then nothing of it is left.
   */
  static async open(
    config: ExitConfig,
    tunnel: string,
    log: Log,
  ): Promise<ServerExit | undefined> {
    const options = config.exit;
    if (options === undefined) return undefined;
    const node = options.server ? await openExitNode(config, options, tunnel, log) : undefined;
    return new ServerExit(config, options, node, log);
  }

  /** The data plane is there: tells it what is not the Internet. Before the first client. */
  attach(command: (command: DataPlaneCommand) => void): void {
    if (!this.clientExits) return;
    this.#command = command;
    this.#addInside(insideNetworks(this.#config));
    const { choices } = this.#options;
    if (choices === undefined) return;
    this.#watch = new ExitChoicesWatch(choices, (read) => {
      this.#policy.choices = read;
      this.#decideAll();
    }, this.#log);
  }

  /**
   * A client has become a peer of the data plane, and has no keys yet.
   *
   * @param pushed The options that it gets.
   */
  joined(peer: number, name: string, peerInfo: PeerInfo, pushed: readonly string[]): void {
    if (!this.clientExits) return;
    this.#addInside(pushedNetworks(pushed));
    const offers = peerInfo.get(offerVariable) === "1";
    const client = { name, offers, wish: peerInfo.get(wishVariable) };
    const named = this.#policy.names(name);
    if (offers && !named) {
      this.#log.at(1, `${name} offers to be an exit node; exit-node ${name} would make it one`);
    } else if (named && !offers) {
      this.#log.warn(`${name} is named as an exit node and does not offer to be (advertise-exit)`);
    }
    this.#clients.set(peer, client);
    this.#verdicts.set(peer, { kind: "server" });
    if (offers) this.#decideAll();
    else this.#decide(peer, client);
  }

  /** A client is gone from the data plane, which has stopped what went by it. */
  left(peer: number): void {
    const client = this.#clients.get(peer);
    if (client === undefined) return;
    this.#clients.delete(peer);
    this.#verdicts.delete(peer);
    if (client.offers) this.#decideAll();
  }

  /** Every exit node that is named or chosen, or offers to be one, and who goes by it. */
  picture(): readonly ExitPicture[] {
    const names = new Set([
      ...this.#options.server ? ["server"] : [],
      ...this.#options.rules.map(({ name }) => name),
      ...[...this.#policy.choices.values()].filter((name) => name !== "server" && name !== "none"),
      ...[...this.#clients.values()].filter(({ offers }) => offers).map(({ name }) => name),
    ]);
    const connected = new Map([...this.#clients].map(([peer, { name }]) => [name, peer]));
    return [...names].map((name) => {
      const chosen = [...this.#policy.choices].filter(([, exit]) => exit === name);
      const clients = [...this.#clients]
        .filter(([peer]) => exitName(this.#verdicts.get(peer)) === name);
      return {
        name,
        connected: name === "server" || connected.has(name),
        clients: [
          ...new Set([...chosen.map(([client]) => client), ...clients.map(([, { name }]) => name)]),
        ].sort(),
      };
    });
  }

  /** Undoes what was changed on this machine. */
  async close(): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    await this.#node?.close();
  }

  #addInside(networks: readonly InsideNetwork[]): void {
    for (const { network, prefixLength } of networks) {
      const key = `${network}/${prefixLength}`;
      if (this.#inside.has(key)) continue;
      this.#inside.add(key);
      this.#command({ kind: "add-inside-network", network, prefixLength });
    }
  }

  #decideAll(): void {
    for (const [peer, client] of this.#clients) this.#decide(peer, client);
  }

  #decide(peer: number, client: ExitClient): void {
    const verdict = this.#policy.verdict(client);
    const former = this.#verdicts.get(peer);
    if (former !== undefined && same(former, verdict)) return;
    this.#verdicts.set(peer, verdict);
    this.#command({ kind: "set-exit", peer, exit: exitOf(verdict) });
    this.#log.at(1, `${client.name}: Internet traffic ${describe(verdict)}`);
  }
}

/** An exit node, and who goes by it. */
export interface ExitPicture {
  readonly name: string;
  readonly connected: boolean;
  /** Clients that go by it now or were told to. */
  readonly clients: readonly string[];
}

function exitName(verdict: ExitVerdict | undefined): string | undefined {
  return verdict?.kind === "peer" ? verdict.name : verdict?.kind;
}

async function openExitNode(
  { network, push }: ExitConfig,
  { out }: ServerExitOptions,
  tunnel: string,
  log: Log,
): Promise<ExitNode> {
  const { ExitNode } = await import("../../net/exit_node.ts");
  if (!push.some((option) => /^redirect-gateway\b/.test(option))) {
    log.at(
      1,
      'clients send their Internet traffic here once they are told: push "redirect-gateway def1"',
    );
  }
  return await ExitNode.open({ tunnel, out, ipv6: network.ifconfigIpv6 !== undefined }, log);
}

function exitOf(verdict: ExitVerdict): number {
  if (verdict.kind === "peer") return verdict.peer;
  return verdict.kind === "server" ? serverExit : noExit;
}

function same(a: ExitVerdict, b: ExitVerdict): boolean {
  return exitOf(a) === exitOf(b);
}

function describe(verdict: ExitVerdict): string {
  if (verdict.kind === "peer") return `goes by ${verdict.name}`;
  return verdict.kind === "server" ? "goes by the server" : `is dropped: ${verdict.reason}`;
}
