/**
 * Control messages: NUL-terminated texts that peers send each other inside TLS once the keys are
 * exchanged: `PUSH_REQUEST`, `PUSH_REPLY,…`, `AUTH_FAILED`, …
 *
 * Source: OpenVPN's `ssl_pkt.c` (`extract_command_buffer`), `forward.c`
 * (`parse_incoming_control_channel_command`), `push.c`; openvpn(8), `--auth-retry` and others;
 * `doc/management-notes.txt` for AUTH_PENDING and CR_RESPONSE.
 *
 * @module
 */

import { concatBytes, wipe } from "../base/bytes.ts";

/** Longest message with its NUL, bytes (TLS_CHANNEL_BUF_SIZE in OpenVPN's common.h). */
export const maximumControlMessageLength = 2048;

/** Messages that may wait to be taken; a long PUSH_REPLY has about 65. */
const maximumWaiting = 128;

/** Cuts the stream of plaintext into messages. */
export class ControlMessageSplitter {
  #partial: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  #overflowed = false;
  readonly #messages: string[] = [];

  /** Takes bytes of the stream, cut anywhere. They are not kept. */
  push(bytes: Uint8Array): void {
    let start = 0;
    while (!this.#overflowed && start < bytes.length) {
      const end = bytes.indexOf(0, start);
      const piece = bytes.subarray(start, end < 0 ? bytes.length : end);
      // One byte is for the NUL.
      if (this.#partial.length + piece.length + 1 > maximumControlMessageLength) {
        this.#overflowed = true;
        wipe(this.#partial);
        return;
      }
      const message = concatBytes(this.#partial, piece);
      wipe(this.#partial);
      if (end < 0) {
        this.#partial = message;
        return;
      }
      this.#partial = new Uint8Array(0);
      this.#add(message);
      start = end + 1;
    }
  }

  /**
   * The next whole message, or undefined. Line ends at its end are taken off; empty messages and
   * those with control characters are dropped, as in OpenVPN.
   */
  next(): string | undefined {
    return this.#messages.shift();
  }

  /**
   * The peer sent a message longer than `maximumControlMessageLength`, or more messages than
   * anyone takes; nothing more is read.
   */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  #add(message: Uint8Array): void {
    const text = new TextDecoder().decode(message).replace(/[\r\n]+$/, "");
    wipe(message);
    // deno-lint-ignore no-control-regex -- they are what this looks for
    if (text !== "" && !/[\x00-\x1f\x7f]/.test(text)) this.#messages.push(text);
    if (this.#messages.length > maximumWaiting) this.#overflowed = true;
  }
}

/** The bytes of a message on the wire. */
export function encodeControlMessage(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** A control message. */
export type ControlMessage =
  | { readonly kind: "push-request" }
  /** `continuation`: another PUSH_REPLY follows. Options are without `push-continuation`. */
  | {
    readonly kind: "push-reply";
    readonly options: readonly string[];
    readonly continuation: boolean;
  }
  /** The same for PUSH_UPDATE; see push_update.ts. */
  | {
    readonly kind: "push-update";
    readonly options: readonly string[];
    readonly continuation: boolean;
  }
  /** `reason` may begin with `CRV1:` (a challenge) or `SESSION:`. */
  | {
    readonly kind: "auth-failed";
    readonly reason?: string;
    readonly temporary?: TemporaryFailure;
  }
  /** `flags`: letters in brackets; P: keep the password, N: go to the next server. */
  | { readonly kind: "restart"; readonly flags: string; readonly reason: string }
  | { readonly kind: "halt"; readonly flags: string; readonly reason: string }
  | { readonly kind: "exit" }
  | { readonly kind: "info"; readonly text: string }
  | { readonly kind: "info-pre"; readonly text: string }
  | { readonly kind: "challenge-response"; readonly text: string }
  /** `timeout`: seconds that the server waits for the user. */
  | { readonly kind: "auth-pending"; readonly timeout?: number }
  | { readonly kind: "unknown"; readonly text: string };

/** AUTH_FAILED,TEMP[flags]: the server does not want to say no for ever. */
export interface TemporaryFailure {
  /** Seconds to wait before the next attempt. */
  readonly backoff?: number;
  /** Whether to try the next address or the next remote, or stay. */
  readonly advance?: "no" | "remote" | "addr";
}

/** Reads a message as the splitter gives it. */
export function parseControlMessage(text: string): ControlMessage {
  const comma = text.indexOf(",");
  const name = comma < 0 ? text : text.slice(0, comma);
  const rest = comma < 0 ? undefined : text.slice(comma + 1);
  switch (name) {
    case "PUSH_REQUEST":
      return { kind: "push-request" };
    case "PUSH_REPLY":
      return { kind: "push-reply", ...parsePushed(rest) };
    case "PUSH_UPDATE":
      return { kind: "push-update", ...parsePushed(rest) };
    case "AUTH_FAILED":
      return parseAuthFailed(rest);
    case "RESTART":
      return { kind: "restart", ...parseReason(rest) };
    case "HALT":
      return { kind: "halt", ...parseReason(rest) };
    case "EXIT":
      return { kind: "exit" };
    case "INFO":
      return { kind: "info", text: rest ?? "" };
    case "INFO_PRE":
      return { kind: "info-pre", text: rest ?? "" };
    case "CR_RESPONSE":
      return { kind: "challenge-response", text: rest ?? "" };
    case "AUTH_PENDING":
      return { kind: "auth-pending", timeout: keywordNumber(rest?.split(",") ?? [], "timeout ") };
    default:
      return { kind: "unknown", text };
  }
}

function parsePushed(rest: string | undefined) {
  const options = splitPushOptions(rest ?? "");
  return {
    options: options.filter((option) => !option.startsWith("push-continuation ")),
    continuation: options.includes("push-continuation 2"),
  };
}

/** The options of a PUSH_REPLY; commas are never quoted. */
export function splitPushOptions(text: string): readonly string[] {
  return text.split(",").filter((option) => option !== "");
}

function parseAuthFailed(reason: string | undefined): ControlMessage {
  // TEMP, then flags in brackets, then a text for the user behind a colon.
  const match = /^TEMP(?:\[([^\]]*)\])?(?::(.*))?/.exec(reason ?? "");
  if (match === null) return { kind: "auth-failed", reason: reason || undefined };
  const flags = match[1]?.split(",") ?? [];
  const advance = flags.find((flag) => flag.startsWith("advance "))?.slice("advance ".length);
  return {
    kind: "auth-failed",
    reason: match[2] || undefined,
    temporary: {
      backoff: keywordNumber(flags, "backoff "),
      advance: advance === "no" || advance === "remote" || advance === "addr" ? advance : undefined,
    },
  };
}

function parseReason(rest = ""): { flags: string; reason: string } {
  const match = /^\[([^\]]*)\](.*)$/.exec(rest);
  return match === null ? { flags: "", reason: rest } : { flags: match[1], reason: match[2] };
}

function keywordNumber(keywords: readonly string[], prefix: string): number | undefined {
  const value = keywords.find((keyword) => keyword.startsWith(prefix))?.slice(prefix.length);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
