/**
 * What commands print: tables, and colours where somebody looks at them.
 *
 * @module
 */

/** Colours that mean something. */
export type Tone = "good" | "warning" | "bad" | "faint";

/** A cell of a table; the tone colours it on a terminal. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

// ECMA-48, select graphic rendition.
const codes: Readonly<Record<Tone, number>> = { good: 32, warning: 33, bad: 31, faint: 2 };

/** Whether standard output takes colours. */
export function takesColours(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}

/** Columns of equal width below their headings, a line each. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  colours: boolean,
): string[] {
  const text = (cell: Cell) => typeof cell === "string" ? cell : cell.text;
  const widths = headings.map((heading, i) =>
    rows.reduce((width, row) => Math.max(width, text(row[i]).length), heading.length)
  );
  const line = (cells: readonly Cell[]) =>
    cells.map((cell, i) => {
      const last = i === cells.length - 1;
      const padded = last ? text(cell) : text(cell).padEnd(widths[i] + 2);
      if (!colours || typeof cell === "string") return padded;
      return `\x1b[${codes[cell.tone]}m${padded}\x1b[0m`;
    }).join("").trimEnd();
  return [line(headings), ...rows.map(line)];
}

/** Prints lines. */
export function print(...lines: readonly string[]): void {
  write(lines.map((line) => `${line}\n`).join(""));
}

/** Prints to standard error: what is said besides a command's result. */
export function remark(...lines: readonly string[]): void {
  writeAll(Deno.stderr, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
}

/** Prints a value for scripts. */
export function printJson(value: unknown): void {
  write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Writes text, or bytes as they are. */
export function write(content: string | Uint8Array): void {
  writeAll(Deno.stdout, typeof content === "string" ? new TextEncoder().encode(content) : content);
}

function writeAll(file: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let sent = 0; sent < bytes.length;) sent += file.writeSync(bytes.subarray(sent));
}
