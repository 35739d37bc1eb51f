/**
 * Settings that can be changed while the server runs. They count until its next start.
 *
 * @module
 */

import type { ProcessLog } from "../../base/log.ts";
import { PortalError, type Setting } from "../../portal/service.ts";

/** The log's properties by the option that sets them at the start. */
const names = ["verb", "mute"] as const;

const descriptions: Readonly<Record<(typeof names)[number], string>> = {
  verb: "How much is logged: 0 errors only, 3 what is usual, 4 and more for looking for faults",
  mute: "Lines of a kind that are logged in a row; 0: all",
};

const maxima: Readonly<Record<(typeof names)[number], number>> = { verb: 11, mute: 1000 };

/** All of them. */
export function liveSettings(log: ProcessLog): readonly Setting[] {
  return names.map((name) => ({
    name,
    description: descriptions[name],
    value: String(log[name]),
    minimum: 0,
    maximum: maxima[name],
  }));
}

/** Changes one. @throws {PortalError} */
export function changeLiveSetting(log: ProcessLog, name: string, value: string): void {
  const setting = names.find((known) => known === name);
  if (setting === undefined) throw new PortalError("not-found", `there is no setting ${name}`);
  const number = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  if (!(number <= maxima[setting])) {
    throw new PortalError("invalid", `${setting} is a number from 0 to ${maxima[setting]}`);
  }
  log[setting] = number;
}
