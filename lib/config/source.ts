/**
 * A text into option lines: words, place, and the contents of inline blocks (the manual's
 * inline-files.rst; `read_inline_file` in options.c).
 *
 * @module
 */

import { ConfigError } from "./errors.ts";
import { maximumLineLength, tokenize } from "../base/tokenize.ts";

/** Largest configuration, in characters: far above any real one, inline keys included. */
export const maximumTextLength = 4 << 20;

/** One option as it stands in a file. */
export interface OptionLine {
  /** Without `--`, or without `<` and `>` for an inline block. */
  readonly name: string;
  readonly parameters: readonly string[];
  /** What stands between `<name>` and `</name>`. */
  readonly inline?: string;
  readonly line: number;
  /** For {@link inline}: the number of its first line. */
  readonly inlineLine?: number;
}

/**
 * The option lines of a text, in order.
 *
 * @param firstLine The number of the text's first line (a `<connection>` block starts later).
 * @throws {ConfigError} for lines that can't be split into words and blocks without an end.
 */
export function* optionLines(text: string, file: string, firstLine = 1): Generator<OptionLine> {
  if (text.length > maximumTextLength) {
    throw new ConfigError(
      `${file} is longer than ${maximumTextLength} characters`,
      "name a configuration file",
    );
  }
  const lines = (text.startsWith("\ufeff") ? text.slice(1) : text).split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = firstLine + i;
    const words = tokenize(lines[i]);
    const position = { file, line, option: "" };
    if (!Array.isArray(words)) throw new ConfigError(words.problem, words.remedy, position);
    if (words.length === 0) continue;
    if (new TextEncoder().encode(lines[i]).length >= maximumLineLength) {
      throw new ConfigError(
        `the line is longer than ${maximumLineLength - 1} bytes`,
        "shorten it, or put file contents into an inline block",
        position,
      );
    }
    const name = withoutDashes(words[0]);
    const block = words.length === 1 ? blockName(name) : undefined;
    if (block === undefined) {
      yield { name, parameters: words.slice(1), line };
      continue;
    }
    const start = i + 1;
    const closing = `</${block}>`;
    do i++; while (i < lines.length && !lines[i].trimStart().startsWith(closing));
    if (i >= lines.length) {
      throw new ConfigError(`<${block}> has no end`, `add a line "${closing}"`, position);
    }
    const inline = lines.slice(start, i).map((l) => l.replace(/\r$/, "") + "\n").join("");
    yield { name: block, parameters: [], inline, line, inlineLine: firstLine + start };
  }
}

/** An option's name without the two dashes that files may have as well. */
export function withoutDashes(word: string): string {
  return word.length >= 3 && word.startsWith("--") ? word.slice(2) : word;
}

function blockName(word: string): string | undefined {
  if (word.length < 3 || !word.startsWith("<") || !word.endsWith(">")) return undefined;
  return word.slice(1, -1);
}
