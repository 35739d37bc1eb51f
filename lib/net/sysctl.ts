/**
 * The kernel's switches, held in a position while a tunnel needs it.
 *
 * Several tunnels may need the same switch: each notes what it was before the first of them, and the
 * last one puts it back.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import type { AppliedChanges } from "./applied_changes.ts";
import { ChangeJournal } from "./changes/journal.ts";
import { readSysctl, writeSysctl } from "./changes/sysctl_file.ts";

/**
 * Sets a switch until `changes` are undone. One that was so before, by nobody of ours, stays.
 *
 * @param name Path below /proc/sys, as `net/ipv4/ip_forward`.
 * @param dependents Switches that the kernel changes with it, put back as they were.
 * @throws {PrivilegeError} without CAP_NET_ADMIN, or where /proc/sys is read-only.
 * @throws {VpnError} where the kernel has no such switch.
 */
export function holdSysctl(
  name: string,
  value: string,
  changes: AppliedChanges,
  dependents: readonly string[] = [],
): void {
  const current = readSysctl(name);
  if (current === undefined) {
    throw new VpnError(`the kernel has no sysctl ${name.replaceAll("/", ".")}`);
  }
  if (current !== value) {
    const former = Object.fromEntries(dependents.flatMap((other) => {
      const text = readSysctl(other);
      return text === undefined ? [] : [[other, text]];
    }));
    changes.make({ kind: "sysctl", name, value, former: current, dependents: former }, () => {
      writeSysctl(name, value);
    });
    return;
  }
  const holder = ChangeJournal.ofThisProcess().otherHolder(name);
  if (holder?.value === value) changes.make({ ...holder }, () => {});
}
