/**
 * The kernel's switches below /proc/sys/net. The caller needs CAP_NET_ADMIN, not to be root: the
 * kernel gives whoever has it root's permissions there (net_ctl_permissions()).
 *
 * @module
 */

import { PrivilegeError, VpnError } from "../../base/errors.ts";
import { isSysctlName } from "./change.ts";

function pathOf(name: string): string {
  if (!isSysctlName(name)) throw new VpnError(`${name} is no switch of the network's`);
  return `/proc/sys/${name}`;
}

/** A switch's value, as `1`; undefined where the kernel has none of that name. */
export function readSysctl(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(pathOf(name)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Sets a switch.
 *
 * @throws {PrivilegeError} without CAP_NET_ADMIN, or where /proc/sys is read-only.
 */
export function writeSysctl(name: string, value: string): void {
  const words = name.replaceAll("/", ".");
  try {
    Deno.writeTextFileSync(pathOf(name), value, { create: false });
  } catch (cause) {
    if (cause instanceof VpnError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    // EROFS and EACCES alike: containers have /proc/sys mounted read-only.
    throw new PrivilegeError(
      `cannot set the sysctl ${words} to ${value}: ${reason}`,
      `set it yourself before the start (sysctl -w ${words}=${value}; docker run --sysctl)`,
      { cause },
    );
  }
}
