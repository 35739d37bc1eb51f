/**
 * By which exit node each client goes to the Internet: rules, choices and who is connected, without
 * any I/O.
 *
 * For a client these count, the first that says something:
 *
 * 1. the administrator's choice for it (`exit-choices`, `vpn exit-node choose`)
 * 2. its own wish (`use-exit`), if a rule has that exit node for it
 * 3. the first rule that fits it (`exit-node NAME [for CLIENT…]`)
 * 4. the server
 *
 * @module
 */

import type { ExitNodeRule, ServerExitOptions } from "../../config/mod.ts";

/** A client that is connected. */
export interface ExitClient {
  /** Its common name. */
  readonly name: string;
  /** Whether it offers to be an exit node. */
  readonly offers: boolean;
  /** The exit node that it wishes for. */
  readonly wish?: string;
}

/** Where a client's Internet traffic goes. */
export type ExitVerdict =
  | { readonly kind: "server" }
  /** By the client of that peer-id. */
  | { readonly kind: "peer"; readonly peer: number; readonly name: string }
  /** Nowhere: dropped. */
  | { readonly kind: "none"; readonly reason: string };

/** What an administrator can choose for a client besides the name of another one. */
export const exitWords = ["server", "none"] as const;

const server: ExitVerdict = { kind: "server" };

/** Decides for all clients. */
export class ExitPolicy {
  /** By client, what the administrator chose. */
  choices: ReadonlyMap<string, string> = new Map();
  readonly #options: Pick<ServerExitOptions, "server" | "rules">;
  readonly #clients: ReadonlyMap<number, ExitClient>;

  /** @param clients Those that are connected, by peer-id; looked at anew for each verdict. */
  constructor(
    options: Pick<ServerExitOptions, "server" | "rules">,
    clients: ReadonlyMap<number, ExitClient>,
  ) {
    this.#options = options;
    this.#clients = clients;
  }

  /** Whether a rule or choice names that client as exit node. */
  names(name: string): boolean {
    return this.#options.rules.some((rule) => rule.name === name) ||
      [...this.choices.values()].includes(name);
  }

  /** Where that client's Internet traffic is to go now. */
  verdict(client: ExitClient): ExitVerdict {
    const choice = this.choices.get(client.name) ?? this.#allowedWish(client);
    if (choice === "server") return server;
    if (choice === "none") return { kind: "none", reason: "none was chosen for it" };
    const rule = choice === undefined
      ? this.#options.rules.find((candidate) => fits(candidate, client))
      : this.#options.rules.find(({ name }) => name === choice);
    const name = choice ?? rule?.name;
    // Nobody is its own exit node.
    if (name === undefined || name === client.name) return server;
    for (const [peer, other] of this.#clients) {
      if (other.offers && other.name === name) return { kind: "peer", peer, name };
    }
    if (rule?.fallback === "server") return server;
    return { kind: "none", reason: `${name} is not there` };
  }

  #allowedWish(client: ExitClient): string | undefined {
    const { wish } = client;
    if (wish === undefined) return undefined;
    if (wish === "server") return this.#options.server ? wish : undefined;
    return this.#options.rules.some((rule) => rule.name === wish && fits(rule, client))
      ? wish
      : undefined;
  }
}

function fits(rule: ExitNodeRule, client: ExitClient): boolean {
  return rule.clients === undefined
    ? rule.name !== client.name
    : rule.clients.includes(client.name);
}
