/**
 * A strict reader of Prometheus's text format: what a scraper would choke on or misread throws.
 *
 * Source: Prometheus's documentation, "Exposition formats" (text-based format), and what
 * `promtool check metrics` complains of.
 *
 * @module
 */

/** A sample. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All samples of one name. */
export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const metricName = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Reads a whole answer. @throws {Error} saying which line is wrong, and how. */
export function readExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, { help?: string; type?: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = "";
  for (const [i, line] of text.split("\n").entries()) {
    const fail = (what: string): never => {
      throw new Error(`line ${i + 1}: ${what}: ${line}`);
    };
    if (line === "") continue;
    const comment = new RegExp(`^# (HELP|TYPE) (${metricName}) (.+)$`).exec(line);
    if (comment !== null) {
      const [, kind, name, value] = comment;
      const family = families.get(name) ?? { samples: [] };
      if (family.samples.length > 0) fail("HELP or TYPE after samples");
      if (kind === "HELP") {
        if (family.help !== undefined) fail("a second HELP");
        family.help = value;
      } else {
        if (family.type !== undefined) fail("a second TYPE");
        if (!/^(counter|gauge|histogram|summary|untyped)$/.test(value)) fail("unknown type");
        family.type = value;
      }
      families.set(name, family);
      current = name;
      continue;
    }
    if (line.startsWith("#")) fail("a comment that is neither HELP nor TYPE");
    const match = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (\\S+)$`).exec(line);
    if (match === null) return fail("no sample");
    const [, name, list = "", number] = match;
    const family = families.get(name);
    if (family === undefined || name !== current) return fail("a sample apart from its TYPE");
    const labels = readLabels(list) ?? fail("labels that can't be read");
    const identity = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(identity)) fail("the same series twice");
    seen.add(identity);
    const value = Number(number);
    if (!/^[-+0-9.eE]+$/.test(number) || Number.isNaN(value)) fail("no number");
    family.samples.push({ name, labels, value });
  }
  for (const [name, { help, type, samples }] of families) {
    checkNames(name, help, type);
    for (const { labels } of samples) checkLabels(name, type, labels);
  }
  return families as Map<string, Family>;
}

function readLabels(list: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  const pair = /([^=,]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
  while (pair.lastIndex < list.length) {
    const match = pair.exec(list);
    if (match === null || !labelName.test(match[1]) || match[1] in labels) return undefined;
    labels[match[1]] = match[2];
  }
  return labels;
}

/** The rules of names that promtool warns of. */
function checkNames(name: string, help: string | undefined, type: string | undefined): void {
  if (help === undefined || type === undefined) throw new Error(`${name} has no HELP or TYPE`);
  if ((type === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${type}`);
  if (/[A-Z:]|__/.test(name)) throw new Error(`${name} is no name of an exporter`);
  if (/_(ms|milliseconds|minutes|hours|kb|kilobytes|bits|percent)(_|$)/.test(name)) {
    throw new Error(`${name} is not in base units`);
  }
}

/** Labels that the format keeps for itself. */
function checkLabels(
  name: string,
  type: string | undefined,
  labels: Readonly<Record<string, string>>,
): void {
  for (const [label, owner] of [["quantile", "summary"], ["le", "histogram"]]) {
    if (label in labels && type !== owner) throw new Error(`${name} is no ${owner}: ${label}`);
  }
}
