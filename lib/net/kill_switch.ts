/**
 * The kill switch: an nftables table of our own that lets nothing leave this machine but what the
 * tunnel carries, and what carries the tunnel.
 *
 * ```text
 * output   loopback ─► yes                      what has our socket's mark ─► yes
 *          into the tunnel's device ─► yes      DHCP, neighbour discovery ─► yes
 *          [lan: private addresses, no DNS ─► yes]                   all else ─► refused
 * forward  into or out of the tunnel's device ─► yes                 all else ─► refused
 * ```
 *
 * - What carries the tunnel is known by the mark of our socket, which only privileged processes can
 *   set; by the server's address anybody's packets to it would pass.
 * - The device is known by its number, which no later device gets: after a crash, another one of
 *   the same name opens nothing.
 * - The chains come before those of other tables (priority below `raw`), where the mark is still
 *   the socket's own. A packet that passes here is judged by the others' rules as before.
 * - The table stays when its process is killed. Its comment says whose it is.
 *
 * @module
 */

import { deleteNftTable, Errno, hasNftTable, NftFamily, SysError } from "deno-tun";
import { PrivilegeError, VpnError } from "../base/errors.ts";
import { startTimeOf } from "./changes/owner.ts";
import { ignoring } from "./kernel_errors.ts";
import { applyScript, listTable } from "./nftables.ts";

/** The table's name, in the family `inet`; one in each network namespace. */
export const killSwitchTable = "vpn_kill_switch";

/** SO_MARK of our packets where `mark` does not say otherwise. */
export const killSwitchMark = 0x1194;

/** What the kill switch lets pass. */
export interface KillSwitchRules {
  /** SO_MARK of the sockets that carry the tunnel, above 0. */
  readonly mark: number;
  /** Number of the tunnel's device; absent while there is none. */
  readonly tunnelIndex?: number;
  /** Whether private and link-local addresses may be reached. */
  readonly allowLan: boolean;
}

/** The process that has put a kill switch up. */
export interface KillSwitchOwner {
  readonly pid: number;
  /** In clock ticks since boot: with the pid it names one process. */
  readonly startTime: string;
}

/** Addresses that are never routed on the Internet (RFC 1918, 3927, 5771, 2365). */
const lanIpv4 = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, 224.0.0.0/24, " +
  "239.255.0.0/16, 255.255.255.255";

/** The same for IPv6: link-local, unique local, multicast of the link and the site. */
const lanIpv6 = "fe80::/10, fc00::/7, ff02::/16, ff05::/16";

/** Before `raw` (-300), and so before `mangle`, which may change marks. */
const priority = -310;

/** The transaction that puts the table up, in the place of one that is there. */
export function killSwitchScript(rules: KillSwitchRules, owner: KillSwitchOwner): string {
  const { mark, tunnelIndex, allowLan } = rules;
  if (!Number.isInteger(mark) || mark < 1 || mark > 0xffffffff) {
    throw new VpnError(
      "the kill switch knows our packets by their mark, which must not be 0",
      "remove mark, or give it another number",
    );
  }
  const [toTunnel, fromTunnel] = tunnelIndex === undefined
    ? [[], []]
    : [[`oif ${tunnelIndex} accept`], [`iif ${tunnelIndex} accept`]];
  const lan = allowLan ? [`ip daddr { ${lanIpv4} } accept`, `ip6 daddr { ${lanIpv6} } accept`] : [];
  // A name asked for in the local network is told to whoever answers for it there.
  const noDns = allowLan
    ? [`meta l4proto { tcp, udp } th dport { 53, 853 } counter reject with icmpx admin-prohibited`]
    : [];
  const refused = "counter reject with icmpx admin-prohibited";
  const output = [
    "oif lo accept",
    `meta mark ${mark} accept`,
    ...toTunnel,
    // Without an address there is no network: DHCP's clients use ports of privileged processes.
    "udp sport 68 udp dport 67 accept",
    "ip6 daddr { fe80::/10, ff02::1:2 } udp sport 546 udp dport 547 accept",
    // RFC 4861: what comes with another hop limit has crossed a router and is dropped there.
    "ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } " +
    "accept",
    "ip6 daddr ff02::16 icmpv6 type mld2-listener-report accept",
    ...noDns,
    ...lan,
    refused,
  ];
  const forward = [...toTunnel, ...fromTunnel, ...noDns, ...lan, refused];
  return tableScript(
    owner,
    `  chain output {
    type filter hook output priority ${priority}; policy drop;
    ${output.join("\n    ")}
  }
  chain forward {
    type filter hook forward priority ${priority}; policy drop;
    ${forward.join("\n    ")}
  }
`,
  );
}

