/**
 * What the scripts say.
 *
 * @module
 */

/** Writes one line to standard output, at once: what child processes write comes in order. */
export function print(line = ""): void {
  const bytes = new TextEncoder().encode(line + "\n");
  for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
}
