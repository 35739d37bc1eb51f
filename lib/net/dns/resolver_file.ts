/**
 * `/etc/resolv.conf` replaced by ours, where no program looks after it, and put back.
 *
 * A symbolic link is replaced, not written through: its target is somebody else's file. Where a file
 * is mounted, as in containers, it is written in place.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { fileError } from "../../base/atomic_file.ts";
import type { AppliedChanges } from "../applied_changes.ts";
import type { FormerFile } from "../changes/change.ts";
import type { DnsSettings } from "./dns_settings.ts";
import { resolverFileText } from "./resolv_conf.ts";

/** What everybody may read. */
const mode = 0o644;

/**
 * Replaces the file until `changes` are undone. What somebody else writes there meanwhile stays.
 *
 * @throws {VpnError} when it cannot be written.
 */
export function applyByFile(
  path: string,
  device: string,
  settings: DnsSettings,
  changes: AppliedChanges,
): void {
  const { former, text } = readFormer(path);
  const bytes = new TextEncoder().encode(resolverFileText(settings, text, device));
  const written = createHash("sha256").update(bytes).digest("hex");
  changes.make({ kind: "file", path, written, former }, () => replaceFile(path, bytes));
}

function readFormer(path: string): { former: FormerFile; text: string } {
  try {
    const { isSymlink, mode, uid, gid } = Deno.lstatSync(path);
    if (isSymlink) {
      return { former: { kind: "symlink", target: Deno.readLinkSync(path) }, text: textOf(path) };
    }
    const content = Deno.readFileSync(path);
    return {
      former: {
        kind: "file",
        content: content.toBase64(),
        mode: (mode ?? 0o644) & 0o7777,
        uid: uid ?? 0,
        gid: gid ?? 0,
      },
      text: new TextDecoder().decode(content),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { former: { kind: "absent" }, text: "" };
    throw fileError(error, `cannot read ${path}`);
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // The link leads nowhere.
  }
}

function replaceFile(path: string, bytes: Uint8Array): void {
  const draft = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    Deno.writeFileSync(draft, bytes, { createNew: true, mode: 0o600 });
    Deno.chmodSync(draft, mode);
    Deno.renameSync(draft, path);
  } catch (error) {
    try {
      Deno.removeSync(draft);
    } catch {
      // It was never made.
    }
    if (isSymlink(path)) throw fileError(error, `cannot replace ${path}`);
    // Something is mounted there: it can be written, not replaced.
    try {
      Deno.writeFileSync(path, bytes, { create: false });
    } catch (cause) {
      throw fileError(cause, `cannot write ${path}`);
    }
  }
}

function isSymlink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}
