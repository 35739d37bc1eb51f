/**
 * What the formats of OpenVPN's status have in common.
 *
 * @module
 */

import { programVersion } from "../../base/version.ts";
import { timestamp } from "../../base/log.ts";

/** `status-version`. */
export type StatusVersion = 1 | 2 | 3;

/** The OpenVPN whose formats and management interface we follow. */
export const compatibleVersion = "2.6.14";

/**
 * Programs that read the title take the second word for OpenVPN's version and the third for the
 * architecture.
 */
export const programTitle = `OpenVPN ${compatibleVersion} ${Deno.build.target} ` +
  `[vpn ${programVersion}] [Deno ${Deno.version.deno}]`;

/** A moment as OpenVPN writes it there: local time. `milliseconds`: since 1970. */
export function statusTime(milliseconds: number): string {
  return timestamp(milliseconds);
}

/** The same as `time_t`. */
export function unixTime(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/**
 * A name that a peer chose, as a field: it must not make fields or lines of its own. OpenVPN
 * replaces such characters where names come in; here that is where they go out.
 */
export function statusField(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what this looks for
  return text.replace(/[\x00-\x1f\x7f-\x9f,]/g, "_");
}

/** What OpenVPN writes for a name that is not known. */
export const undefinedName = "UNDEF";
