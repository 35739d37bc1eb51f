/**
 * Long-lived processes under test: their lines, their end, their certain death.
 *
 * @module
 */

/** Lines kept per process; a peer at verb 4 writes a few hundred. */
const keptLines = 10_000;

/** Lines shown when something that was waited for does not come. */
const shownLines = 80;

/**
 * In ms. Children that outlive the process keep its pipes open; what they write after that time is
 * not waited for.
 */
const outputGrace = 500;

/** How to start a process. */
export interface ProcessOptions {
  /** Name for messages; by default the program's. */
  readonly name?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Whether its standard input is written to (`write`); empty otherwise. */
  readonly input?: boolean;
}

/** How to wait for a line. */
export interface LineOptions {
  /** In ms; 60,000 by default. */
  readonly timeoutMs?: number;
  /** Look at lines from this one on (`lineCount` of an earlier moment); 0 by default. */
  readonly after?: number;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (match: RegExpMatchArray) => void;
  readonly failed: (error: Error) => void;
}

/** A running program whose stdout and stderr are collected as lines, in the order they come. */
export class ManagedProcess implements AsyncDisposable {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  /** What came since the last line end, by stream. */
  readonly #partialLines = new Map<unknown, string>();
  #dropped = 0;
  readonly #waiters = new Set<Waiter>();
  readonly #ended: Promise<Deno.CommandStatus>;
  #status: Deno.CommandStatus | undefined;
  #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;

  private constructor(child: Deno.ChildProcess, name: string) {
    this.#child = child;
    this.name = name;
    const readers = [child.stdout.getReader(), child.stderr.getReader()];
    const output = Promise.all(readers.map((reader) => this.#collect(reader)));
    this.#ended = child.status.then(async (status) => {
      // The last lines first, so that the report of an early end has them.
      const grace = setTimeout(() => readers.forEach((reader) => reader.cancel()), outputGrace);
      await output;
      clearTimeout(grace);
      this.#status = status;
      await this.#input?.close().catch(() => {});
      for (const waiter of this.#waiters) waiter.failed(this.#failure("ended early", waiter));
      return status;
    });
  }

  /** Starts `command[0]` with the rest as its arguments. */
  static spawn(command: readonly string[], options: ProcessOptions = {}): ManagedProcess {
    const [program, ...args] = command;
    const child = new Deno.Command(program, {
      args,
      cwd: options.cwd,
      env: { NO_COLOR: "1", ...options.env },
      stdin: options.input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const process = new ManagedProcess(child, options.name ?? program);
    if (options.input) process.#input = child.stdin.getWriter();
    return process;
  }

  /** Writes to its standard input. */
  async write(text: string): Promise<void> {
    if (this.#input === undefined) throw new Error(`${this.name} was started without input`);
    await this.#input.write(new TextEncoder().encode(text));
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The exit status, once the process has ended and its output is read. */
  get status(): Deno.CommandStatus | undefined {
    return this.#status;
  }

  /** Resolves when the process has ended and its output is read. */
  get ended(): Promise<Deno.CommandStatus> {
    return this.#ended;
  }

  /** Lines written so far, dropped ones included: a mark for `LineOptions.after`. */
  get lineCount(): number {
    return this.#dropped + this.#lines.length;
  }

  /** The collected lines from `after` on. */
  lines(after = 0): readonly string[] {
    return this.#lines.slice(Math.max(0, after - this.#dropped));
  }

  /** The collected output as one text. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /**
   * Resolves with the first line that matches.
   *
   * @throws {Error} with the last lines when the process ends or the time passes before that.
   */
  waitForLine(pattern: RegExp, options: LineOptions = {}): Promise<RegExpMatchArray> {
    for (const line of this.lines(options.after)) {
      const match = line.match(pattern);
      if (match) return Promise.resolve(match);
    }
    const timeoutMs = options.timeoutMs ?? 60_000;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => waiter.failed(this.#failure(`did not come up with it in ${timeoutMs} ms`, waiter)),
        timeoutMs,
      );
      const forget = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        pattern,
        found: (match) => {
          forget();
          resolve(match);
        },
        failed: (error) => {
          forget();
          reject(error);
        },
      };
      if (this.#status) waiter.failed(this.#failure("ended early", waiter));
      else this.#waiters.add(waiter);
    });
  }

  /**
   * Resolves when a line matches that need not have an end yet: a question that waits for its answer
   * on the same line. (Where a log goes to the same terminal, its next line may end the question's.)
   */
  async waitForPrompt(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const asked = () =>
      [...this.#partialLines.values(), ...this.#lines].some((text) => pattern.test(text));
    while (!asked()) {
      if (this.#status || Date.now() > deadline) {
        throw new Error(`${this.name}: no prompt ${pattern}. Its output:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a signal; nothing happens when the process has ended. */
  signal(signal: Deno.Signal): void {
    if (this.#status) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It ended just now: the child is reaped before its output is read to the end.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Signals the process and waits for its end; SIGKILL follows after `timeoutMs`. */
  async stop(signal: Deno.Signal = "SIGTERM", timeoutMs = 20_000): Promise<Deno.CommandStatus> {
    this.signal(signal);
    const timer = setTimeout(() => this.signal("SIGKILL"), timeoutMs);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  async #collect(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? "";
      this.#partialLines.set(reader, rest);
      for (const line of lines) this.#take(line);
    }
    if (rest !== "") this.#take(rest);
  }

  #take(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) {
      this.#lines.shift();
      this.#dropped++;
    }
    for (const waiter of this.#waiters) {
      const match = line.match(waiter.pattern);
      if (match) waiter.found(match);
    }
  }

  #failure(what: string, waiter: Waiter): Error {
    const status = this.#status;
    const end = status ? ` (exit status ${status.code}, signal ${status.signal ?? "none"})` : "";
    return new Error(
      `${this.name}: waited for ${waiter.pattern}, but it ${what}${end}. Its last lines:\n` +
        this.#lines.slice(-shownLines).map((line) => `    ${line}`).join("\n"),
    );
  }
}
