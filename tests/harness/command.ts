/**
 * Short-lived commands: run, collect, complain.
 *
 * @module
 */

/** What a command left behind. */
export interface CommandResult {
  /** Exit status; 128 + signal number when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface CommandOptions {
  /** Working directory. */
  readonly cwd?: string;
  /** Text for its standard input; without it the input is empty. */
  readonly input?: string;
  /** The command is killed after that many ms; 180,000 by default. */
  readonly timeoutMs?: number;
  readonly env?: Record<string, string>;
}

/** Runs a command to its end, whatever its exit status. */
export async function tryRun(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [program, ...args] = command;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.timeoutMs ?? 180_000);
  try {
    const child = new Deno.Command(program, {
      args,
      cwd: options.cwd,
      env: options.env,
      stdin: options.input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      signal: deadline.signal,
    }).spawn();
    if (options.input !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(options.input));
      await writer.close();
    }
    const output = await child.output();
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a command to its end and returns its standard output.
 *
 * @throws {Error} with the command's output when its exit status is not 0.
 */
export async function run(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await tryRun(command, options);
  if (result.code !== 0) {
    throw new Error(
      `${command.join(" ")}: exit status ${result.code}\n${result.stdout}${result.stderr}`,
    );
  }
  return result.stdout;
}
