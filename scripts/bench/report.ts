/**
 * The results of a run: everything that tables, chart and page are made of, and what `--json`
 * writes.
 *
 * @module
 */

import type { Machine } from "./machine.ts";
import { type MetricId, metrics } from "./metrics.ts";
import { baseline, rowId, type Session } from "./plan.ts";
import { median, medianRatio, present, type Sample } from "./statistics.ts";
import { isReached, type Target, targetOf } from "./targets.ts";

/** Changes when what `--json` writes does. */
export const reportFormat = 1;

/** How the run was made. */
export interface Settings {
  readonly runs: number;
  /** Of each TCP measurement. */
  readonly seconds: number;
  /** How many clients "many" are. */
  readonly clients: number;
  readonly filter?: string;
  /** Whether ours was the executable, not the sources. */
  readonly executable: boolean;
}

/** One metric of one contender in one group. */
export interface Row {
  readonly group: string;
  readonly contender: string;
  readonly metric: MetricId;
  readonly unit: string;
  /** By round. */
  readonly samples: readonly Sample[];
  readonly median?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** To OpenVPN's, round by round, the median. */
  readonly ratio?: number;
  readonly target?: Target;
  readonly reached?: boolean;
  /** Why samples are missing. */
  readonly missing?: string;
}

/** A whole run. */
export interface Report {
  readonly format: typeof reportFormat;
  /** When it began (ISO 8601). */
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Settings;
  /** False: it was interrupted. */
  readonly complete: boolean;
  readonly rows: readonly Row[];
}

/** Collects samples as they come. */
export class Recorder {
  readonly #runs: number;
  readonly #rows = new Map<string, { session: Session; metric: MetricId; samples: Sample[] }>();
  readonly #missing = new Map<string, string>();

  /** @param sessions All that will be measured or skipped; each once. */
  constructor(runs: number, sessions: readonly Session[]) {
    this.#runs = runs;
    for (const session of sessions) {
      for (const metric of session.metrics) {
        const samples: Sample[] = new Array(runs).fill(null);
        this.#rows.set(this.#id(session, metric), { session, metric, samples });
      }
    }
  }

  #id(session: Session, metric: MetricId): string {
    return rowId(session.group.id, session.contender.id, metric);
  }

  /** Takes a round's value; one that wasn't planned is dropped. */
  add(session: Session, metric: MetricId, round: number, value: number): void {
    const row = this.#rows.get(this.#id(session, metric));
    if (row !== undefined && round >= 0 && round < this.#runs) row.samples[round] = value;
  }

  /** Notes why values are missing; the first reason stays. */
  miss(session: Session, metric: MetricId, reason: string): void {
    const id = this.#id(session, metric);
    if (this.#rows.has(id) && !this.#missing.has(id)) this.#missing.set(id, reason);
  }

  /** The rows so far, in the order of the plan. */
  rows(): Row[] {
    return [...this.#rows].map(([id, { session, metric, samples }]) => {
      const group = session.group.id;
      const contender = session.contender.id;
      const values = present(samples);
      const compared = contender === baseline
        ? undefined
        : this.#rows.get(rowId(group, baseline, metric));
      const figures = {
        median: median(values),
        ratio: compared === undefined ? undefined : medianRatio(samples, compared.samples),
      };
      const target = targetOf(group, contender, metric);
      return {
        ...{ group, contender, metric, unit: metrics[metric].unit, samples, ...figures },
        minimum: values.length === 0 ? undefined : Math.min(...values),
        maximum: values.length === 0 ? undefined : Math.max(...values),
        target,
        reached: target === undefined ? undefined : isReached(target, figures),
        missing: this.#missing.get(id) ??
          (values.length === 0 ? "the run ended before that" : undefined),
      };
    });
  }
}

/**
 * Reads what `--json` wrote.
 *
 * @throws {Error} when it is not a report of this format.
 */
export function parseReport(text: string): Report {
  const report: Partial<Report> | null = JSON.parse(text);
  if (report?.format !== reportFormat || !Array.isArray(report.rows)) {
    throw new Error(`not a report of format ${reportFormat}`);
  }
  return report as Report;
}
