/**
 * The command line of the benchmark.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What to measure and where the results go. */
export interface BenchmarkOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly clients: number;
  readonly filter?: RegExp;
  readonly json?: string;
  readonly chart?: string;
  readonly markdown?: string;
  readonly from?: string;
  /** A compiled program to measure; without it one is built, unless the sources are meant. */
  readonly executable?: string;
  /** Whether ours is run from source. */
  readonly source: boolean;
  readonly list: boolean;
}

/** A command line that can't be used; the message is for the user. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `--help` prints. */
export const usage = `\
Measures this VPN against OpenVPN between two network namespaces. As root. Ours is the executable that
users run, built of these sources first.

  deno task bench [OPTION …]

  --quick            one round of one second each and 10 clients: whether it works, not how fast
  --runs N           rounds; the figures are their medians (5)
  --seconds N        duration of each TCP measurement (5)
  --clients N        how many clients are many (100)
  --filter REGEX     only rows whose name matches, as udp/AES-256-GCM/ours-openssl/tcp1-up
  --list             print the names of the rows that would be measured, and end
  --executable FILE  measure this executable, as dist/vpn, and build none
  --source           measure the sources, as run by deno, in place of the executable
  --json FILE        write the results for machines; -: to standard output, without the tables
  --chart FILE       draw the results as SVG
  --markdown FILE    write the page docs/benchmarks.md, with the chart of --chart
  --from FILE        take the results of an earlier --json instead of measuring

Exit status: 0 all was measured, 1 something failed, 130 interrupted (the results so far are written).`;

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1000) return value;
  throw new UsageError(`--${name} ${text}: an integer from 1 to 1000 is expected`);
}

/**
 * Reads the command line; undefined when help is asked for.
 *
 * @throws {UsageError} when it cannot be used.
 */
export function parseOptions(args: readonly string[]): BenchmarkOptions | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        ...{
          quick: flag,
          help: flag,
          list: flag,
          source: flag,
          runs: text,
          seconds: text,
          clients: text,
        },
        ...{ filter: text, json: text, chart: text, markdown: text, from: text, executable: text },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return undefined;
  if (values.source && values.executable !== undefined) {
    throw new UsageError("--source and --executable exclude each other");
  }
  let filter: RegExp | undefined;
  try {
    filter = values.filter === undefined ? undefined : new RegExp(values.filter, "i");
  } catch {
    throw new UsageError(`--filter ${values.filter}: not a regular expression`);
  }
  return {
    runs: positive("runs", values.runs, values.quick ? 1 : 5),
    seconds: positive("seconds", values.seconds, values.quick ? 1 : 5),
    clients: positive("clients", values.clients, values.quick ? 10 : 100),
    filter,
    ...{ json: values.json, chart: values.chart, markdown: values.markdown, from: values.from },
    ...{ executable: values.executable, source: values.source, list: values.list },
  };
}
