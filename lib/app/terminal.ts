/**
 * Asking on the terminal: a line with echo, a secret without.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** How to ask. */
export interface Question {
  /** What to write in front of the answer; a space follows it. */
  readonly prompt: string;
  /** Whether what is typed may be seen. */
  readonly echo: boolean;
  /**
   * Gives up: what was typed is forgotten, the terminal is as it was. Without it SIGINT, SIGTERM and
   * SIGHUP do so: for those that ask before anybody attends to signals.
   */
  readonly signal?: AbortSignal;
}

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return Deno.stdin.isTerminal();
}

/**
 * Asks and reads a line. The question goes to standard error: standard output may be a log.
 *
 * @throws {VpnError} when there is no terminal, the input ends, or the signal comes.
 */
export async function ask({ prompt, echo, signal }: Question): Promise<string> {
  if (!canAsk()) throw new VpnError("there is no terminal to ask on");
  signal?.throwIfAborted();
  // deno-lint-ignore no-control-regex -- a server's text must not move the cursor
  const question = `${prompt.replace(/[\x00-\x1f\x7f-\x9f]/g, "?")} `;
  if (echo) {
    say(question);
    return await readLine(signal);
  }
  // A signal that ended the program would leave the terminal without echo.
  using interruption = signal === undefined ? new Interruption() : undefined;
  // Before the question: who answers at once must not see it either.
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    say(question);
    return await readLine(signal ?? interruption?.signal);
  } finally {
    restoreEcho();
    say("\n");
  }
}

function restoreEcho(): void {
  try {
    Deno.stdin.setRaw(false);
  } catch {
    // The terminal is gone, as at SIGHUP.
  }
}

/** What a person or the system ends a program by. */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Gives a question up at a signal, in place of what the signal would do to the program. */
class Interruption implements Disposable {
  readonly #abort = new AbortController();
  readonly #interrupt = () => this.#abort.abort();

  constructor() {
    for (const signal of endingSignals) Deno.addSignalListener(signal, this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of endingSignals) Deno.removeSignalListener(signal, this.#interrupt);
  }
}

/**
 * The first line of standard input that is no terminal: a secret from another program.
 *
 * @throws {VpnError} when there is none.
 */
export async function readSecretFromInput(): Promise<string> {
  return await readLine(undefined);
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

const backspaces = new Set([0x08, 0x7f]);

/** Ctrl-U, the terminal's "kill": begins the line anew. */
const kill = 0x15;

/** Ctrl-D, which a terminal without canonical mode hands on as a byte. */
const endOfInput = 0x04;

/** Bytes. */
const longestAnswer = 1024;

async function readLine(signal: AbortSignal | undefined): Promise<string> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1);
  try {
    for (;;) {
      const length = await abortable(Deno.stdin.read(buffer), signal);
      const [byte] = buffer;
      if (length === null || byte === endOfInput) {
        if (bytes.length === 0) throw new VpnError("there was no answer");
        break;
      }
      if (byte === 0x0a || byte === 0x0d) break;
      if (backspaces.has(byte)) eraseCharacter(bytes);
      else if (byte === kill) bytes.length = 0;
      else if (bytes.length < longestAnswer) bytes.push(byte);
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
  } finally {
    bytes.fill(0);
    buffer.fill(0);
  }
}

/** Takes off the last character: in UTF-8 the bytes after its first one begin with the bits 10. */
function eraseCharacter(bytes: number[]): void {
  let last = bytes.pop();
  while (last !== undefined && (last & 0xc0) === 0x80) last = bytes.pop();
}

/** A read can't be taken back; the program that gives up is about to end. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new VpnError("the question was given up"));
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
