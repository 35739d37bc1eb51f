/**
 * What goes over the control socket: a line of JSON each way, one after the other.
 *
 * @module
 */

import type { ServerReport } from "./server_report.ts";

/** What a command asks. */
export type ControlRequest =
  | { readonly command: "status" }
  /** Ends the sessions of that name. */
  | { readonly command: "kick"; readonly name: string };

/** What it is told. */
export type ControlAnswer =
  | { readonly report: ServerReport }
  /** How many sessions were ended. */
  | { readonly ended: number }
  /** In words. */
  | { readonly error: string };

/** Octets of a request's line. */
export const longestRequest = 4096;

/** Octets of an answer's line: 1,024 clients need some 400,000. */
export const longestAnswer = 64 * 1024 * 1024;

/** Reads a request. @returns What is wrong with it, where something is. */
export function parseRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "this is no JSON";
  }
  if (typeof value !== "object" || value === null) return "this is no request";
  const { command, name } = value as Record<string, unknown>;
  if (command === "status") return { command };
  if (command !== "kick") return "there is no such command";
  return typeof name === "string" && name !== "" ? { command, name } : "kick needs a name";
}

/** Cuts a stream of octets into lines that are not too long. */
export class LineCutter {
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(readonly longest: number) {}

  /**
   * Takes octets, gives the lines that end in them.
   *
   * @throws {RangeError} when a line is too long.
   */
  take(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.#add(bytes.slice(start, end));
      lines.push(this.#line());
      start = end + 1;
    }
    this.#add(bytes.slice(start));
    return lines;
  }

  #add(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.longest) throw new RangeError("the line is too long");
    if (part.length > 0) this.#parts.push(part);
  }

  #line(): string {
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return new TextDecoder().decode(whole);
  }
}
