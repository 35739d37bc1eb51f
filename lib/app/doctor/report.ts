/**
 * Findings as a person reads them.
 *
 * @module
 */

import type { Finding, FindingStatus } from "../../doctor/finding.ts";

/** SGR codes of ECMA-48: green, yellow, red, faint. */
const colours: Readonly<Record<FindingStatus, number>> = {
  ok: 32,
  warning: 33,
  problem: 31,
  skipped: 2,
};

/** Findings as lines: status, what was looked at, what was found; a command on its own line. */
export function reportLines(findings: readonly Finding[], colour: boolean): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, message, command }) => {
    const word = status.padEnd("problem".length);
    const shown = colour ? `\x1b[${colours[status]}m${word}\x1b[0m` : word;
    const line = `${shown}  ${check.padEnd(width)}  ${message}`;
    const indent = " ".repeat("problem".length + 2 + width + 2);
    return command === undefined ? [line] : [line, `${indent}→ ${command}`];
  });
  return [...lines, "", summary(findings)];
}

function summary(findings: readonly Finding[]): string {
  const count = (status: FindingStatus) =>
    findings.filter((finding) => finding.status === status).length;
  const [problems, warnings] = [count("problem"), count("warning")];
  const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;
  if (problems === 0 && warnings === 0) return "Nothing is wrong.";
  return `${plural(problems, "problem")}, ${plural(warnings, "warning")}.`;
}
