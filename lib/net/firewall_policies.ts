/**
 * Other people's firewall rules that stop what we forward: an accept in our table does not overrule
 * a drop in another one.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import { nftEnvironment } from "./nftables.ts";

/** A chain that drops what no rule of it accepts. */
export interface DroppingChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

/** Warns of chains of the forward hook whose policy is to drop. */
export async function warnOfForwardDrops(tunnel: string, log: Log): Promise<void> {
  for (const { family, table, name } of await forwardDrops()) {
    const iptables = family === "ip6" ? "ip6tables" : "iptables";
    // What iptables made is known by its names; others write nft's language.
    const remedy = table === "filter" && name === "FORWARD"
      ? `${iptables} -I FORWARD -i ${tunnel} -j ACCEPT; ${iptables} -I FORWARD -o ${tunnel} -j ACCEPT`
      : `nft insert rule ${family} ${table} ${name} iifname ${tunnel} accept; ` +
        `nft insert rule ${family} ${table} ${name} oifname ${tunnel} accept`;
    log.warn(
      `the firewall's chain ${family} ${table} ${name} drops forwarded packets that it does not ` +
        `accept: if clients have no Internet, run ${remedy}`,
    );
  }
}

/** Those chains; none where they cannot be asked for. */
export async function forwardDrops(): Promise<DroppingChain[]> {
  try {
    const { success, stdout } = await new Deno.Command("nft", {
      args: ["-j", "list", "chains"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      ...nftEnvironment(),
    }).output();
    return success ? parseDroppingChains(new TextDecoder().decode(stdout)) : [];
  } catch {
    return [];
  }
}

/** Those of `nft -j list chains` (libnftables-json(5)). */
export function parseDroppingChains(json: string): DroppingChain[] {
  const { nftables = [] }: { nftables?: { chain?: Record<string, unknown> }[] } = JSON.parse(json);
  return nftables.flatMap(({ chain }) =>
    chain?.hook === "forward" && chain.policy === "drop"
      ? [{ family: String(chain.family), table: String(chain.table), name: String(chain.name) }]
      : []
  );
}
