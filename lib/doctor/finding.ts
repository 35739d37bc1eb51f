/**
 * What a check found.
 *
 * @module
 */

/** How it stands: `warning` will go wrong or may, `problem` does, `skipped` could not be seen. */
export type FindingStatus = "ok" | "warning" | "problem" | "skipped";

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at, in a few words; the same in every run. */
  readonly check: string;
  readonly status: FindingStatus;
  /** What was found, as a clause. */
  readonly message: string;
  /** The one command that mends it. */
  readonly command?: string;
}

/** Makes the findings of one check. */
export class Check {
  /** @param name What is looked at. */
  constructor(readonly name: string) {}

  ok(message: string): Finding {
    return { check: this.name, status: "ok", message };
  }
  skipped(message: string): Finding {
    return { check: this.name, status: "skipped", message };
  }
  warning(message: string, command?: string): Finding {
    return { check: this.name, status: "warning", message, command };
  }
  problem(message: string, command?: string): Finding {
    return { check: this.name, status: "problem", message, command };
  }
}

/** Text as one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
