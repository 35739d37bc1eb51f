/**
 * Numbers and bounds for people.
 *
 * @module
 */

import type { Row } from "./report.ts";
import type { Target } from "./targets.ts";

/** Three significant digits, and from a thousand on all of the integer part: `0.0213`, `3,120`. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  if (value === 0) return "0";
  return value.toPrecision(3);
}

/** `4.51 ×`. */
export function formatRatio(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio) : ratio.toPrecision(3)} ×`;
}

/** `at least 4.5 ×`, `at most 120 MB`. */
export function formatTarget(target: Target, unit: string): string {
  return `${target.comparison} ${target.bound} ${target.of === "ratio" ? "×" : unit}`;
}

/** Median, ratio to OpenVPN's and whether the target is reached, in few characters. */
export function formatCell(row: Row): string {
  if (row.median === undefined) return "–";
  const parts = [formatNumber(row.median)];
  if (row.ratio !== undefined) parts.push(`(${formatRatio(row.ratio)})`);
  if (row.reached !== undefined) parts.push(row.reached ? "✓" : "✗");
  return parts.join(" ");
}
