/**
 * Giving privileges up, except for a few capabilities.
 *
 * User and group are the process's: glibc changes them in all its threads. Capabilities are the
 * thread's: the thread that calls keeps them, threads that it starts later have them too, and all
 * others lose them.
 *
 * Source: setresuid(2), setgroups(2), capabilities(7), prctl(2), capget(2); the kernel's
 * `include/uapi/linux/capability.h` and `prctl.h`.
 *
 * @module
 */

import { Errno, SysError } from "./errors.ts";
import { check, lastErrno, libc } from "./libc.ts";

/** Numbers of capabilities. */
export const Capability = {
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
} as const;

const PR_SET_KEEPCAPS = 8;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2n;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
const _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** Who to be. */
export interface Identity {
  /** Real, effective and saved user. */
  readonly uid: number;
  /** Real, effective and saved group. */
  readonly gid: number;
}

/** What `dropPrivileges` kept. */
let kept: readonly number[] = [];

/**
 * Becomes that user and group, with no other groups, for good. May be called once.
 *
 * @param keep Numbers of capabilities that the calling thread keeps.
 * @throws {SysError} EPERM when the process has not the right to. Nothing, or a part, is changed: the
 * process should end.
 */
export function dropPrivileges({ uid, gid }: Identity, keep: readonly number[]): void {
  const library = libc();
  check(library.prctl(PR_SET_KEEPCAPS, 1n, 0n, 0n, 0n), "prctl PR_SET_KEEPCAPS");
  check(library.setgroups(1n, new Uint8Array(new Uint32Array([gid]).buffer)), "setgroups");
  check(library.setresgid(gid, gid, gid), "setresgid");
  check(library.setresuid(uid, uid, uid), "setresuid");
  check(library.prctl(PR_SET_KEEPCAPS, 0n, 0n, 0n, 0n), "prctl PR_SET_KEEPCAPS");
  setCapabilities(keep);
  kept = [...keep];
}

/** Permitted, effective and inheritable become these and no others. */
function setCapabilities(capabilities: readonly number[]): void {
  // struct __user_cap_header_struct: __u32 version, int pid (0: this thread).
  const header = new Uint32Array([_LINUX_CAPABILITY_VERSION_3, 0]);
  // Two of struct __user_cap_data_struct: __u32 effective, permitted, inheritable.
  const data = new Uint32Array(6);
  for (const capability of capabilities) {
    const word = 3 * (capability >> 5);
    for (let set = 0; set < 3; set++) data[word + set] |= 1 << (capability & 31);
  }
  check(
    libc().capset(new Uint8Array(header.buffer), new Uint8Array(data.buffer)),
    "capset",
  );
}

/**
 * Does something, during which programs that this thread starts have the capabilities that
 * {@linkcode dropPrivileges} kept. Without it a program that is run by a user other than root has
 * none. Where nothing was dropped it does just that something.
 */
export function withKeptCapabilities<Result>(action: () => Result): Result {
  if (kept.length === 0) return action();
  const { prctl } = libc();
  try {
    for (const capability of kept) {
      check(
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, BigInt(capability), 0n, 0n),
        "prctl PR_CAP_AMBIENT",
      );
    }
    return action();
  } finally {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0n, 0n, 0n);
  }
}

const PRIO_PROCESS = 0;

/**
 * Sets the nice value of all threads of the process; threads that they start later have it too.
 *
 * @param value -20 (served first) to 19.
 * @throws {SysError} EACCES for less than before without CAP_SYS_NICE.
 */
export function setNice(value: number): void {
  // Linux has it by thread, whatever POSIX says (setpriority(2), "C library/kernel differences").
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const result = libc().setpriority(PRIO_PROCESS, Number(name), value);
    // A thread may have ended since it was listed.
    if (result < 0 && lastErrno() !== Errno.ESRCH) throw new SysError("setpriority", lastErrno());
  }
}
