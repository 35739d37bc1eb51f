/**
 * What a row of the option table is, and what its handler gets.
 *
 * @module
 */

import type { FileReference, Notice, Position } from "./config.ts";
import type { ConnectionDraft, Draft } from "./draft.ts";
import { ConfigError, place } from "./errors.ts";
import { nearest } from "./nearest.ts";

/**
 * What happens to an option:
 *
 * - `supported`: it is honoured.
 * - `ignored`: it changes nothing here; said at verb 3.
 * - `mapped`: something else is done that comes to the same; said as a warning.
 * - `refused`: an error that says what to use instead.
 * - `script`: a program to run; only with `script-security 2`.
 */
export type OptionClass = "supported" | "ignored" | "mapped" | "refused" | "script";

/**
 * Where an option may stand (OpenVPN's `OPT_P_…`):
 *
 * - `main`: a file or the command line.
 * - `connection`: also in a `<connection>` block.
 * - `inline`: its file may stand between `<option>` and `</option>`.
 * - `push`: a server may push it.
 * - `push-route`: a server may push it unless there is `route-nopull`.
 * - `client`: a file of `client-config-dir`.
 */
export type Where = "main" | "connection" | "inline" | "push" | "push-route" | "client";

/** Where the option that is being handled does stand. */
export type Place = "main" | "connection" | "push" | "client";

/** One option. */
export interface OptionRow {
  readonly name: string;
  readonly class: OptionClass;
  readonly theme: string;
  /** The parameters: `[X]` may be missing, `X…` repeats. Their number is checked against it. */
  readonly usage: string;
  readonly where: readonly Where[];
  /** One line without a full stop: what it does; for `refused` why not. */
  readonly summary: string;
  /** For `refused` and `mapped`: what to write or what happens instead. */
  readonly remedy?: string;
  /** Puts the parameters into the draft. */
  readonly apply?: (context: OptionContext, parameters: readonly string[]) => void;
}

/** What a handler works with. */
export class OptionContext {
  constructor(
    readonly row: OptionRow,
    readonly position: Position,
    readonly place: Place,
    readonly draft: Draft,
    /** The block's, or the draft's own. */
    readonly connection: ConnectionDraft,
    readonly notices: Notice[],
    /** The contents of `<option>…</option>`. */
    readonly inline?: string,
  ) {}

  /** Ends the reading with an error at this option. */
  fail(problem: string, remedy?: string): never {
    throw new ConfigError(problem, remedy, this.position);
  }

  /** `option "NAME": expected WHAT, got "TEXT"`. */
  expected(what: string, text: string, candidates: readonly string[] = []): never {
    const guess = nearest(text, candidates);
    this.fail(
      `"${this.position.option}" expects ${what}, not "${shorten(text)}"`,
      guess === undefined ? undefined : `did you mean "${guess}"?`,
    );
  }

  /** A warning at this option. */
  warn(message: string): void {
    this.notices.push(notice("warning", 1, this.position, message));
  }

  /** Something to say at verb 3. */
  info(message: string): void {
    this.notices.push(notice("info", 3, this.position, message));
  }

  /** The file that the parameter names, or the inline contents. */
  file(path: string | undefined): FileReference {
    if (this.inline !== undefined) {
      return { source: "inline", text: this.inline, position: this.position };
    }
    if (path === undefined || path === "") this.fail(`"${this.position.option}" names no file`);
    return { source: "file", path, position: this.position };
  }
}

/** A notice with its place in front. */
export function notice(
  level: Notice["level"],
  verb: number,
  position: Position,
  message: string,
): Notice {
  return { level, verb, position, message: `${place(position)} ${message}` };
}

/** At most 40 characters of what a file or a peer wrote, for messages. */
export function shorten(text: string): string {
  return text.length > 40 ? text.slice(0, 40) + "…" : text;
}

/** How many parameters a usage text allows. */
export function parameterCount(usage: string): { minimum: number; maximum: number } {
  let minimum = 0;
  let maximum = 0;
  for (const parameter of usage === "" ? [] : usage.split(" ")) {
    // `[HOST:]PORT` must be there, `[PORT]` need not.
    if (!/^\[.*\]$/.test(parameter)) minimum++;
    maximum = parameter.includes("…") ? Infinity : maximum + 1;
  }
  return { minimum, maximum };
}

/** The rows of one theme; `main` is where they may stand unless they say otherwise. */
export function rows(
  theme: string,
  list: readonly (Omit<OptionRow, "theme" | "where" | "class" | "usage"> & {
    readonly class?: OptionClass;
    readonly usage?: string;
    readonly where?: readonly Where[];
  })[],
): OptionRow[] {
  return list.map((row) => ({ class: "supported", usage: "", where: ["main"], ...row, theme }));
}
