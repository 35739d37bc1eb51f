/**
 * Reads a configuration to its end, whatever is wrong with it, and says of each line what it will
 * do (`vpn check`).
 *
 * @module
 */

import type { Config, Notice, Position } from "./config.ts";
import { type ConnectionDraft, emptyDraft } from "./draft.ts";
import { ConfigError, place } from "./errors.ts";
import { finish } from "./finish.ts";
import { type ConfigFileHost, denoHost } from "./host.ts";
import { notYetFor } from "./not_yet.ts";
import type { OptionRow } from "./option.ts";
import { OptionReader } from "./read.ts";
import type { OptionLine } from "./source.ts";
import { findOption } from "./table.ts";

/**
 * What happens to a line: `supported` is honoured, `ignored` changes nothing here, `warned` is taken
 * in another way or not in full, `refused` keeps the configuration from starting, `missing` names a
 * file that isn't there.
 */
export type LineStatus = "supported" | "ignored" | "warned" | "refused" | "missing";

/** One line, or one inline block. */
export interface CheckedLine {
  /** Where it stands. */
  readonly position: Position;
  /** What happens to it. */
  readonly status: LineStatus;
  /** What the option does, or what is wrong. */
  readonly meaning: string;
  /** What to write or do instead. */
  readonly remedy?: string;
}

/** What there is to say about a configuration. */
export interface CheckedConfig {
  /** In the order in which they are read. */
  readonly lines: readonly CheckedLine[];
  /** What is wrong and at no line, such as something that is missing as a whole. */
  readonly problems: readonly ConfigError[];
  /** Present when no line is refused and there are no problems. */
  readonly config?: Config;
}

/** Reads a configuration file and those that it includes. Never throws a {@link ConfigError}. */
export function checkConfigFile(path: string, host: ConfigFileHost = denoHost): CheckedConfig {
  const reader = new CheckingReader(emptyDraft(), host);
  try {
    reader.file(path, undefined);
  } catch (error) {
    reader.fail(error);
  }
  const config = reader.refused ? undefined : reader.finish();
  reader.takeNotices();
  return { lines: reader.lines, problems: reader.problems, ...(config && { config }) };
}

class CheckingReader extends OptionReader {
  readonly lines: CheckedLine[] = [];
  readonly problems: ConfigError[] = [];

  /** Whether the configuration can't be used. */
  get refused(): boolean {
    return this.problems.length > 0 || this.lines.some(({ status }) => status === "refused");
  }

  override option(line: OptionLine, position: Position, depth?: number): void {
    this.#check(line, position, () => super.option(line, position, depth));
  }

  override blockOption(line: OptionLine, position: Position, block: ConnectionDraft): void {
    this.#check(line, position, () => super.blockOption(line, position, block));
  }

  /** The whole configuration; undefined when something is wrong with it. */
  finish(): Config | undefined {
    try {
      return finish(this.draft, this.notices);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** Notes an error at the line that it names. */
  fail(error: unknown): void {
    if (!(error instanceof ConfigError)) throw error;
    const { position, problem: meaning, remedy } = error;
    if (position === undefined) {
      this.problems.push(error);
      return;
    }
    const refused = { position, status: "refused", meaning, remedy } as const;
    const index = this.#indexOf(position);
    if (index < 0) this.lines.push(refused);
    else this.lines[index] = { ...refused, position: this.lines[index].position };
  }

  /** Warnings go to the lines that they are about. */
  takeNotices(): void {
    for (const notice of this.notices) {
      const index = this.#indexOf(notice.position);
      if (notice.level !== "warning" || index < 0) continue;
      const line = this.lines[index];
      if (line.status !== "supported") continue;
      this.lines[index] = { ...line, status: "warned", meaning: withoutPlace(notice) };
    }
  }

  #check(line: OptionLine, position: Position, read: () => void): void {
    // In front of those that it brings, as `config` and `<connection>` do.
    this.lines.push({ position, ...expectation(line) });
    try {
      read();
    } catch (error) {
      this.fail(error);
    }
  }

  #indexOf({ file, line }: Position): number {
    return this.lines.findLastIndex(({ position }) =>
      position.file === file && position.line === line
    );
  }
}

/** What the table says of an option. */
function expectation(line: OptionLine): Omit<CheckedLine, "position"> {
  const optional = line.name === "setenv" && line.parameters[0] === "opt";
  const name = optional ? line.parameters[1] ?? "" : line.name;
  if (name === "connection" && line.inline !== undefined) {
    return { status: "supported", meaning: "Options of one remote" };
  }
  const row = findOption(name);
  if (row === undefined) return { status: "ignored", meaning: "Unknown, and may be" };
  const parameters = optional ? line.parameters.slice(2) : line.parameters;
  const missing = notYetFor(name, parameters).find(({ effect }) => effect === "warn");
  if (missing === undefined) return expectationOf(row);
  const { reason: meaning, remedy } = missing;
  return { status: "warned", meaning, ...(remedy !== undefined && { remedy }) };
}

function expectationOf({ class: kind, summary, remedy }: OptionRow): Omit<CheckedLine, "position"> {
  if (kind === "ignored") return { status: "ignored", meaning: summary };
  if (kind === "mapped") return { status: "warned", meaning: remedy ?? summary };
  return { status: "supported", meaning: summary };
}

function withoutPlace({ message, position }: Notice): string {
  const start = `${place(position)} `;
  return message.startsWith(start) ? message.slice(start.length) : message;
}
