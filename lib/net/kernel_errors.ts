/**
 * Answers of the kernel that are as good as success.
 *
 * @module
 */

import { Errno, SysError } from "deno-tun";

/** errno's of removing what went with its interface or address, or what somebody removed. */
export const goneErrors: readonly number[] = [
  Errno.ESRCH,
  Errno.ENODEV,
  Errno.ENETUNREACH,
  Errno.ENETDOWN,
];

/** Runs `action`; a `SysError` with one of these numbers is as good as success. */
export function ignoring(action: () => void, errnos: readonly number[]): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SysError) || !errnos.includes(error.errno)) throw error;
  }
}
