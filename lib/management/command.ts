/**
 * What a command of the management interface is, and what it works with.
 *
 * @module
 */

import type { Management } from "./management.ts";

/** The connection that a command came by. */
export interface CommandContext {
  readonly management: Management;
  /** Sends a line. */
  reply(line: string): void;
  /** Sends lines and `END`. */
  replyAll(lines: readonly string[]): void;
  /** Turns notifications of a kind on or off. */
  setRealTime(kind: "state" | "log" | "echo", on: boolean): void;
  /** `bytecount`: seconds between notifications; 0: none. */
  setByteCount(seconds: number): void;
  /** Takes lines up to `END`, then calls `done` with them. */
  collect(done: (lines: readonly string[]) => void): void;
  /** `env-filter`: sets it, if given; the level. */
  environmentFilter(level?: number): number;
  /** Ends the session. */
  close(): void;
}

/** One command. */
export interface Command {
  /** How many parameters it takes. */
  readonly minimum: number;
  readonly maximum: number;
  readonly run: (context: CommandContext, parameters: readonly string[]) => void;
}

/** Commands by name. */
export type Commands = Readonly<Record<string, Command>>;

/** A number of digits alone, at most 2³² - 1. */
export function parseNumber(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : undefined;
}

/** `ERROR: The 'kill' command is not supported by the current daemon mode`. */
export function notSupported(context: CommandContext, command: string): void {
  context.reply(`ERROR: The '${command}' command is not supported by the current daemon mode`);
}
