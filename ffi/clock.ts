/**
 * Clocks of the kernel that JavaScript has not.
 *
 * Source: clock_gettime(2).
 *
 * @module
 */

import { check, libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;

/** `CLOCK_MONOTONIC`, in microseconds: the same for all processes of the machine. */
export function monotonicMicroseconds(): number {
  // struct timespec: two 64-bit fields, seconds and nanoseconds.
  const time = new BigInt64Array(2);
  check(libc().clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer)), "clock_gettime");
  return Number(time[0]) * 1e6 + Math.floor(Number(time[1]) / 1000);
}
