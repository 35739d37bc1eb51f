/**
 * Why a TUN device cannot be opened, as the user reads it.
 *
 * @module
 */

import { Errno, SysError } from "deno-tun";
import { PrivilegeError, VpnError } from "../base/errors.ts";
import { netAdminRemedy } from "./routes.ts";

/**
 * What `TunDevice.open` threw, as a `VpnError`.
 *
 * @param name What the device was to be called.
 */
export function deviceError(name: string, cause: unknown): VpnError {
  if (cause instanceof RangeError) {
    return new VpnError(cause.message, "choose another name for dev", { cause });
  }
  if (!(cause instanceof SysError)) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new VpnError(`cannot open the TUN device ${name}: ${reason}`, undefined, { cause });
  }
  switch (cause.errno) {
    case Errno.EPERM:
    case Errno.EACCES:
      return new PrivilegeError("not allowed to open a TUN device", netAdminRemedy, { cause });
    case Errno.ENOENT:
    case Errno.ENODEV:
      return new VpnError("/dev/net/tun is missing", "modprobe tun", { cause });
    case Errno.EBUSY:
      return new VpnError(
        `the TUN device ${name} is in use by another process`,
        "end that process or choose another dev",
        { cause },
      );
    case Errno.EINVAL:
      return new VpnError(
        `${name} exists and is no TUN device that can be used here`,
        "choose another dev",
        { cause },
      );
    default:
      return new VpnError(`cannot open the TUN device ${name}: ${cause.message}`, undefined, {
        cause,
      });
  }
}
