/**
 * A server's report as tables.
 *
 * @module
 */

import { type Cell, formatTable } from "../authority/terminal.ts";
import { statusField, undefinedName } from "../status/status_text.ts";
import type { ServerReport } from "./server_report.ts";

/** Traffic of a client between two reports, bytes per second. */
export interface ClientRate {
  readonly received: number;
  readonly sent: number;
}

/** Columns that a table can be sorted by. */
export const sortOrders = ["name", "received", "sent", "since"] as const;
/** One of them. */
export type SortOrder = (typeof sortOrders)[number];

/** What is above the table. */
export function summary(report: ServerReport): string[] {
  const { version, engine, startedAt, time, clients, maximumClients } = report;
  const dropped = Object.entries(report.drops)
    .sort(([, a], [, b]) => b - a).slice(0, 4).map(([reason, count]) => `${count} ${reason}`);
  const failed = Object.entries(report.handshakes)
    .filter(([result, count]) => result !== "succeeded" && count > 0)
    .map(([result, count]) => `${count} ${result}`);
  return [
    `vpn ${version}, ${engine}, up for ${duration(time - startedAt)}; ` +
    `${clients.length} of ${maximumClients} clients`,
    `received ${bytes(report.received)}, sent ${bytes(report.sent)}` +
    (dropped.length === 0 ? "" : `; dropped packets: ${dropped.join(", ")}`),
    ...failed.length === 0 ? [] : [`failed handshakes: ${failed.join(", ")}`],
  ];
}

/** A row for each client. `rates`: by the client's number, where they are known. */
export function clientTable(
  report: ServerReport,
  colours: boolean,
  rates?: ReadonlyMap<number, ClientRate>,
  order: SortOrder = "name",
): string[] {
  if (report.clients.length === 0) return ["no client is connected"];
  const rate = (id: number) => rates?.get(id) ?? { received: 0, sent: 0 };
  const clients = [...report.clients].sort((a, b) => {
    if (order === "since") return a.connectedSince - b.connectedSince;
    if (order === "name" || rates === undefined) {
      return (a.commonName ?? "").localeCompare(b.commonName ?? "") || a.clientId - b.clientId;
    }
    return rate(b.clientId)[order] - rate(a.clientId)[order] || a.clientId - b.clientId;
  });
  const headings = [
    ...["NAME", "FROM", "ADDRESS", "RECEIVED", "SENT"],
    ...rates === undefined ? [] : ["IN", "OUT"],
    ...["RTT", "SINCE", "CIPHER", "CLIENT"],
  ];
  const rows = clients.map((client): Cell[] => {
    const { received, sent } = rate(client.clientId);
    return [
      // Clients choose these: they must not move the cursor or make lines.
      statusField(client.commonName ?? undefinedName),
      client.realAddress,
      client.virtualAddress ?? client.virtualIpv6Address ?? "",
      bytes(client.bytesReceived),
      bytes(client.bytesSent),
      ...rates === undefined ? [] : [`${bytes(received)}/s`, `${bytes(sent)}/s`],
      client.roundTrip === undefined ? "" : milliseconds(client.roundTrip),
      duration(report.time - client.connectedSince),
      client.cipher,
      { text: statusField(client.clientVersion ?? "").slice(0, 30), tone: "faint" },
    ];
  });
  return formatTable(headings, rows, colours);
}

/** The rates of clients that are in both. */
export function clientRates(
  former: ServerReport,
  report: ServerReport,
): ReadonlyMap<number, ClientRate> {
  const before = new Map(former.clients.map((client) => [client.clientId, client]));
  const seconds = Math.max(0.001, (report.time - former.time) / 1000);
  const rates = new Map<number, ClientRate>();
  for (const { clientId, bytesReceived, bytesSent } of report.clients) {
    const old = before.get(clientId);
    if (old === undefined) continue;
    rates.set(clientId, {
      received: Math.max(0, bytesReceived - old.bytesReceived) / seconds,
      sent: Math.max(0, bytesSent - old.bytesSent) / seconds,
    });
  }
  return rates;
}

/** `1.5 MB`: three digits, in powers of 1000. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = count;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `0.8 ms`, `35 ms`. */
export function milliseconds(time: number): string {
  return `${time.toFixed(time < 9.95 ? 1 : 0)} ms`;
}

/** `3 d 4 h`: the two largest units. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([value]) => value > 0);
  return shown.map(([value, unit]) => `${value} ${unit}`).join(" ");
}
