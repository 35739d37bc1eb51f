/**
 * One management client, from its connection to its end.
 *
 * What it sends counts as unauthenticated until the password is right: a line at a time is kept,
 * wrong passwords cost time, and after a few of them the connection ends.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constantTimeEqual } from "../base/bytes.ts";
import { tokenize } from "../base/tokenize.ts";
import { isShown } from "./environment_filter.ts";
import { answerCommands } from "./answer_commands.ts";
import { clientCommands } from "./client_commands.ts";
import type { Command, CommandContext, Commands } from "./command.ts";
import { LineReader, maximumLine, tooLong } from "./line_reader.ts";
import type { Management, ManagementListener } from "./management.ts";
import { managementVersion } from "./messages.ts";
import { processCommands } from "./process_commands.ts";

const commands: Commands = { ...processCommands, ...answerCommands, ...clientCommands };

/** The connection below a session. */
export interface SessionTransport {
  /** Sends text, in order; what can't be sent any more is lost. */
  write(text: string): void;
  /** Ends it after what was written. */
  end(): void;
}

/** Times of a session, ms; for tests. */
export interface SessionTimes {
  /** A wrong password is answered after that. */
  readonly refusal: number;
  /** The password must have come by then. */
  readonly authentication: number;
}

const usualTimes: SessionTimes = { refusal: 1000, authentication: 60_000 };

/** Wrong passwords per connection. */
const maximumAttempts = 3;

/** Lines between a multi-line command and its END, and their bytes in all. */
const maximumCollectedLines = 1000;
const maximumCollectedBytes = 64 << 10;

/** See the module's page. */
export class Session implements ManagementListener {
  readonly wants = { state: false, log: false, echo: false };
  readonly #management: Management;
  readonly #transport: SessionTransport;
  readonly #password: string | undefined;
  readonly #times: SessionTimes;
  readonly #reader = new LineReader();
  readonly #context: CommandContext;
  #authenticated = false;
  #attempts = 0;
  #closed = false;
  #collecting: { lines: string[]; bytes: number; done: (lines: string[]) => void } | undefined;
  #byteCount: ReturnType<typeof setInterval> | undefined;
  #authenticationTimer: ReturnType<typeof setTimeout> | undefined;
  #filter = 0;

  /** @param password What it has to say first; undefined: nothing. */
  constructor(
    management: Management,
    transport: SessionTransport,
    password: string | undefined,
    times: SessionTimes = usualTimes,
  ) {
    this.#management = management;
    this.#transport = transport;
    this.#password = password;
    this.#times = times;
    this.#context = {
      management,
      reply: (line) => this.send([line]),
      replyAll: (lines) => this.send([...lines, "END"]),
      setRealTime: (kind, on) => void (this.wants[kind] = on),
      setByteCount: (seconds) => this.#setByteCount(seconds),
      collect: (done) => void (this.#collecting = { lines: [], bytes: 0, done }),
      environmentFilter: (level) => this.#filter = level ?? this.#filter,
      close: () => this.close(),
    };
    if (password === undefined) this.#welcome();
    else {
      // Without a line end, as a prompt: some programs wait for exactly this.
      transport.write("ENTER PASSWORD:");
      this.#authenticationTimer = setTimeout(() => this.close(), times.authentication);
    }
  }

  /** Takes bytes from the connection; resolves when more may come. */
  async receive(bytes: Uint8Array): Promise<void> {
    for (const line of this.#reader.push(bytes)) {
      if (this.#closed) return;
      if (line === tooLong) this.#tooLong();
      else if (!this.#authenticated) await this.#tryPassword(line);
      else if (this.#collecting !== undefined) this.#collect(line);
      else this.#command(line);
    }
  }

  send(lines: readonly string[]): void {
    if (this.#closed || !this.#authenticated) return;
    const shown = this.#filter === 0 ? lines : lines.filter((line) => isShown(line, this.#filter));
    if (shown.length > 0) this.#transport.write(shown.join("\r\n") + "\r\n");
  }

  /** The connection ends, or has ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#byteCount);
    clearTimeout(this.#authenticationTimer);
    this.#transport.end();
    if (this.#authenticated) this.#management.disconnected();
  }

  #welcome(): void {
    this.#authenticated = true;
    this.send([
      `>INFO:OpenVPN Management Interface Version ${managementVersion} -- type 'help' for more info`,
    ]);
    this.#management.connected(this);
  }

  async #tryPassword(line: string): Promise<void> {
    if (sameText(line, this.#password!)) {
      clearTimeout(this.#authenticationTimer);
      this.#transport.write("SUCCESS: password is correct\r\n");
      return this.#welcome();
    }
    await new Promise((resolve) => setTimeout(resolve, this.#times.refusal));
    if (this.#closed) return;
    this.#transport.write("ERROR: bad password\r\n");
    if (++this.#attempts === maximumAttempts) this.close();
    else this.#transport.write("ENTER PASSWORD:");
  }

  #tooLong(): void {
    if (!this.#authenticated) return this.close();
    this.#collecting = undefined;
    this.send([`ERROR: the line is longer than ${maximumLine} bytes`]);
  }

  #collect(line: string): void {
    const collecting = this.#collecting!;
    if (line.trim() === "END") {
      this.#collecting = undefined;
      return collecting.done(collecting.lines);
    }
    collecting.bytes += line.length;
    if (
      collecting.lines.push(line) > maximumCollectedLines ||
      collecting.bytes > maximumCollectedBytes
    ) {
      // What follows would be taken for commands.
      this.send(["ERROR: too many lines before END"]);
      this.close();
    }
  }

  #command(line: string): void {
    const words = tokenize(line);
    if (!Array.isArray(words)) return this.send([`ERROR: ${words.problem}`]);
    const [name, ...parameters] = words;
    if (name === undefined) return;
    if (!Object.hasOwn(commands, name)) {
      return this.send(["ERROR: unknown command, enter 'help' for more options"]);
    }
    const command = commands[name];
    if (parameters.length < command.minimum || parameters.length > command.maximum) {
      return this.send([wrongNumber(name, command, parameters.length)]);
    }
    command.run(this.#context, parameters);
  }

  #setByteCount(seconds: number): void {
    clearInterval(this.#byteCount);
    this.#byteCount = undefined;
    if (seconds === 0) return;
    const interval = Math.min(seconds * 1000, 0x7fffffff);
    this.#byteCount = setInterval(() => this.send(this.#byteCounts()), interval);
  }

  #byteCounts(): string[] {
    const { tunnel } = this.#management;
    if (tunnel === undefined) return [];
    if (tunnel.server === undefined) {
      const { bytesIn, bytesOut } = tunnel.traffic();
      return [`>BYTECOUNT:${bytesIn},${bytesOut}`];
    }
    return tunnel.server.traffic().map(({ clientId, bytesIn, bytesOut }) =>
      `>BYTECOUNT_CLI:${clientId},${bytesIn},${bytesOut}`
    );
  }
}

/** In a time that depends on neither text: digests are compared. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return constantTimeEqual(digest(a), digest(b));
}

function wrongNumber(name: string, { minimum, maximum }: Command, given: number): string {
  const parameters = (count: number) => `${count} parameter${count === 1 ? "" : "s"}`;
  if (given > maximum) return `ERROR: the '${name}' command takes at most ${parameters(maximum)}`;
  const least = maximum > minimum ? "at least " : "";
  return `ERROR: the '${name}' command requires ${least}${parameters(minimum)}`;
}
