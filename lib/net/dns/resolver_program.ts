/**
 * Programs that configure this machine's resolver.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { childProcess } from "../child_process.ts";

/** How long one may take, ms. */
const timeout = 30_000;

/** Where Debian keeps them, which the PATH of an ordinary user leaves out. */
const systemDirectories = ["/usr/sbin", "/sbin"];

function searchPath(): string {
  return [Deno.env.get("PATH") ?? "", ...systemDirectories].join(":");
}

/** Whether the program is installed. */
export function hasProgram(name: string): boolean {
  return searchPath().split(":").filter((directory) => directory !== "").some((directory) => {
    try {
      const { isFile, mode } = Deno.statSync(`${directory}/${name}`);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}

/** Runs a program to its end; its standard output. @throws {VpnError} when it fails. */
export function runResolverProgram(name: string, args: readonly string[], input = ""): string {
  const result = childProcess().spawnSync(name, args, {
    input,
    encoding: "utf8",
    timeout,
    env: { PATH: searchPath(), LC_ALL: "C" },
    // Ours may be one that we may not enter any more (`user nobody`).
    cwd: "/",
  });
  if (result.status === 0) return result.stdout ?? "";
  const words = result.error?.message ?? (result.stderr ?? "").trim().split("\n")[0] ?? "";
  throw new VpnError(`${name} ${args.join(" ")} fails: ${words || `status ${result.status}`}`);
}
