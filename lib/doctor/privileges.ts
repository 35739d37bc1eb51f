/**
 * Whether this process may do what a tunnel needs: a TUN device, and the network's settings.
 *
 * @module
 */

import { Check, type Finding } from "./finding.ts";

const device = new Check("TUN device");
const privileges = new Check("privileges");

/** Path of the TUN driver's device. */
const tunPath = "/dev/net/tun";

/** Bit of CAP_NET_ADMIN (capabilities(7)). */
const capNetAdmin = 12;

/** Whether the TUN driver is there and may be opened. */
export function checkTunDevice(path = tunPath): Finding {
  try {
    Deno.openSync(path, { read: true, write: true }).close();
    return device.ok(`${path} can be opened`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      // Without the module the device node may be there and lead nowhere, and the other way round.
      const container = !isThere("/lib/modules");
      return device.problem(
        `${path} is missing${container ? ", as in containers without --device" : ""}`,
        container
          ? `mkdir -p /dev/net && mknod ${path} c 10 200 && chmod 666 ${path}`
          : "modprobe tun",
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return device.problem(`${path} may not be opened`, `chmod 666 ${path}`);
    }
    // The node is there, the driver is not (ENODEV, ENXIO).
    return device.problem(`${path} leads to no driver`, "modprobe tun");
  }
}

/** Whether this process has CAP_NET_ADMIN. `program`: path of what is to get it. */
export function checkPrivileges(program: string, status = readStatus()): Finding {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  if (match === null) return privileges.skipped("/proc/self/status does not tell");
  if ((BigInt(`0x${match[1]}`) >> BigInt(capNetAdmin) & 1n) === 1n) {
    return privileges.ok("CAP_NET_ADMIN");
  }
  return privileges.problem(
    "CAP_NET_ADMIN is missing: no device, address or route can be set",
    `sudo setcap cap_net_admin+ep ${program}`,
  );
}

function readStatus(): string {
  try {
    return Deno.readTextFileSync("/proc/self/status");
  } catch {
    return "";
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
