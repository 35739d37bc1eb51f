/**
 * Runs the programs that the configuration names (`client-connect`, `tls-verify`, `up` …):
 *
 * - only with `script-security 2`, secrets in the environment only with 3
 * - executed, not handed to a shell; split as OpenVPN splits (program_command.ts)
 * - with OpenVPN's variables as the whole environment (script_variables.ts)
 * - in a process group of their own, which is killed when the time is up
 *
 * What a program writes goes to the log. Nobody waits but who awaits the result: the event loop goes
 * on, so that other clients are served.
 *
 * @module
 */

import { resolve } from "node:path";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { logOutput } from "./program_output.ts";
import { parseProgramCommand, type ProgramCommand } from "./program_command.ts";
import { scriptEnvironment, type ScriptVariables } from "./script_variables.ts";

/** `script-security`: 0 and 1 no programs of the user's, 2 programs, 3 passwords for them too. */
export type ScriptSecurity = 0 | 1 | 2 | 3;

/** How long a program may take where nothing else is said, ms. */
export const defaultTimeLimit = 60_000;

/** Programs that run at the same time; further ones wait for their turn. */
const maximumRunning = 64;

/** Between two looks at whether programs still run, ms. */
const idleInterval = 20;

/** Programs that wait for their turn; further ones fail at once. */
const maximumWaiting = 1024;

/** What all programs of a tunnel have in common. */
export interface ProgramsOptions {
  readonly security: ScriptSecurity;
  /** `setenv`, and what describes the tunnel. */
  readonly environment: ScriptVariables;
  readonly log: Log;
}

/** One program to run. */
export interface ProgramRequest {
  /** The option that names it. */
  readonly option: string;
  /** `script_type` where OpenVPN doesn't call it by the option. */
  readonly scriptType?: string;
  /** As the configuration gives it. */
  readonly commandLine: string;
  /** Appended to those of the command line. Everybody on the machine can read them: no secrets. */
  readonly args?: readonly string[];
  readonly variables?: ScriptVariables;
  /** Passwords: needs `script-security 3`. */
  readonly secrets?: ScriptVariables;
  /** ms; `defaultTimeLimit` by default. */
  readonly timeLimit?: number;
  /** Kills it: nobody is interested in the result any more. */
  readonly signal?: AbortSignal;
  /** For its output; that of all programs by default. */
  readonly log?: Log;
}

/** How a program ended. */
export type ProgramResult =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "timed-out"; readonly seconds: number }
  | { readonly kind: "aborted" }
  | { readonly kind: "not-started"; readonly reason: string };

/** Whether the program ended with exit code 0. */
export function succeeded(result: ProgramResult): boolean {
  return result.kind === "exited" && result.code === 0;
}

/** The result as a clause for a log. */
export function describeResult(result: ProgramResult): string {
  switch (result.kind) {
    case "exited":
      return `exited with error status: ${result.code}`;
    case "killed":
      return `was ended by ${result.signal}`;
    case "timed-out":
      return `was killed after ${result.seconds} seconds`;
    case "aborted":
      return "was stopped, its result is not needed any more";
    case "not-started":
      return `could not be started: ${result.reason}`;
  }
}

