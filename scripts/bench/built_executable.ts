/**
 * The executable that is measured by default: what users run, built of these sources.
 *
 * @module
 */

import { projectDirectory } from "../files.ts";

/** An executable in a directory of its own, which goes with it. */
export class BuiltExecutable implements AsyncDisposable {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Builds it as `deno task compile` does, and starts it once: its portable form unpacks itself
   * then, into the same directory.
   *
   * @throws {Error} when it cannot be built or does not start.
   */
  static async build(): Promise<BuiltExecutable> {
    const built = new BuiltExecutable(await Deno.makeTempDir({ prefix: "vpn-bench-" }));
    try {
      await runQuietly(Deno.execPath(), [
        ...["run", "-A", `${projectDirectory}/scripts/compile.ts`, "--output", built.path],
      ]);
      // The programs that are measured inherit it.
      Deno.env.set("XDG_CACHE_HOME", `${built.#directory}/cache`);
      await runQuietly(built.path, ["--version"]);
      return built;
    } catch (error) {
      await built[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where it is. */
  get path(): string {
    return `${this.#directory}/vpn`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** What it prints is shown when it fails. */
async function runQuietly(program: string, args: readonly string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
  }).output();
  if (success) return;
  const text = new TextDecoder();
  throw new Error(`${program} ${args.join(" ")}: ${text.decode(stdout)}${text.decode(stderr)}`);
}
