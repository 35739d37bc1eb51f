/**
 * Option lines into a draft: looks each one up in the table, checks where it stands and how many
 * parameters it has, says what won't be honoured, calls its handler.
 *
 * @module
 */

import type { Notice, Position } from "./config.ts";
import type { ConnectionDraft, Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { type ConfigFileHost, systemReason } from "./host.ts";
import { notYetFor } from "./not_yet.ts";
import {
  notice,
  OptionContext,
  type OptionRow,
  parameterCount,
  type Place,
  shorten,
} from "./option.ts";
import { type OptionLine, optionLines } from "./source.ts";
import { findOption, nearestOption } from "./table.ts";

/** Files that may include one another, one inside the other (options.c: max_recursive_levels). */
export const maximumIncludeDepth = 10;

/** Reads options into a draft. */
export class OptionReader {
  readonly notices: Notice[] = [];
  readonly #saidOnce = new Set<string>();

  constructor(
    readonly draft: Draft,
    readonly host: ConfigFileHost,
    readonly place: "main" | "client" = "main",
  ) {}

  /** Reads the lines of a text. */
  text(text: string, file: string, depth = 1): void {
    for (const line of optionLines(text, file)) {
      this.option(line, { file, line: line.line, option: line.name }, depth);
    }
  }

  /**
   * Reads a file, as `config` does.
   *
   * @param position The `config` line; absent when the file was named in another way.
   */
  file(path: string, position: Position | undefined, depth = 1): void {
    if (depth > maximumIncludeDepth) {
      throw new ConfigError(
        `more than ${maximumIncludeDepth} configuration files inside one another`,
        "look for a file that includes itself",
        position,
      );
    }
    this.text(this.#read(path, position), path, depth);
  }

  /** Reads one option, from a file or the command line. */
  option(line: OptionLine, position: Position, depth = 0): void {
    const { name, parameters } = line;
    // A key whose `<key>` is missing must end up in no message, line by line.
    if (/^(--)?-+BEGIN$/.test(name)) {
      throw new ConfigError(
        "a certificate or key outside of an inline block",
        "put it between <cert> and </cert>, <key> and </key> …",
        { ...position, option: "" },
      );
    }
    if (name === "setenv" && parameters[0] === "opt") {
      const inner = { ...line, name: parameters[1] ?? "", parameters: parameters.slice(2) };
      if (inner.name === "") {
        throw new ConfigError(`"setenv opt" names no option`, undefined, position);
      }
      this.#option(inner, { ...position, option: inner.name }, true, depth);
      return;
    }
    const optional = this.draft.forwardCompatible || this.draft.ignoreUnknown.has(name);
    this.#option(line, position, optional, depth);
  }

  #option(line: OptionLine, position: Position, optional: boolean, depth: number): void {
    if (line.name === "connection" && line.inline !== undefined && this.place === "main") {
      this.#connectionBlock(line, position);
      return;
    }
    if (line.name === "config") {
      this.#include(line, position, depth);
      return;
    }
    const row = findOption(line.name);
    if (row === undefined) {
      if (!optional) throw unknownOption(line.name, position);
      this.notices.push(
        notice("warning", 1, position, `unknown option "${shorten(line.name)}" ignored`),
      );
      return;
    }
    const { draft } = this;
    apply(row, line, position, this.place, draft, draft.connection, this.notices, this.#saidOnce);
    if (draft.connectionBlocks.length > 0 && row.where.includes("connection")) {
      this.notices.push(
        notice(
          "warning",
          1,
          position,
          `"${row.name}" is after the <connection> blocks, which don't see it`,
        ),
      );
    }
  }

  #include(line: OptionLine, position: Position, depth: number): void {
    const [path, ...more] = line.parameters;
    if (path === undefined || more.length > 0) {
      throw new ConfigError(`"config" expects one file`, undefined, position);
    }
    const directory = this.draft.process.directory;
    const resolved = directory === undefined || path.startsWith("/") || path === "stdin"
      ? path
      : `${directory}/${path}`;
    this.file(resolved, position, depth + 1);
  }

  #read(path: string, position: Position | undefined): string {
    if (path === "stdin") return this.host.readStandardInput();
    try {
      return this.host.readTextFile(path);
    } catch (error) {
      throw new ConfigError(
        `can't read the configuration file "${path}" (${systemReason(error)})`,
        "check its name and permissions",
        position,
      );
    }
  }

  // The block starts from the global options so far; its own stand above them.
  #connectionBlock(line: OptionLine, position: Position): void {
    const { draft } = this;
    const block: ConnectionDraft = {
      ...draft.connection,
      controlKeys: {},
      keyDirection: undefined,
    };
    for (const inner of optionLines(line.inline ?? "", position.file, line.inlineLine)) {
      const at = { file: position.file, line: inner.line, option: inner.name };
      this.blockOption(inner, at, block);
    }
    if (block.remote === undefined) {
      throw new ConfigError("a <connection> block without a remote", `add "remote HOST"`, position);
    }
    draft.connectionBlocks.push(block);
  }

  /** Reads one option of a `<connection>` block. */
  blockOption(line: OptionLine, position: Position, block: ConnectionDraft): void {
    const { draft } = this;
    const row = findOption(line.name);
    if (row !== undefined) {
      apply(row, line, position, "connection", draft, block, this.notices, this.#saidOnce);
      return;
    }
    if (!draft.forwardCompatible && !draft.ignoreUnknown.has(line.name)) {
      throw unknownOption(line.name, position);
    }
    this.notices.push(
      notice("warning", 1, position, `unknown option "${shorten(line.name)}" ignored`),
    );
  }
}

