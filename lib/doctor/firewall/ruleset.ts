/**
 * The machine's packet filter as `nft -j list ruleset` says it. Source: libnftables-json(5).
 *
 * @module
 */

import { nftEnvironment } from "../../net/nftables.ts";

/** A chain; with a hook it is one that packets begin in. */
export interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  /** `filter`, `nat` or `route`. */
  readonly type?: string;
  readonly policy?: string;
  /** Each a list of expressions and statements. */
  readonly rules: readonly (readonly Statement[])[];
}

/** An expression or a statement: an object with one key that says which. */
export type Statement = Readonly<Record<string, unknown>>;

/** The chains, by what `chainKey` makes. */
export type Ruleset = ReadonlyMap<string, Chain>;

/** How chains are found. */
export function chainKey(family: string, table: string, name: string): string {
  return `${family} ${table} ${name}`;
}

/** Reads nft's JSON. @throws {SyntaxError} when it is none. */
export function parseRuleset(json: string): Ruleset {
  const { nftables = [] }: { nftables?: Readonly<Record<string, Fields>>[] } = JSON.parse(json);
  const chains = new Map<string, Chain & { rules: (readonly Statement[])[] }>();
  for (const { chain, rule } of nftables) {
    if (chain !== undefined) {
      const { family, table, name, hook, type, policy } = chain as Record<string, string>;
      const key = chainKey(family, table, name);
      chains.set(key, { family, table, name, hook, type, policy, rules: [] });
    } else if (rule !== undefined) {
      const { family, table, chain: name, expr } = rule as Record<string, string> & {
        expr?: Statement[];
      };
      chains.get(chainKey(family, table, name))?.rules.push(expr ?? []);
    }
  }
  return chains;
}

type Fields = Readonly<Record<string, unknown>>;

/** This machine's; undefined where it cannot be asked for: no nft, or not allowed. */
export async function machineRuleset(): Promise<Ruleset | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("nft", {
      args: ["-j", "list", "ruleset"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      ...nftEnvironment(),
    }).output();
    return success ? parseRuleset(new TextDecoder().decode(stdout)) : undefined;
  } catch {
    return undefined;
  }
}
