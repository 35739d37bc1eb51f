/**
 * Standard output, for what a command has been asked for.
 *
 * @module
 */

/** Writes lines to standard output. */
export function print(...lines: readonly string[]): void {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  for (let written = 0; written < bytes.length;) {
    written += Deno.stdout.writeSync(bytes.subarray(written));
  }
}
