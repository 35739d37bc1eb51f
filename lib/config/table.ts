/**
 * The option table: every option that OpenVPN knows, and ours.
 *
 * @module
 */

import { nearest } from "./nearest.ts";
import { notYet } from "./not_yet.ts";
import type { OptionRow } from "./option.ts";
import { accessOptions } from "./options/access.ts";
import { authorityOptionRows } from "./options/authority.ts";
import { portalOptionRows } from "./options/portal.ts";
import { monitoringOptionRows } from "./options/monitoring.ts";
import { clientOptions } from "./options/client.ts";
import { connectionOptions } from "./options/connection.ts";
import { controlChannelOptions } from "./options/control_channel.ts";
import { dataChannelOptions } from "./options/data_channel.ts";
import { dnsOptionRows } from "./options/dns.ts";
import { exitOptions } from "./options/exit.ts";
import { ignoredOptions } from "./options/ignored.ts";
import { killSwitchOptions } from "./options/kill_switch.ts";
import { managementOptionRows } from "./options/management.ts";
import { networkOptions } from "./options/network.ts";
import { perClientOptions } from "./options/per_client.ts";
import { peerCertificateOptions } from "./options/peer_certificate.ts";
import { processOptions } from "./options/process.ts";
import { pushedOptionRows } from "./options/pushed.ts";
import { refusedOptions } from "./options/refused.ts";
import { renegotiationOptions } from "./options/renegotiation.ts";
import { loginOptionRows } from "./options/login.ts";
import { scriptOptions } from "./options/scripts.ts";
import { serverOptions } from "./options/server.ts";
import { tlsOptions } from "./options/tls.ts";

/** All options, by theme. */
export const optionRows: readonly OptionRow[] = [
  ...clientOptions,
  ...connectionOptions,
  ...tlsOptions,
  ...peerCertificateOptions,
  ...controlChannelOptions,
  ...renegotiationOptions,
  ...dataChannelOptions,
  ...networkOptions,
  ...dnsOptionRows,
  ...killSwitchOptions,
  ...serverOptions,
  ...perClientOptions,
  ...accessOptions,
  ...exitOptions,
  ...authorityOptionRows,
  ...portalOptionRows,
  ...monitoringOptionRows,
  ...processOptions,
  ...managementOptionRows,
  ...pushedOptionRows,
  ...loginOptionRows,
  ...scriptOptions,
  ...ignoredOptions,
  ...refusedOptions,
];

const byName: ReadonlyMap<string, OptionRow> = new Map(optionRows.map((row) => [row.name, row]));

/** The row of an option. */
export function findOption(name: string): OptionRow | undefined {
  return byName.get(name);
}

/** The known option nearest to a mistyped one. */
export function nearestOption(name: string): string | undefined {
  return nearest(name, [...byName.keys(), "connection"]);
}

/**
 * What happens to an option, for people: its class, or `refused for now`, `accepted, no effect
 * yet`, and with which parameters.
 */
export function optionStatus(row: OptionRow): string {
  const missing = notYet.filter((entry) => entry.options.includes(row.name));
  const always = missing.find((entry) => entry.when === undefined);
  if (always) return always.effect === "refuse" ? "refused for now" : "accepted, no effect yet";
  return missing.length === 0 ? row.class : `${row.class}, in part`;
}

/** The table as Markdown, for the README. */
export function optionTableMarkdown(): string {
  const lines: string[] = [];
  for (const theme of new Set(optionRows.map((row) => row.theme))) {
    lines.push(`### ${theme[0].toUpperCase()}${theme.slice(1)}`, "");
    lines.push("| option | parameters | what happens | meaning |", "|---|---|---|---|");
    for (const row of optionRows.filter((candidate) => candidate.theme === theme)) {
      const usage = row.class === "refused" ? "" : code(row.usage);
      lines.push(`| ${code(row.name)} | ${usage} | ${optionStatus(row)} | ${meaning(row)} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

function meaning(row: OptionRow): string {
  const notes = notYet.filter((entry) => entry.options.includes(row.name))
    .map((entry) => entry.reason);
  const parts = [row.summary, ...(row.remedy === undefined ? [] : [row.remedy]), ...notes];
  return parts.map(escape).join("; ");
}

function code(text: string): string {
  return text === "" ? "" : `\`${escape(text)}\``;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
