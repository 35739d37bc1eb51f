/**
 * `--mktun`, `--rmtun`: makes and removes a TUN device that stays when nobody has it open, so that
 * its owner may use it without privileges.
 *
 * @module
 */

import { Netlink, SysError, TunDevice } from "deno-tun";
import { PrivilegeError, VpnError } from "../../base/errors.ts";
import type { CommandOptions } from "./command_options.ts";
import { print } from "../authority/terminal.ts";

/** Does what is asked for. */
export function persistentDevice(command: "mktun" | "rmtun", options: CommandOptions): void {
  const name = options.get("dev")?.[0];
  const type = options.get("dev-type")?.[0] ?? (name?.startsWith("tap") ? "tap" : "tun");
  if (name === undefined) throw new VpnError(`--${command} needs a device`, "add --dev tun0");
  if (type !== "tun") throw new VpnError("only TUN devices are supported", "use --dev-type tun");
  if (name === "tun") throw new VpnError("a persistent device needs a number", "use --dev tun0");
  if (command === "rmtun") requireDevice(name);
  const [user] = options.get("user") ?? [];
  const [group] = options.get("group") ?? [];
  // Looked up first: nothing is made for somebody who isn't there.
  const userId = user === undefined ? undefined : numberOf("user", user, "/etc/passwd");
  const groupId = group === undefined ? undefined : numberOf("group", group, "/etc/group");
  const device = openDevice(name);
  try {
    if (userId !== undefined) device.setOwner(userId);
    if (groupId !== undefined) device.setGroup(groupId);
    device.setPersistent(command === "mktun");
  } finally {
    device.close();
  }
  print(
    `TUN/TAP device ${device.name} opened`,
    `Persist state set to: ${command === "mktun" ? "ON" : "OFF"}`,
  );
}

function requireDevice(name: string): void {
  const netlink = Netlink.open();
  try {
    if (netlink.links().some((link) => link.name === name)) return;
    throw new VpnError(`there is no device ${name}`);
  } finally {
    netlink.close();
  }
}

function openDevice(name: string): TunDevice {
  try {
    return TunDevice.open({ name });
  } catch (cause) {
    if (!(cause instanceof SysError)) {
      if (cause instanceof RangeError) throw new VpnError(cause.message);
      throw cause;
    }
    const message = `the device ${name} can't be opened: ${cause.code}`;
    if (cause.code === "EPERM" || cause.code === "EACCES") {
      throw new PrivilegeError(message, "run it as root", { cause });
    }
    throw new VpnError(message, cause.code === "EBUSY" ? "end who uses it" : undefined, { cause });
  }
}

/** The number of a user or group: passwd(5), group(5). */
function numberOf(kind: "user" | "group", name: string, file: string): number {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const line = Deno.readTextFileSync(file).split("\n").find((text) => text.startsWith(`${name}:`));
  const id = line?.split(":")[2];
  if (id === undefined || !/^\d+$/.test(id)) throw new VpnError(`there is no ${kind} ${name}`);
  return Number(id);
}
