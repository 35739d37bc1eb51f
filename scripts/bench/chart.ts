/**
 * The chart of a report: a panel for each metric that tells something at a glance, a bar for each
 * contender, a thin line from the lowest to the highest round.
 *
 * @module
 */

import { formatNumber } from "./format.ts";
import { type MetricId, metrics } from "./metrics.ts";
import { contenders, groups } from "./plan.ts";
import type { Report, Row } from "./report.ts";
import { element, label, svgDocument } from "./svg.ts";

const panels: readonly MetricId[] = [
  ...["tcp1-up", "tcp1-down", "tcp4-up", "tcp4-down"] as const,
  ...["cpu-up-client", "cpu-up-server", "udp64", "udp1200"] as const,
  ...["rtt-idle", "rtt-load", "connect", "sessions", "memory-one", "memory-many"] as const,
];

/** Told apart by the colour-blind too (Okabe and Ito, "Color Universal Design", 2008). */
const colours: Readonly<Record<string, string>> = {
  "openvpn": "#999999",
  "ours-openssl": "#0072b2",
  "ours-auto": "#0072b2",
  "ours-ipsec-mb": "#56b4e9",
  "ours-webcrypto": "#009e73",
  "ours-serves": "#e69f00",
  "ours-connects": "#d55e00",
  "wireguard-go": "#cc79a7",
};

// In pixels.
const width = 960;
const margin = 24;
const panelWidth = (width - 3 * margin) / 2;
const barHeight = 11;
const barStep = 14;
const headingHeight = 20;
const groupHeight = 18;
/** Room for the figure behind the longest bar. */
const valueWidth = 56;

/** A panel without its place, and how high it is. */
interface Panel {
  readonly height: number;
  readonly content: string;
}

function drawPanel(metric: MetricId, rows: readonly Row[], clients: number): Panel {
  const { title, unit, better } = metrics[metric];
  const scale = (panelWidth - valueWidth) / Math.max(...rows.map((row) => row.maximum ?? 0), 1e-9);
  const parts = [
    label(0, 13, title.replace("#", String(clients)), { "font-weight": "bold", "font-size": 13 }),
    label(panelWidth, 13, `${unit}, ${better} is better`, {
      "text-anchor": "end",
      fill: "#666666",
    }),
  ];
  let y = headingHeight;
  for (const [group, ofGroup] of Map.groupBy(rows, (row) => row.group)) {
    const groupTitle = groups.find(({ id }) => id === group)?.title ?? group;
    parts.push(label(0, y + 12, groupTitle, { fill: "#444444", "font-size": 11 }));
    y += groupHeight;
    for (const row of ofGroup) {
      parts.push(drawBar(row, y, scale));
      y += barStep;
    }
    y += 4;
  }
  return { height: y, content: parts.join("\n") };
}

function drawBar(row: Row, y: number, scale: number): string {
  const [value = 0, low = value, high = value] = [row.median, row.minimum, row.maximum];
  // A time that a load "adds" may come out below zero.
  const length = (of: number) => Math.max(0, of) * scale;
  const middle = y + barHeight / 2;
  const tip = `${contenders.get(row.contender)?.title ?? row.contender}: ${formatNumber(value)} ` +
    `${row.unit} (${formatNumber(low)} to ${formatNumber(high)})`;
  return element(
    "g",
    {},
    label(0, 0, tip).replace(/^<text[^>]*>(.*)<\/text>$/, "<title>$1</title>") +
      element("rect", {
        ...{ x: 0, y, width: Math.max(1, length(value)), height: barHeight },
        fill: colours[row.contender] ?? "#000000",
      }) +
      element("path", {
        d: `M${length(low).toFixed(1)} ${middle}H${length(high).toFixed(1)}`,
        stroke: "#222222",
      }) +
      label(Math.max(length(high), length(value)) + 5, y + 10, formatNumber(value), {
        "font-size": 11,
      }),
  );
}

function drawLegend(ids: readonly string[]): Panel {
  const parts: string[] = [];
  let [x, y] = [0, 0];
  for (const id of ids) {
    const title = contenders.get(id)?.title ?? id;
    const room = 36 + title.length * 7.2;
    if (x > 0 && x + room > width - 2 * margin) [x, y] = [0, y + 18];
    parts.push(
      element("rect", { x, y, width: 12, height: 12, fill: colours[id] ?? "#000000" }),
      label(x + 17, y + 10.5, title),
    );
    x += room;
  }
  return { height: y + 24, content: parts.join("\n") };
}

/** Draws the chart as an SVG document. */
export function drawChart(report: Report): string {
  // What the machine does without a VPN would dwarf all else.
  const measured = report.rows.filter((row) => row.median !== undefined && row.group !== "none");
  const shown = panels
    .map((metric) => [metric, measured.filter((row) => row.metric === metric)] as const)
    .filter(([, rows]) => rows.length > 0);
  const { machine, settings } = report;
  const parts = [
    label(margin, 30, "VPN throughput, cost and delay", {
      "font-size": 18,
      "font-weight": "bold",
    }),
    label(
      margin,
      50,
      `${machine.processor}, ${machine.cores} cores, Linux ${machine.kernel}, ` +
        `${report.date.slice(0, 10)}; medians of ${settings.runs}, lines from lowest to highest`,
      { fill: "#666666" },
    ),
  ];
  const used = new Set(shown.flatMap(([, rows]) => rows.map((row) => row.contender)));
  // Those of the same colour and meaning are in different groups: both are named.
  const legend = drawLegend([...contenders.keys()].filter((id) => used.has(id)));
  parts.push(place(legend, margin, 66));
  let y = 66 + legend.height + 8;
  for (let i = 0; i < shown.length; i += 2) {
    const pair = shown.slice(i, i + 2).map(([metric, rows]) =>
      drawPanel(metric, rows, settings.clients)
    );
    for (const [column, panel] of pair.entries()) {
      parts.push(place(panel, margin + column * (panelWidth + margin), y));
    }
    y += Math.max(...pair.map((panel) => panel.height)) + 16;
  }
  return svgDocument(width, y, parts);
}

function place(panel: Panel, x: number, y: number): string {
  return element("g", { transform: `translate(${x} ${y})` }, `\n${panel.content}\n`);
}
