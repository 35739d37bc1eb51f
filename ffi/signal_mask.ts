/**
 * Blocked signals: taken when the program asks for them instead of interrupting it.
 *
 * Source: pthread_sigmask(3), sigtimedwait(2), signal(7); glibc's `bits/types/__sigset_t.h`.
 *
 * @module
 */

import { check, libc } from "./libc.ts";
import { SysError } from "./errors.ts";

/** Signal numbers on x86-64 and aarch64 (signal(7)). */
export const Signal = { SIGUSR1: 10, SIGUSR2: 12 } as const;

const SIG_BLOCK = 0;
/** `sizeof(sigset_t)`: 1,024 bits. */
const signalSetLength = 128;
/** `struct timespec` of two 64-bit fields. */
const noWait = new Uint8Array(16);

function setOf(signal: number): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(signalSetLength);
  set[(signal - 1) >> 3] = 1 << ((signal - 1) & 7);
  return set;
}

/**
 * Blocks a signal in this thread, in threads that it starts, and in whatever it executes. A signal
 * to the process still reaches any other thread that does not block it.
 *
 * @throws {SysError} EINVAL.
 */
export function blockSignal(signal: number): void {
  // Its result is the error number, not -1.
  const error = libc().pthread_sigmask(SIG_BLOCK, setOf(signal), null);
  if (error !== 0) throw new SysError("pthread_sigmask", error);
}

/** Whether this thread blocks the signal. */
export function isSignalBlocked(signal: number): boolean {
  const blocked = new Uint8Array(signalSetLength);
  check(-libc().pthread_sigmask(SIG_BLOCK, null, blocked), "pthread_sigmask");
  return (blocked[(signal - 1) >> 3] & (1 << ((signal - 1) & 7))) !== 0;
}

/** Takes a blocked signal that has come; false when none has. Does not wait. */
export function takeSignal(signal: number): boolean {
  // Whatever errno says (EAGAIN, EINTR): none has.
  return libc().sigtimedwait(setOf(signal), null, noWait) === signal;
}
