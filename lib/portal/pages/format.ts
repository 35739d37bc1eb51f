/**
 * Numbers and times as people read them.
 *
 * @module
 */

import { html } from "hono/html";
import type { Html } from "./layout.ts";

const thousand = 1000;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const units = ["", "k", "M", "G", "T", "P"] as const;

function scaled(value: number, unit: string): string {
  let rest = Math.max(0, value);
  let power = 0;
  // 999.5 would be shown as 1000 of the smaller unit.
  while (rest >= 999.5 && power < units.length - 1) {
    rest /= thousand;
    power++;
  }
  const digits = power === 0 || rest >= 99.95 ? 0 : 1;
  // No-break space: a number stays with its unit.
  return `${rest.toFixed(digits)}\u00a0${units[power]}${unit}`;
}

/** `1.2 GB`: decimal multiples, as networks are measured. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, "B");
}

/** `9.6 Mbit/s`, of bytes per second. */
export function formatRate(bytesPerSecond: number): string {
  return scaled(bytesPerSecond * 8, "bit/s");
}

/** `0.8 ms`, `35 ms`. */
export function formatMilliseconds(time: number): string {
  return `${time.toFixed(time < 9.95 ? 1 : 0)}\u00a0ms`;
}

/** `1,234`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** `3 min`, `20 days`: the biggest unit alone, rounded down. */
export function formatDuration(milliseconds: number): string {
  const rest = Math.max(0, milliseconds);
  if (rest < minute) return `${Math.floor(rest / second)}\u00a0s`;
  if (rest < hour) return `${Math.floor(rest / minute)}\u00a0min`;
  if (rest < 2 * day) return `${Math.floor(rest / hour)}\u00a0h`;
  return `${formatCount(Math.floor(rest / day))}\u00a0days`;
}

/** `in 20 days`, `3 min ago`. */
export function formatRelative(time: number, now = Date.now()): string {
  return time > now ? `in ${formatDuration(time - now)}` : `${formatDuration(now - time)} ago`;
}

/** A moment, to the second, in UTC; a script of ours shows it in the visitor's own time. */
export function moment(time: number): Html {
  const iso = isoOf(time);
  return html`<time datetime="${iso}">${iso.replace("T", " ").replace("Z", " UTC")}</time>`;
}

/** A day and how far it is: `2026-12-20 (in 20 days)`. */
export function dayOf(time: number): Html {
  const iso = isoOf(time);
  const [date] = iso.split("T");
  return html`<time datetime="${iso}" data-day>${date}</time> <span class="quiet">(${
    formatRelative(time)
  })</span>`;
}

/** ISO 8601 without fractions; what no calendar has is the beginning of ours. */
function isoOf(time: number): string {
  const date = new Date(time);
  const valid = Number.isNaN(date.getTime()) ? new Date(0) : date;
  return valid.toISOString().replace(/\.\d+/, "");
}
