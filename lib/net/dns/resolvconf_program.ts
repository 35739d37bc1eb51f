/**
 * The program `resolvconf`, Debian's or openresolv: it keeps a record for each interface and writes
 * /etc/resolv.conf from them. Source: resolvconf(8) of both.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { AppliedChanges } from "../applied_changes.ts";
import { isRecordName } from "../changes/change.ts";
import type { DnsSettings } from "./dns_settings.ts";
import { resolverLines } from "./resolv_conf.ts";
import { runResolverProgram } from "./resolver_program.ts";

const program = "resolvconf";

/** Gives resolvconf a record for the tunnel's device, until `changes` are undone. */
export function applyByResolvconf(
  device: string,
  settings: DnsSettings,
  changes: AppliedChanges,
): void {
  const record = `${device}.vpn`;
  if (!isRecordName(record)) {
    throw new VpnError(`${device} is no name for a record of resolvconf's`);
  }
  const text = resolverLines(settings).join("\n") + "\n";
  changes.make({ kind: "resolvconf", record }, () => {
    runResolverProgram(program, [...precedence(settings), "-a", record], text);
  });
}

/** openresolv: these servers alone, or for their domains alone. Debian's has no such options. */
function precedence({ routedDomains }: DnsSettings): string[] {
  if (!isOpenresolv()) return [];
  return routedDomains.length > 0 ? ["-p"] : ["-m", "0", "-x"];
}

function isOpenresolv(): boolean {
  try {
    return runResolverProgram(program, ["--version"]).includes("openresolv");
  } catch {
    return false;
  }
}
