/**
 * Takes changes of the machine back: the same way at an orderly end and by a later process.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { deleteNftTable, Errno, Netlink, NftFamily } from "deno-tun";
import type { Log } from "../../base/log.ts";
import { goneErrors, ignoring } from "../kernel_errors.ts";
import {
  describeChange,
  type FileChange,
  type MachineChange,
  type SysctlChange,
} from "./change.ts";
import { runResolverProgram } from "../dns/resolver_program.ts";
import { readSysctl, writeSysctl } from "./sysctl_file.ts";

/** What taking back depends on. */
export interface RevertContext {
  readonly log: Log;
  /** Whether another process (or another part of this one) still needs the switch as it is. */
  sysctlNeeded(name: string): boolean;
}

const families = { inet: NftFamily.INET, ip: NftFamily.IPV4, ip6: NftFamily.IPV6 } as const;

/**
 * Takes a change back. What is gone already, or was changed by somebody else since, is left alone.
 *
 * @throws {Error} when it cannot be.
 */
export function revertChange(change: MachineChange, context: RevertContext): void {
  switch (change.kind) {
    case "nft-table":
      ignoring(
        () => deleteNftTable(families[change.family], change.name),
        [Errno.ENOENT, Errno.EPROTONOSUPPORT],
      );
      break;
    case "sysctl":
      if (!revertSysctl(change, context)) return;
      break;
    case "route-added":
      withNetlink((netlink) => ignoring(() => netlink.deleteRoute(change.route), goneErrors));
      break;
    case "rule-added":
      withNetlink((netlink) => ignoring(() => netlink.deleteRule(change.rule), [Errno.ENOENT]));
      break;
    case "route-removed":
      restoreRoute(change.message);
      break;
    case "file":
      if (!revertFile(change, context)) return;
      break;
    case "resolvconf":
      runResolverProgram("resolvconf", ["-d", change.record]);
      break;
  }
  context.log.at(3, `undone: ${describeChange(change)}`);
}

function withNetlink(action: (netlink: Netlink) => void): void {
  const netlink = Netlink.open();
  try {
    action(netlink);
  } finally {
    netlink.close();
  }
}

function restoreRoute(message: string): void {
  const bytes = new Uint8Array(Buffer.from(message, "base64"));
  // Only the message counts for `restoreRoute`; ENODEV: its interface went meanwhile.
  const route = { destination: "0.0.0.0", prefixLength: 0, message: bytes };
  const errnos = [Errno.EEXIST, Errno.ENODEV];
  withNetlink((netlink) => ignoring(() => netlink.restoreRoute(route), errnos));
}

function revertSysctl(change: SysctlChange, { log, sysctlNeeded }: RevertContext): boolean {
  const current = readSysctl(change.name);
  // Its interface is gone.
  if (current === undefined) return false;
  if (sysctlNeeded(change.name)) {
    log.at(3, `${describeChange(change)} is needed by another tunnel and stays`);
    return false;
  }
  if (current !== change.value) {
    log.at(3, `${describeChange(change)} was changed since, to ${current}, and stays so`);
    return false;
  }
  if (change.former !== change.value) writeSysctl(change.name, change.former);
  for (const [name, value] of Object.entries(change.dependents)) {
    const other = readSysctl(name);
    if (other !== undefined && other !== value) writeSysctl(name, value);
  }
  return true;
}

function revertFile({ path, written, former }: FileChange, { log }: RevertContext): boolean {
  let content: Uint8Array | undefined;
  let symlink = false;
  try {
    symlink = Deno.lstatSync(path).isSymlink;
    content = Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const ours = !symlink && content !== undefined &&
    createHash("sha256").update(content).digest("hex") === written;
  if (!ours) {
    log.at(3, `${path} was changed since, and stays so`);
    return false;
  }
  if (former.kind === "absent") Deno.removeSync(path);
  else if (former.kind === "symlink") {
    replace(path, (draft) => Deno.symlinkSync(former.target, draft));
  } else {
    const bytes = new Uint8Array(Buffer.from(former.content, "base64"));
    replace(
      path,
      (draft) => {
        Deno.writeFileSync(draft, bytes, { createNew: true, mode: 0o600 });
        Deno.chownSync(draft, former.uid, former.gid);
        Deno.chmodSync(draft, former.mode);
      },
      // Something is mounted there, as in containers: it can be written, not replaced.
      () => Deno.writeFileSync(path, bytes, { create: false }),
    );
  }
  return true;
}

function replace(path: string, make: (draft: string) => void, otherwise?: () => void): void {
  const draft = `${dirname(path)}/.vpn-${crypto.randomUUID()}.tmp`;
  try {
    make(draft);
    Deno.renameSync(draft, path);
  } catch (error) {
    try {
      Deno.removeSync(draft);
    } catch {
      // It was renamed, or never made.
    }
    if (otherwise === undefined) throw error;
    otherwise();
  }
}
