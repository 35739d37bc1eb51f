/**
 * How configuration files and the files that they name are reached: Deno's, or a test's.
 *
 * @module
 */

/** What of the file system the configuration needs. All of it throws what the system says. */
export interface ConfigHost {
  /** A configuration file as text. */
  readTextFile(path: string): string;
  /** All of standard input (`config stdin`). */
  readStandardInput(): string;
  /** A file that an option names. */
  readFile(path: string): Uint8Array;
  /** Its permission bits, or undefined where the system has none. */
  mode(path: string): number | undefined;
}

/** What reading a configuration needs. */
export type ConfigFileHost = Pick<ConfigHost, "readTextFile" | "readStandardInput">;

/** What reading the files that a configuration names needs. */
export type NamedFileHost = Pick<ConfigHost, "readFile" | "mode">;

/** The real file system. */
export const denoHost: ConfigHost = {
  readTextFile: (path) => Deno.readTextFileSync(path),
  readStandardInput() {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65536);
    let text = "";
    for (;;) {
      const length = Deno.stdin.readSync(buffer);
      if (length === null) return text + decoder.decode();
      text += decoder.decode(buffer.subarray(0, length), { stream: true });
    }
  },
  readFile: (path) => Deno.readFileSync(path),
  mode: (path) => Deno.statSync(path).mode ?? undefined,
};

/** What the system said about a file, without the path that the caller names anyway. */
export function systemReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it doesn't exist";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/[:,]? (readfile|open|stat) '.*$/, "");
}