/**
 * Checks one option against its row and calls its handler.
 *
 * @throws {ConfigError} when it is refused or wrong.
 */
export function apply(
  row: OptionRow,
  line: OptionLine,
  position: Position,
  place: Place,
  draft: Draft,
  connection: ConnectionDraft,
  notices: Notice[],
  saidOnce: Set<string>,
): void {
  const context = new OptionContext(row, position, place, draft, connection, notices, line.inline);
  if (row.class === "refused") context.fail(`"${row.name}": ${row.summary}`, row.remedy);
  checkPlace(context, line);
  checkParameters(context, line);
  for (const missing of notYetFor(row.name, line.parameters)) {
    if (missing.effect === "refuse") {
      context.fail(`"${row.name}" isn't supported yet: ${missing.reason}`, missing.remedy);
    }
    if (once(saidOnce, `${row.name}: ${missing.reason}`)) {
      context.warn(`"${row.name}" is accepted but not honoured yet: ${missing.reason}`);
    }
  }
  row.apply?.(context, line.parameters);
  draft.positions.set(row.name, position);
  if (row.class === "ignored" && once(saidOnce, row.name)) {
    context.info(`"${row.name}" changes nothing here: ${row.summary}`);
  }
  if (row.class === "mapped" && once(saidOnce, row.name)) {
    context.warn(`"${row.name}": ${row.remedy ?? row.summary}`);
  }
}

function once(said: Set<string>, what: string): boolean {
  if (said.has(what)) return false;
  said.add(what);
  return true;
}

function checkPlace(context: OptionContext, line: OptionLine): void {
  const { row, place } = context;
  if (line.inline !== undefined && !row.where.includes("inline")) {
    context.fail(`"${row.name}" can't be an inline block`, `write "${row.name} ${row.usage}"`);
  }
  if (place === "push") return;
  if (row.where.includes(place)) return;
  if (place === "connection") {
    context.fail(
      `"${row.name}" can't be used in a <connection> block`,
      "put it above the first <connection>",
    );
  }
  if (place === "client") {
    context.fail(`"${row.name}" can't be used in a client's file`, "put it into the server's own");
  }
  if (row.where.includes("client")) {
    context.fail(
      `"${row.name}" can't be used here`,
      "it belongs into a client's file in client-config-dir",
    );
  }
  context.fail(`"${row.name}" can't be used here`, "only a server pushes it");
}

function checkParameters(context: OptionContext, line: OptionLine): void {
  if (line.inline !== undefined) return;
  const { minimum, maximum } = parameterCount(context.row.usage);
  const number = line.parameters.length;
  if (number >= minimum && number <= maximum) return;
  const { name, usage } = context.row;
  context.fail(
    `"${name}" has ${number === 0 ? "no" : number} parameter${number === 1 ? "" : "s"}`,
    `write "${usage === "" ? name : `${name} ${usage}`}"`,
  );
}

function unknownOption(name: string, position: Position): ConfigError {
  const guess = nearestOption(name);
  return new ConfigError(
    `unknown option "${shorten(name)}"`,
    guess === undefined
      ? `remove it, or add "ignore-unknown-option NAME" above it`
      : `did you mean "${guess}"?`,
    position,
  );
}
