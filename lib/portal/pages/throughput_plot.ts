/**
 * The last hour's throughput as SVG: what is seen without JavaScript, and until it has run.
 *
 * @module
 */

import { html } from "hono/html";
import type { ThroughputSample } from "../service.ts";
import { formatRate } from "./format.ts";
import type { Html } from "./layout.ts";

/** The viewBox, in its own units. */
const width = 720;
const height = 200;
const margin = { left: 86, right: 8, top: 10, bottom: 24 } as const;

/** What the plot spans, ms. */
const span = 3_600_000;

/** Lines across. */
const steps = 4;

/** Curves from and to the clients. */
export function throughputPlot(
  samples: readonly ThroughputSample[],
  now: number = Date.now(),
): Html {
  const peak = Math.max(1, ...samples.flatMap(({ received, sent }) => [received, sent]));
  const top = roundUp(peak * 8) / 8;
  const x = (time: number) =>
    margin.left + (1 - Math.min(1, Math.max(0, (now - time) / span))) *
      (width - margin.left - margin.right);
  const y = (rate: number) => margin.top + (1 - rate / top) * (height - margin.top - margin.bottom);
  const curve = (rate: (sample: ThroughputSample) => number) =>
    samples.map((sample, index) =>
      `${index === 0 ? "M" : "L"}${x(sample.time).toFixed(1)} ${y(rate(sample)).toFixed(1)}`
    ).join("");
  const levels = Array.from({ length: steps + 1 }, (_, index) => top * index / steps);
  const times = [60, 45, 30, 15, 0];
  return html`
    <svg class="plot" role="img" viewBox="0 0 ${width} ${height}"
      aria-label="Throughput over the last hour, at most ${formatRate(peak)}">${levels.map((rate) =>
        html`
          <path class="grid" d="M${margin.left} ${y(rate).toFixed(1)}H${width - margin.right}" />
          <text x="${margin.left - 8}" y="${(y(rate) + 4).toFixed(
            1,
          )}" text-anchor="end">${formatRate(rate)}</text>
        `
      )}${times.map((minutes) =>
        html`<text x="${x(now - minutes * 60_000).toFixed(1)}" y="${height - 6}" text-anchor="${
          minutes === 60 ? "start" : minutes === 0 ? "end" : "middle"
        }">${minutes === 0 ? "now" : `−${minutes} min`}</text>`
      )}<path class="received" d="${curve(({ received }) =>
        received
      )}"/><path class="sent" d="${curve(({ sent }) => sent)}"/></svg>
  `;
}

/** The next of 1, 2, 4, 8 times a power of ten, whose quarters are short numbers. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 8, 10].map((factor) => factor * power).find((level) => level >= value)!;
}
