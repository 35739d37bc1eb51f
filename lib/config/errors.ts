/**
 * The error that a configuration can produce.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import type { Position } from "./config.ts";

/** A configuration that can't be used, and the line to mend. */
export class ConfigError extends VpnError {
  /** Tells errors apart in logs. */
  override readonly name: string = "ConfigError";

  /**
   * A problem, its remedy, its place.
   *
   * @param problem What is wrong, such as `unknown option "remtoe"`.
   * @param remedy What to write instead.
   * @param position Where; absent when something is missing as a whole.
   */
  constructor(
    /** What is wrong, without its place. */
    readonly problem: string,
    remedy?: string,
    /** Where; absent when something is missing as a whole. */
    readonly position?: Position,
  ) {
    super(position ? `${place(position)} ${problem}` : problem, remedy);
  }
}

/**
 * A file or a credential that the configuration names is missing or unreadable; the configuration
 * itself is fine (`vpn check` ends with 2 rather than 1).
 */
export class MissingFileError extends ConfigError {
  /** Tells errors apart in logs. */
  override readonly name = "MissingFileError";
}

/** `client.ovpn:12:`, or `--verb:` for the command line. */
export function place(position: Position): string {
  if (position.file === commandLine) return `--${position.option}:`;
  return `${position.file}:${position.line}:`;
}

/** What stands for a file name when an option comes from the command line. */
export const commandLine = "[CMD-LINE]";

/** What stands for a file name when an option comes from the server. */
export const pushedOptions = "[PUSH-OPTIONS]";
