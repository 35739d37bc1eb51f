/**
 * One line into words, as OpenVPN's `parse_line` does it (options.c; the manual's introduction,
 * "quoting and escaping"): white space separates, double quotes allow backslash escapes, single
 * quotes take everything as it stands, `#` and `;` at the start of a word begin a comment.
 *
 * @module
 */

/** Longest word, in bytes (`OPTION_PARM_SIZE`). */
export const maximumWordLength = 256;

/** Longest line with an option on it, in bytes, line end included (`OPTION_LINE_SIZE` - 1). */
export const maximumLineLength = 255;

/** Most words of an option, its name included (`MAX_PARMS`). */
export const maximumWords = 16;

/** What is wrong with a line. */
export interface TokenizeFailure {
  /** What is wrong. */
  readonly problem: string;
  /** What to write instead. */
  readonly remedy: string;
}

const enum State {
  /** Between words. */
  Between,
  Plain,
  DoubleQuoted,
  SingleQuoted,
}

// C's isspace() in the "C" locale.
function isSpace(character: string): boolean {
  return character === " " || (character >= "\t" && character <= "\r");
}

/**
 * The words of a line, none for a blank or a comment, or what is wrong with it. A NUL ends the
 * line, as in C.
 */
export function tokenize(line: string): string[] | TokenizeFailure {
  const end = line.indexOf("\0");
  const text = end < 0 ? line : line.slice(0, end);
  const words: string[] = [];
  let word = "";
  let state = State.Between;
  for (let i = 0; i < text.length; i++) {
    let character = text[i];
    let escaped = false;
    if (character === "\\" && state !== State.SingleQuoted) {
      if (++i === text.length) return trailingBackslash;
      character = text[i];
      escaped = true;
      // A carriage return before the line end was no character that anyone meant to escape.
      if (character === "\r" && i === text.length - 1) return trailingBackslash;
    }
    switch (state) {
      case State.Between:
        if (isSpace(character)) continue;
        // Here OpenVPN looks at the character alone: a backslash doesn't save it.
        if (character === "#" || character === ";") return finish(words);
        if (!escaped && character === '"') {
          state = State.DoubleQuoted;
          continue;
        }
        if (!escaped && character === "'") {
          state = State.SingleQuoted;
          continue;
        }
        state = State.Plain;
        break;
      case State.Plain:
        if (!escaped && isSpace(character)) {
          words.push(word);
          word = "";
          state = State.Between;
          continue;
        }
        break;
      case State.DoubleQuoted:
      case State.SingleQuoted:
        if (!escaped && character === (state === State.DoubleQuoted ? '"' : "'")) {
          words.push(word);
          word = "";
          state = State.Between;
          continue;
        }
        break;
    }
    if (escaped && !(character === "\\" || character === '"' || isSpace(character))) {
      return badEscape(character);
    }
    word += character;
  }
  if (state === State.DoubleQuoted) return unclosed('"');
  if (state === State.SingleQuoted) return unclosed("'");
  if (state === State.Plain) words.push(word);
  return finish(words);
}

function finish(words: string[]): string[] | TokenizeFailure {
  const encoder = new TextEncoder();
  for (const word of words) {
    if (word.length * 3 > maximumWordLength && encoder.encode(word).length > maximumWordLength) {
      return {
        problem: `a parameter is longer than ${maximumWordLength} bytes`,
        remedy: "shorten it",
      };
    }
  }
  if (words.length > maximumWords) {
    return {
      problem: `more than ${maximumWords - 1} parameters`,
      remedy: "put a parameter that has spaces in double quotes",
    };
  }
  return words;
}

const trailingBackslash: TokenizeFailure = {
  problem: "a backslash at the end of the line",
  remedy: "remove it (an option can't go on in the next line) or write two",
};

function badEscape(character: string): TokenizeFailure {
  return {
    problem: `a backslash in front of "${character}"`,
    remedy: 'write two backslashes for one, as in "C:\\\\keys\\\\client.key"',
  };
}

function unclosed(quote: string): TokenizeFailure {
  return { problem: `a quotation mark (${quote}) that isn't closed`, remedy: "close it" };
}

/** The words as a line that {@link tokenize} reads back. */
export function quote(words: readonly string[]): string {
  return words.map((word) => {
    if (/^[^\s"'\\#;]+$/.test(word)) return word;
    return `"${word.replace(/["\\]/g, "\\$&")}"`;
  }).join(" ");
}
