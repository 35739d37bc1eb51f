/**
 * The tables of a report, and how they look in a terminal and in Markdown.
 *
 * @module
 */

import { formatCell, formatNumber, formatRatio, formatTarget } from "./format.ts";
import { metricIds, metrics } from "./metrics.ts";
import { baseline, contenders, groups } from "./plan.ts";
import type { Report, Row } from "./report.ts";

/** A table; the first column is left-aligned, the others right. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Lines below it. */
  readonly notes: readonly string[];
}

const contenderTitle = (id: string) => contenders.get(id)?.title ?? id;
const groupTitle = (id: string) => groups.find((group) => group.id === id)?.title ?? id;

function metricTitle(row: Row, report: Report): string {
  const title = metrics[row.metric]?.title ?? row.metric;
  return title.replace("#", String(report.settings.clients));
}

/** Each reason once, with whom it concerns. */
function missingNotes(rows: readonly Row[], report: Report): string[] {
  const byReason = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.missing === undefined) continue;
    const key = `${contenderTitle(row.contender)}\n${row.missing}`;
    byReason.set(key, [...byReason.get(key) ?? [], row]);
  }
  return [...byReason].map(([key, affected]) => {
    const [contender, reason] = key.split("\n");
    const all = rows.filter((row) => contenderTitle(row.contender) === contender).length;
    const what = affected.length === all
      ? contender
      : `${contender} (${affected.map((row) => metricTitle(row, report)).join("; ")})`;
    const isPartial = affected.every((row) => row.median !== undefined);
    return `${what}: ${isPartial ? "some rounds are missing" : "not measured"}: ${reason}`;
  });
}

/** One table per group: a line for each metric, a column for each contender. */
export function groupTables(report: Report): Table[] {
  const byGroup = Map.groupBy(report.rows, (row) => row.group);
  return [...byGroup].map(([group, rows]) => {
    const columns = [...new Set(rows.map((row) => row.contender))];
    const lines = metricIds.flatMap((metric) => {
      const ofMetric = rows.filter((row) => row.metric === metric);
      if (ofMetric.length === 0) return [];
      const cells = columns.map((column) => {
        const row = ofMetric.find(({ contender }) => contender === column);
        return row === undefined ? "" : formatCell(row);
      });
      return [[`${metricTitle(ofMetric[0], report)}, ${ofMetric[0].unit}`, ...cells]];
    });
    return {
      title: groupTitle(group),
      header: ["", ...columns.map(contenderTitle)],
      rows: lines,
      notes: missingNotes(rows, report),
    };
  });
}

/** What is to be reached and what was. */
export function targetTable(report: Report): Table {
  const withTarget = report.rows.filter((row) => row.target !== undefined);
  const reached = withTarget.filter((row) => row.reached === true).length;
  const missed = withTarget.filter((row) => row.reached === false).length;
  const open = withTarget.length - reached - missed;
  return {
    title: "Targets",
    header: ["", "OpenVPN", "ours", "from", "to", "ratio", "target", "reached"],
    rows: withTarget.map((row) => {
      const other = report.rows.find(({ group, contender, metric }) =>
        group === row.group && contender === baseline && metric === row.metric
      );
      const number = (value?: number) => value === undefined ? "–" : formatNumber(value);
      return [
        `${groupTitle(row.group)}, ${contenderTitle(row.contender)}: ` +
        `${metricTitle(row, report)}, ${row.unit}`,
        ...[other?.median, row.median, row.minimum, row.maximum].map(number),
        row.ratio === undefined ? "–" : formatRatio(row.ratio),
        row.target === undefined ? "" : formatTarget(row.target, row.unit),
        row.reached === undefined ? "?" : row.reached ? "✓" : "✗ no",
      ];
    }),
    notes: [
      `${reached} of ${withTarget.length} targets reached, ${missed} missed, ` +
      `${open} not measured.`,
    ],
  };
}

/** All tables of a report; that of the targets first, where there are any. */
export function tablesOf(report: Report): Table[] {
  const targets = targetTable(report);
  return [...groupTables(report), ...(targets.rows.length > 0 ? [targets] : [])];
}

/** For a terminal. Every character used is one column wide. */
export function tableText(table: Table): string {
  const lines = [table.header, ...table.rows];
  const widths = table.header.map((_, i) => Math.max(...lines.map((line) => [...line[i]].length)));
  const pad = (cell: string, i: number) => {
    const fill = " ".repeat(widths[i] - [...cell].length);
    return i === 0 ? cell + fill : fill + cell;
  };
  return [
    table.title,
    ...lines.map((line) => `  ${line.map(pad).join("   ").trimEnd()}`),
    ...table.notes.map((note) => `  ${note}`),
  ].join("\n");
}

/** A cell's text with what means something in a Markdown table escaped. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\|*_`<>\[\]]/g, (character) => `\\${character}`);
}

/** For a Markdown page: a heading of the third level, the table, its notes. */
export function tableMarkdown(table: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  return [
    `### ${table.title}`,
    "",
    line(table.header),
    `|${table.header.map((_, i) => i === 0 ? " --- " : " ---: ").join("|")}|`,
    ...table.rows.map(line),
    ...(table.notes.length > 0
      ? ["", ...table.notes.map((note) => `- ${escapeMarkdown(note)}`)]
      : []),
  ].join("\n");
}
