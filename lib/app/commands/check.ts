/**
 * `vpn check`.
 *
 * @module
 */

import { type Cell, formatTable, print, printJson, takesColours } from "../authority/terminal.ts";
import { checkFile, type CheckReport, type Verdict } from "../check/check_file.ts";
import type { CheckedLine, LineStatus } from "../../config/mod.ts";

/** What `vpn check` was given. */
export interface CheckArguments {
  /** The configuration. */
  readonly file: string;
  /** `--json`. */
  readonly json: boolean;
}

const exitCodes: Readonly<Record<Verdict, number>> = { ok: 0, refused: 1, incomplete: 2 };

/** Checks a configuration; the exit code. */
export async function check({ file, json }: CheckArguments): Promise<number> {
  const report = await checkFile(file);
  const exitCode = exitCodes[report.verdict];
  if (json) printJson({ file, exitCode, ...jsonReport(report) });
  else print(...textReport(file, report, takesColours()));
  return exitCode;
}

function jsonReport({ verdict, role, lines, problems }: CheckReport) {
  return {
    verdict,
    role,
    problems,
    lines: lines.map(({ position: { file, line, option }, ...rest }) => ({
      file,
      line,
      option,
      ...rest,
    })),
  };
}

const tones: Readonly<Record<LineStatus, "good" | "warning" | "bad" | "faint">> = {
  supported: "good",
  ignored: "faint",
  warned: "warning",
  refused: "bad",
  missing: "bad",
};

/** A table of the lines, and a verdict below it. */
export function textReport(file: string, report: CheckReport, colours: boolean): string[] {
  const { lines, problems } = report;
  const rows = lines.map((line): Cell[] => [
    placeText(file, line),
    line.position.option,
    { text: line.status, tone: tones[line.status] },
    line.remedy === undefined ? line.meaning : `${line.meaning}: ${line.remedy}`,
  ]);
  return [
    ...rows.length === 0 ? [] : [...formatTable(headings, rows, colours), ""],
    ...problems.map((problem) => `${file}: ${problem}`),
    verdictText(file, report),
  ];
}

const headings = ["LINE", "OPTION", "WHAT HAPPENS", "WHAT IT DOES, OR WHAT TO DO"];

function placeText(file: string, { position }: CheckedLine): string {
  return position.file === file ? String(position.line) : `${position.file}:${position.line}`;
}

function verdictText(file: string, { verdict, role, lines, problems }: CheckReport): string {
  const count = (status: LineStatus) => lines.filter((line) => line.status === status).length;
  const counted = (["supported", "warned", "ignored"] as const)
    .map((status) => `${count(status)} ${status}`).join(", ");
  switch (verdict) {
    case "ok":
      return `${file}: this ${role} could start (lines: ${counted})`;
    case "incomplete":
      return `${file}: this ${role} could start if it had the files that are missing`;
    case "refused": {
      const refused = count("refused") + problems.length;
      return `${file}: refused, ${refused} ${refused === 1 ? "thing" : "things"} to mend`;
    }
  }
}
