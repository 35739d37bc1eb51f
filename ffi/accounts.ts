/**
 * Users and groups by name, and who is at the other end of a unix socket.
 *
 * Source: getpwnam(3), getgrnam(3), unix(7); glibc's `pwd.h`, `grp.h` and `bits/socket.h` for 64-bit
 * machines.
 *
 * @module
 */

import { check, cString, libc } from "./libc.ts";

/** A user's numbers. */
export interface UserAccount {
  /** The user's. */
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
}

// struct passwd: char *pw_name, char *pw_passwd, uid_t pw_uid, gid_t pw_gid, …
const passwdUid = 16;
const passwdGid = 20;
// struct group: char *gr_name, char *gr_passwd, gid_t gr_gid, …
const groupGid = 16;

/** Looks a user up, wherever this machine keeps its users; undefined: there is none. */
export function findUser(name: string): UserAccount | undefined {
  const entry = libc().getpwnam(cString(name));
  if (entry === null) return undefined;
  const view = new Deno.UnsafePointerView(entry);
  return { uid: view.getUint32(passwdUid), gid: view.getUint32(passwdGid) };
}

/** Looks a group up; undefined: there is none. */
export function findGroup(name: string): number | undefined {
  const entry = libc().getgrnam(cString(name));
  return entry === null ? undefined : new Deno.UnsafePointerView(entry).getUint32(groupGid);
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/**
 * User and group of the process at the other end of a unix socket, as they were when it connected.
 *
 * @throws {SysError} for what is no such socket.
 */
export function peerCredentials(fd: number): UserAccount {
  // struct ucred: pid_t pid, uid_t uid, gid_t gid.
  const credentials = new Uint32Array(3);
  const length = new Uint32Array([credentials.byteLength]);
  check(
    libc().getsockopt(
      fd,
      SOL_SOCKET,
      SO_PEERCRED,
      new Uint8Array(credentials.buffer),
      new Uint8Array(length.buffer),
    ),
    "getsockopt SO_PEERCRED",
  );
  return { uid: credentials[1], gid: credentials[2] };
}
