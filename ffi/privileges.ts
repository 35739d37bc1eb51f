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

import { check, libc } from "./libc.ts";

/** Numbers of capabilities. */
export const Capability = {
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
} as const;

const PR_SET_KEEPCAPS = 8;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** Who to be. */
export interface Identity {
  /** Real, effective and saved user. */
  readonly uid: number;
  /** Real, effective and saved group. */
  readonly gid: number;
}

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
 * Does something, during which programs that this thread starts get its inheritable capabilities
 * (those that {@linkcode dropPrivileges} kept). Without that a program that is run by a user other
 * than root has none.
 */
export function withAmbientCapabilities<Result>(
  capabilities: readonly number[],
  action: () => Result,
): Result {
  for (const capability of capabilities) {
    check(
      libc().prctl(PR_CAP_AMBIENT, BigInt(PR_CAP_AMBIENT_RAISE), BigInt(capability), 0n, 0n),
      "prctl PR_CAP_AMBIENT",
    );
  }
  try {
    return action();
  } finally {
    libc().prctl(PR_CAP_AMBIENT, BigInt(PR_CAP_AMBIENT_CLEAR_ALL), 0n, 0n, 0n);
  }
}
