/**
 * Arithmetic on packet ids of the reliable layer, which are uint32 and wrap.
 *
 * Source: OpenVPN's `reliable.c` (`subtract_pid`, `reliable_pid_min`).
 *
 * @module
 */

/** How many ids `id` lies behind `base`, modulo 2^32. */
export function distance(id: number, base: number): number {
  return (id - base) >>> 0;
}

/** Whether `a` comes before `b`: by less than half of all ids. */
export function isBefore(a: number, b: number): boolean {
  return distance(a, b) >= 0x80000000;
}

/** The id after this one. */
export function following(id: number): number {
  return (id + 1) >>> 0;
}
