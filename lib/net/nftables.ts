/**
 * Rules of nftables, in tables of our own, by the program `nft`: each ruleset is one transaction.
 *
 * @module
 */

import { withKeptCapabilities } from "deno-tun";
import { PrivilegeError, VpnError } from "../base/errors.ts";
import type { AppliedChanges } from "./applied_changes.ts";
import { childProcess } from "./child_process.ts";
import { isTableName, type NftTableChange } from "./changes/change.ts";

/** How long `nft` may take, ms: rules are few, but a busy machine has other things to do. */
const timeout = 30_000;

/** A table and what is in it. */
export interface NftTable {
  readonly family: NftTableChange["family"];
  /** Letters, digits and `_`. */
  readonly name: string;
  /** What stands between the table's braces, in nft's language. */
  readonly content: string;
}

/**
 * Puts a table in force, in the place of one of the same name, and records its removal.
 *
 * @throws {VpnError} when nft is missing or refuses; nothing is changed then.
 */
export function applyTable(table: NftTable, changes: AppliedChanges): void {
  const { family, name } = table;
  if (!isTableName(name)) throw new VpnError(`${name} is no name for a table of nftables`);
  changes.make({ kind: "nft-table", family, name }, () => applyScript(tableScript(table)));
}

/**
 * Runs a script, as one transaction.
 *
 * @throws {VpnError} when nft is missing or refuses; nothing is changed then.
 */
export function applyScript(script: string): void {
  const { status, stderr } = runNft(["-f", "-"], script);
  if (status !== 0) throw refusal(status, stderr);
}

/** A table as `nft` prints it; undefined when there is none. @throws {VpnError} */
export function listTable(family: NftTable["family"], name: string): string | undefined {
  const { status, stdout, stderr } = runNft(["list", "table", family, name], "");
  if (status === 0) return stdout;
  if (/No such file or directory/.test(stderr)) return undefined;
  throw refusal(status, stderr);
}

function refusal(status: number | null, stderr: string): VpnError {
  const words = stderr.trim().split("\n")[0] || `exit status ${status}`;
  return /Operation not permitted/.test(words)
    ? new PrivilegeError("nft is not allowed to change rules", "run as root")
    : new VpnError(`nft refuses the rules: ${words}`);
}

/** The script that replaces a table: declared first, so that deleting it cannot fail. */
export function tableScript({ family, name, content }: NftTable): string {
  return `table ${family} ${name}\ndelete table ${family} ${name}\n` +
    `table ${family} ${name} {\n${content}\n}\n`;
}

/**
 * A part of a table's or chain's name for an interface: letters and digits are themselves, others
 * their code between underscores, so that two interfaces never have the same.
 */
export function nameForInterface(device: string): string {
  return device.replace(/[^A-Za-z0-9]/g, (c) => `_${c.codePointAt(0)!.toString(16)}_`);
}

/**
 * An interface's name as a string of nft's language.
 *
 * @throws {VpnError} when it has other characters than interfaces usually have.
 */
export function quotedInterface(device: string): string {
  // The kernel takes more (dev_valid_name()); nft has no escape for a quote, and * is a pattern.
  if (!/^[A-Za-z0-9_.@=+-]{1,15}$/.test(device)) {
    throw new VpnError(
      `${JSON.stringify(device)} cannot stand in a firewall rule`,
      "rename the interface",
    );
  }
  return `"${device}"`;
}

/**
 * How `nft` is started: Debian keeps it where the PATH of an ordinary user doesn't look; and the
 * working directory may be one that we may not enter any more (`user nobody`), from where nothing
 * can be started.
 */
export function nftEnvironment(): { readonly env: Record<string, string>; readonly cwd: string } {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;
  return { env: { PATH: path, LC_ALL: "C" }, cwd: "/" };
}

function runNft(
  args: readonly string[],
  input: string,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const result = withKeptCapabilities(() =>
    childProcess().spawnSync("nft", args, { input, encoding: "utf8", timeout, ...nftEnvironment() })
  );
  // Deno leaves the status undefined where Node has null.
  if (result.error !== undefined && typeof result.status !== "number") {
    const { code } = result.error as Error & { code?: string };
    throw code === "ENOENT"
      ? new VpnError(
        "the program nft is missing, which the firewall's rules need",
        "install it (Debian: apt-get install nftables)",
      )
      : new VpnError(`nft cannot be run: ${code ?? result.error.message}`);
  }
  return { status: result.status, stdout: result.stdout ?? "", stderr: result.stderr ?? "" };
}