function tableScript({ pid, startTime }: KillSwitchOwner, chains: string): string {
  return `table inet ${killSwitchTable}
delete table inet ${killSwitchTable}
table inet ${killSwitchTable} {
  comment "kill switch of vpn, process ${pid} ${startTime}"
${chains}}
`;
}

/** The kill switch that is in force; `owner`: absent where the table does not say. */
export interface StandingKillSwitch {
  readonly owner?: KillSwitchOwner;
  /** Whether that process is alive. */
  readonly attended: boolean;
  /** Packets that it refused so far. */
  readonly refused: number;
  /** The user has switched it off: the table says that to its process, and lets all pass. */
  readonly off: boolean;
}

/** The kill switch of this network namespace, if one is in force. @throws {VpnError} */
export function standingKillSwitch(): StandingKillSwitch | undefined {
  if (!hasTable()) return undefined;
  const table = listTable("inet", killSwitchTable);
  return table === undefined ? undefined : readKillSwitch(table);
}

/** Whether there is a table of that name. Asked of the kernel: that takes no program. */
function hasTable(): boolean {
  try {
    return hasNftTable(NftFamily.INET, killSwitchTable);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    // Without netfilter there are no tables.
    if (error.errno === Errno.EPROTONOSUPPORT) return false;
    throw new PrivilegeError("not allowed to look at nftables", "run as root", { cause: error });
  }
}

/** What a table as `nft` prints it says. */
export function readKillSwitch(table: string): StandingKillSwitch {
  const match = table.match(/comment "kill switch of vpn, process (\d{1,10}) (\d{1,20})"/);
  const off = !/\bchain output\b/.test(table);
  let refused = 0;
  for (const [, packets] of table.matchAll(/counter packets (\d+)/g)) refused += Number(packets);
  if (match === null) return { attended: false, refused, off };
  const owner = { pid: Number(match[1]), startTime: match[2] };
  return { owner, attended: startTimeOf(owner.pid) === owner.startTime, refused, off };
}

/** Takes a kill switch away, whoever's it is. Whether one was in force. @throws {VpnError} */
export function removeKillSwitch(): boolean {
  const standing = standingKillSwitch();
  if (standing === undefined) return false;
  ignoring(() => deleteNftTable(NftFamily.INET, killSwitchTable), [Errno.ENOENT]);
  return !standing.off;
}

/**
 * The user's word: nothing is refused any more. A process that attends to the kill switch learns of
 * it by the empty table that stays, and removes that at its end.
 *
 * @returns Whether one was in force.
 * @throws {VpnError}
 */
export function switchOffKillSwitch(): boolean {
  const standing = standingKillSwitch();
  if (standing?.owner === undefined || !standing.attended) return removeKillSwitch();
  if (!standing.off) applyScript(tableScript(standing.owner, ""));
  return !standing.off;
}

/**
 * Puts a kill switch up, or changes it, without a moment between the old and the new one.
 *
 * @throws {VpnError} when another living process has one, or nftables cannot be changed.
 */
export function putUpKillSwitch(rules: KillSwitchRules): void {
  const own = { pid: Deno.pid, startTime: startTimeOf(Deno.pid) ?? "0" };
  const standing = standingKillSwitch();
  if (standing?.attended && !standing.off && standing.owner?.pid !== own.pid) {
    throw new VpnError(
      `the process ${standing.owner?.pid} has a kill switch in force`,
      "end that one first: a machine has one tunnel that everything goes through",
    );
  }
  applyScript(killSwitchScript(rules, own));
}
