/**
 * Typed errors. Each one names its cause and, where there is one, the remedy; the command line
 * prints them as one line and keeps the stack trace for `--verb 9`.
 *
 * @module
 */

/** An error that the user can understand and, mostly, mend. */
export class VpnError extends Error {
  /** The class's name, for logs. */
  override readonly name: string = "VpnError";

  /**
   * An error with its remedy.
   *
   * @param message What went wrong, without a full stop at its end.
   * @param remedy What the user can do about it, as an imperative clause.
   * @param options The underlying error, kept for `--verb 9`.
   */
  constructor(message: string, readonly remedy?: string, options?: ErrorOptions) {
    super(message, options);
  }

  /** The one line that the user reads. */
  get line(): string {
    return this.remedy === undefined ? this.message : `${this.message}: ${this.remedy}`;
  }
}

/** The operating system refuses for want of privileges (`EPERM`, `EACCES`). */
export class PrivilegeError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "PrivilegeError";
}

/** The one line for any error: ours by `line`, a stranger's by its message. */
export function errorLine(error: unknown): string {
  if (error instanceof VpnError) return error.line;
  return error instanceof Error ? error.message : String(error);
}
