/**
 * How a certificate of the index stands.
 *
 * @module
 */

import type { IndexEntry } from "../../pki/certificate_index.ts";
import { reasonName } from "../../pki/revocation_reason.ts";
import type { Cell } from "./terminal.ts";

const DAY = 86_400_000;
/** A certificate with less left is pointed out, in milliseconds. */
const SOON = 30 * DAY;

/** `replaced`: valid, but there is a newer one of the same name. */
export type EntryState = "valid" | "ending" | "replaced" | "expired" | "revoked" | "not-yet-valid";

/** The state of each entry, by serial number. `now` in milliseconds since 1970. */
export function entryStates(
  entries: readonly IndexEntry[],
  now: number,
): ReadonlyMap<string, EntryState> {
  const newest = new Map<string, string>();
  for (const { name, serial, revocation } of entries) {
    if (revocation === undefined) newest.set(name, serial);
  }
  return new Map(entries.map((entry) => {
    const { serial, name, revocation, notBefore, notAfter } = entry;
    const state = revocation !== undefined
      ? "revoked"
      : now > notAfter
      ? "expired"
      : now < notBefore
      ? "not-yet-valid"
      : newest.get(name) !== serial
      ? "replaced"
      : notAfter - now < SOON
      ? "ending"
      : "valid";
    return [serial, state];
  }));
}

/** The state as a word or two, in its colour. */
export function stateCell(entry: IndexEntry, state: EntryState): Cell {
  switch (state) {
    case "valid":
      return { text: "valid", tone: "good" };
    case "ending":
      return { text: "ends soon", tone: "warning" };
    case "expired":
      return { text: "expired", tone: "bad" };
    case "revoked":
      return { text: `revoked: ${reasonName(entry.revocation?.reason)}`, tone: "bad" };
    case "replaced":
      return { text: "replaced", tone: "faint" };
    case "not-yet-valid":
      return { text: "not yet valid", tone: "warning" };
  }
}

/** A day and how far away it is, as `2029-03-05 (in 825 days)`. */
export function dayAndDistance(time: number, now: number): string {
  const day = new Date(time).toISOString().slice(0, 10);
  const days = Math.round(Math.abs(time - now) / DAY);
  const count = `${days} day${days === 1 ? "" : "s"}`;
  return time >= now ? `${day} (in ${count})` : `${day} (${count} ago)`;
}

/** When it ends, in the colour of how soon that is. `now` in milliseconds since 1970. */
export function endCell({ notAfter }: IndexEntry, state: EntryState, now: number): Cell {
  const text = dayAndDistance(notAfter, now);
  if (state === "ending") return { text, tone: "warning" };
  return state === "expired" ? { text, tone: "bad" } : text;
}

/** An entry for scripts: times as ISO 8601. */
export interface EntryJson {
  readonly serial: string;
  readonly name: string;
  readonly purpose: string;
  readonly key: string;
  readonly state: EntryState | undefined;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly issuedAt: string;
  readonly holdsKey: boolean;
  readonly revokedAt?: string;
  readonly reason?: string;
}

/** An entry as scripts get it. */
export function entryJson(entry: IndexEntry, state: EntryState | undefined): EntryJson {
  const { serial, name, purpose, key, notBefore, notAfter, issuedAt, holdsKey } = entry;
  const iso = (time: number) => new Date(time).toISOString();
  return {
    serial,
    name,
    purpose,
    key,
    state,
    notBefore: iso(notBefore),
    notAfter: iso(notAfter),
    issuedAt: iso(issuedAt),
    holdsKey,
    ...entry.revocation === undefined ? {} : {
      revokedAt: iso(entry.revocation.date),
      reason: reasonName(entry.revocation.reason),
    },
  };
}
