/**
 * The texts of OpenVPN's management interface, version 5.
 *
 * Source: OpenVPN's doc/management-notes.txt, and what OpenVPN 2.6.14 answers.
 *
 * @module
 */

/** What of the protocol we speak. */
export const managementVersion = 5;

/** States of a tunnel, as the interface names them. */
export type StateName =
  | "CONNECTING"
  | "WAIT"
  | "AUTH"
  | "GET_CONFIG"
  | "ASSIGN_IP"
  | "ADD_ROUTES"
  | "CONNECTED"
  | "RECONNECTING"
  | "EXITING"
  | "RESOLVE"
  | "TCP_CONNECT"
  | "AUTH_PENDING";

/** An address with its port. */
export interface StateEndpoint {
  readonly hostname: string;
  readonly port: number;
}

/** A state that the tunnel entered. */
export interface State {
  readonly name: StateName;
  /** Mostly why it reconnects or ends. */
  readonly detail?: string;
  /** Of the TUN device. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** The server. */
  readonly remote?: StateEndpoint;
  /** Our end of the connection to it. */
  readonly local?: StateEndpoint;
}

/** A moment, ms since 1970, as the interface writes it. */
export function unixSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** `1796017914,CONNECTED,SUCCESS,10.8.0.6,198.18.0.1,1194,,`; without the prefix `>STATE:`. */
export function stateLine(state: State, now: number): string {
  const endpoint = (at: StateEndpoint | undefined) =>
    at === undefined ? "," : `${at.hostname},${at.port}`;
  const line = [
    unixSeconds(now),
    state.name,
    field(state.detail ?? ""),
    state.ipv4 ?? "",
    endpoint(state.remote),
    endpoint(state.local),
  ].join(",");
  return state.ipv6 === undefined ? line : `${line},${state.ipv6}`;
}

/** `I` informational, `N` error, `W` warning, `D` debug, `F` fatal. */
export type LogFlag = "I" | "F" | "N" | "W" | "D";

/** `1796017914,I,Initialization Sequence Completed`; without the prefix `>LOG:`. */
export function logLine(flag: LogFlag, text: string, now: number): string {
  return `${unixSeconds(now)},${flag},${text}`;
}

/** `1101519562,forget-passwords`; without the prefix `>ECHO:`. */
export function echoLine(text: string, now: number): string {
  return `${unixSeconds(now)},${oneLine(text)}`;
}

/** The lines of a notification with its environment, as `>CLIENT:CONNECT,0,1`. */
export function notification(
  source: "CLIENT" | "UPDOWN",
  head: string,
  environment: Readonly<Record<string, string>>,
): string[] {
  const lines = [`>${source}:${oneLine(head)}`];
  for (const [name, value] of Object.entries(environment)) {
    lines.push(`>${source}:ENV,${oneLine(`${name}=${value}`)}`);
  }
  lines.push(`>${source}:ENV,END`);
  return lines;
}

/** What stands between single quotes in `>PASSWORD:` lines. */
export function quoted(text: string): string {
  return `'${oneLine(text)}'`;
}

/** A peer's text on one line: control characters become `_`, so that it can't make lines. */
export function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what this looks for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, "_");
}

/** A text that is one field of several. */
function field(text: string): string {
  return oneLine(text).replaceAll(",", ";");
}
