/**
 * What is measured of whom: groups of contenders that are measured in turn under the same
 * conditions, and compared with OpenVPN.
 *
 * @module
 */

import type { Implementation } from "../../tests/harness/peers.ts";
import { type MetricId, metricIds, metrics } from "./metrics.ts";

/** The ciphers, as OpenVPN names them. CBC goes with HMAC-SHA256. */
export const ciphers = ["AES-256-GCM", "AES-256-CBC", "CHACHA20-POLY1305"] as const;

/** Our crypto engines. */
export const engines = ["openssl", "ipsec-mb", "webcrypto"] as const;

/** What carries the traffic. */
export interface Contender {
  readonly id: string;
  readonly title: string;
  /** `none`: no VPN at all, what machine and measuring programs can do by themselves. */
  readonly kind: "openvpn" | "wireguard-go" | "none";
  /** Who serves and who connects; without meaning for other kinds than `openvpn`. */
  readonly server: Implementation;
  readonly client: Implementation;
  /** What `--crypto` says to ours. */
  readonly engine?: string;
}

/** The one that others are compared with. */
export const baseline = "openvpn";

function ours(engine: string): Contender {
  return {
    id: `ours-${engine}`,
    title: engine === "auto" ? "ours" : `ours, ${engine}`,
    ...{ kind: "openvpn", server: "ours", client: "ours", engine },
  };
}

const both = { server: "openvpn", client: "openvpn" } as const;

/** All contenders by id. */
export const contenders: ReadonlyMap<string, Contender> = new Map(
  ([
    { id: baseline, title: "OpenVPN", kind: "openvpn", ...both },
    ...engines.map(ours),
    ours("auto"),
    {
      id: "ours-serves",
      title: "ours serves OpenVPN",
      ...{ kind: "openvpn", server: "ours", client: "openvpn", engine: "auto" },
    },
    {
      id: "ours-connects",
      title: "OpenVPN serves ours",
      ...{ kind: "openvpn", server: "openvpn", client: "ours", engine: "auto" },
    },
    { id: "wireguard-go", title: "wireguard-go", kind: "wireguard-go", ...both },
    { id: "none", title: "no VPN", kind: "none", ...both },
  ] satisfies Contender[]).map((contender) => [contender.id, contender]),
);

/** Contenders under the same conditions. */
export interface Group {
  readonly id: string;
  readonly title: string;
  /** How the tunnel is carried. */
  readonly transport: "udp" | "tcp";
  readonly cipher: string;
  /** Ids of the contenders, in the order of a round, and what is measured of each. */
  readonly sessions: readonly (readonly [contender: string, metrics: readonly MetricId[]])[];
}

const sessionMetrics: readonly MetricId[] = [
  ...["connect", "memory-idle", "memory-one", "memory-many", "memory-client"] as const,
  ...["pss-one", "pss-many", "idle-cpu", "sessions", "session-cpu"] as const,
];
const trafficMetrics = metricIds.filter((id) => !sessionMetrics.includes(id));
const withoutCpu = trafficMetrics.filter((id) => metrics[id].unit !== "CPU-s/GB");
const oneStream: readonly MetricId[] = ["tcp1-up", "tcp1-down"];

const oursByEngine = engines.map((engine) => `ours-${engine}`);

function cipherTitle(cipher: string): string {
  return cipher.includes("CBC") ? `${cipher} with SHA256` : cipher;
}

/** All groups, in the order in which they are measured. */
export const groups: readonly Group[] = [
  ...ciphers.map((cipher): Group => ({
    id: `udp/${cipher}`,
    title: `${cipherTitle(cipher)} over UDP`,
    transport: "udp",
    cipher,
    sessions: [
      [baseline, trafficMetrics],
      ...oursByEngine.map((id) => [id, trafficMetrics] as const),
      ["ours-serves", oneStream],
      ["ours-connects", oneStream],
      // WireGuard's only cipher.
      ...(cipher === "CHACHA20-POLY1305" ? [["wireguard-go", trafficMetrics] as const] : []),
    ],
  })),
  ...ciphers.map((cipher): Group => ({
    id: `tcp/${cipher}`,
    title: `${cipherTitle(cipher)} over TCP`,
    transport: "tcp",
    cipher,
    sessions: [baseline, ...oursByEngine].map((id) => [id, oneStream] as const),
  })),
  {
    id: "sessions",
    title: "Sessions and memory",
    transport: "udp",
    cipher: "AES-256-GCM",
    sessions: [[baseline, sessionMetrics], ["ours-auto", sessionMetrics]],
  },
  {
    id: "none",
    title: "Without a VPN, for comparison",
    transport: "udp",
    cipher: "none",
    sessions: [["none", withoutCpu]],
  },
];

/** A contender's turn: started, measured, ended. Once per round. */
export interface Session {
  readonly group: Group;
  readonly contender: Contender;
  readonly metrics: readonly MetricId[];
}

/** Name of a row: what `--filter` is matched against. */
export function rowId(group: string, contender: string, metric: string): string {
  return `${group}/${contender}/${metric}`;
}

/**
 * The sessions of one round, by group. With a filter: those that have a row whose name matches,
 * with these rows only; and the rows of OpenVPN that they are compared with.
 */
export function plan(filter?: RegExp): { group: Group; sessions: Session[] }[] {
  const planned: { group: Group; sessions: Session[] }[] = [];
  for (const group of groups) {
    const chosen = new Map(
      group.sessions.map(([id, all]) => [
        id,
        all.filter((metric) => filter === undefined || filter.test(rowId(group.id, id, metric))),
      ]),
    );
    const compared = new Set([...chosen.values()].flat());
    const sessions: Session[] = [];
    for (const [id, all] of group.sessions) {
      const wanted = id === baseline
        ? all.filter((metric) => compared.has(metric))
        : chosen.get(id) ?? [];
      const contender = contenders.get(id);
      if (contender === undefined) throw new Error(`no contender ${id}`);
      if (wanted.length > 0) sessions.push({ group, contender, metrics: wanted });
    }
    if (sessions.length > 0) planned.push({ group, sessions });
  }
  return planned;
}