/** See the module's page. */
export class Programs {
  readonly #options: ProgramsOptions;
  readonly #environment: Record<string, string> = {};
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: ProgramsOptions) {
    this.#options = options;
    Object.assign(this.#environment, options.environment);
  }

  /** Adds to what all programs are told from here on. */
  describe(variables: ScriptVariables): void {
    Object.assign(this.#environment, variables);
  }

  /** Takes back what `describe` has said under these names. */
  forget(names: Iterable<string>): void {
    for (const name of names) delete this.#environment[name];
  }

  /** What programs are told of the tunnel under that name. */
  described(name: string): string | undefined {
    return this.#environment[name];
  }

  /** Resolves when no program runs, or after that time, ms. */
  async idle(timeLimit: number): Promise<void> {
    const end = performance.now() + timeLimit;
    while (this.#running > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, idleInterval));
    }
  }

  /** Whether programs may be called at all. */
  get allowed(): boolean {
    return this.#options.security >= 2;
  }

  /** Runs a program to its end. What goes wrong is in the result, and in the log. */
  async run(request: ProgramRequest): Promise<ProgramResult> {
    const log = request.log ?? this.#options.log;
    const result = await this.#run(request, log);
    if (!succeeded(result)) log.warn(`${request.option} program ${describeResult(result)}`);
    return result;
  }

  async #run(request: ProgramRequest, log: Log): Promise<ProgramResult> {
    const { option } = request;
    const { security } = this.#options;
    if (!this.allowed) return notStarted(`add "script-security 2" to the configuration`);
    if (request.secrets !== undefined && security < 3) {
      return notStarted(`passing a password in the environment needs "script-security 3"`);
    }
    let command: ProgramCommand;
    try {
      command = parseProgramCommand(option, request.commandLine);
    } catch (error) {
      if (!(error instanceof VpnError)) throw error;
      return notStarted(error.line);
    }
    if (!await this.#takeTurn(request.signal)) {
      return request.signal?.aborted ? { kind: "aborted" } : notStarted("too many of them wait");
    }
    try {
      return await this.#execute(command, request, log);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** Waits until few enough run; false where there is no sense in waiting. */
  async #takeTurn(signal: AbortSignal | undefined): Promise<boolean> {
    while (this.#running >= maximumRunning) {
      if (signal?.aborted || this.#waiting.length >= maximumWaiting) return false;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (signal?.aborted) {
      this.#waiting.shift()?.();
      return false;
    }
    this.#running++;
    return true;
  }

  async #execute(
    { path, args }: ProgramCommand,
    request: ProgramRequest,
    log: Log,
  ): Promise<ProgramResult> {
    const { option } = request;
    let child: Deno.ChildProcess;
    try {
      const cwd = workingDirectory();
      child = new Deno.Command(cwd === undefined ? path : resolve(path), {
        cwd,
        args: [...args, ...request.args ?? []],
        clearEnv: true,
        env: scriptEnvironment(this.#environment, request.variables ?? {}, {
          script_type: request.scriptType ?? option,
        }, request.secrets ?? {}),
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        // Its own process group, so that what it starts can be killed with it.
        detached: true,
      }).spawn();
    } catch (error) {
      return notStarted(`${path}: ${errorLine(error)}`);
    }
    logOutput(child, option, log);
    return await waitFor(child, request.timeLimit ?? defaultTimeLimit, request.signal);
  }
}

/**
 * Where a program starts: where we are, or at the root where we may not be any more. Deno has the
 * child enter its directory once again, which a program of `user nobody` can't do in a directory that
 * is root's alone.
 */
function workingDirectory(): string | undefined {
  try {
    Deno.statSync(".");
    return undefined;
  } catch {
    return "/";
  }
}

function notStarted(reason: string): ProgramResult {
  return { kind: "not-started", reason };
}

async function waitFor(
  child: Deno.ChildProcess,
  timeLimit: number,
  signal: AbortSignal | undefined,
): Promise<ProgramResult> {
  let cut: ProgramResult | undefined;
  const cutShort = (result: ProgramResult) => {
    if (cut !== undefined) return;
    cut = result;
    killGroup(child.pid);
  };
  const timer = setTimeout(
    () => cutShort({ kind: "timed-out", seconds: timeLimit / 1000 }),
    timeLimit,
  );
  const abort = () => cutShort({ kind: "aborted" });
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const status = await child.status;
    if (cut !== undefined) return cut;
    return status.signal === null
      ? { kind: "exited", code: status.code }
      : { kind: "killed", signal: status.signal };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** kill(2): a negative number means the process group. */
function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // It ended between the two calls.
  }
}
