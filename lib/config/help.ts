/**
 * The option table as text for a terminal.
 *
 * @module
 */

import type { OptionRow } from "./option.ts";
import { optionRows, optionStatus } from "./table.ts";

/** A line for each option, by theme; those that are refused or ignored say so. */
export function optionHelp(): string[] {
  const themes = new Set(optionRows.map((row) => row.theme));
  return [...themes].flatMap((theme) => [
    `${theme[0].toUpperCase()}${theme.slice(1)}:`,
    ...optionRows.filter((row) => row.theme === theme).flatMap(optionLines),
    "",
  ]);
}

/** Where the meaning stands; longer options have it in the next line. */
const column = 38;

function optionLines(row: OptionRow): string[] {
  const usage = row.class === "refused" ? "" : ` ${row.usage}`;
  const option = `  --${row.name}${usage}`.trimEnd();
  const status = optionStatus(row);
  const meaning = status === "supported" ? row.summary : `${row.summary} [${status}]`;
  return option.length < column
    ? [`${option.padEnd(column)}${meaning}`]
    : [option, `${" ".repeat(column)}${meaning}`];
}
