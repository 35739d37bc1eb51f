/**
 * Places in files, files that options name, and what to say about them.
 *
 * @module
 */

/** Where an option was written. */
export interface Position {
  /** The file as it was named, `[CMD-LINE]` or `[PUSH-OPTIONS]`. */
  readonly file: string;
  /** From 1. On the command line: the place of the option among the arguments. */
  readonly line: number;
  /** The option as it was written, without `--`. */
  readonly option: string;
}

/** A file that an option names, or its contents between `<option>` and `</option>`. */
export type FileReference =
  | { readonly source: "inline"; readonly text: string; readonly position: Position }
  | { readonly source: "file"; readonly path: string; readonly position: Position };

/** Something to tell the user that isn't an error. */
export interface Notice {
  /** `warning`: to be mended, shown from verb 1; `info`: shown from `verb`. */
  readonly level: "warning" | "info";
  /** Lowest `verb` at which it is shown. */
  readonly verb: number;
  /** One line, with file and line number in front. */
  readonly message: string;
  /** Where it came up. */
  readonly position: Position;
}
