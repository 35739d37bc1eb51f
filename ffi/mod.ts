/**
 * deno-tun: TUN devices, UDP in batches, epoll and rtnetlink for Deno, on Linux (x86-64 and
 * aarch64) through FFI. Needs `--allow-ffi`, and `CAP_NET_ADMIN` to open and configure devices.
 *
 * @module
 */

export { effectiveUserId } from "./libc.ts";
export { Errno, errnoName, SysError } from "./errors.ts";
export { PinnedMemory } from "./memory.ts";
