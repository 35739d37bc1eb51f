/**
 * What the figures of a run depend on: the machine and the versions on it.
 *
 * @module
 */

import { tryRun } from "../../tests/harness/command.ts";
import { projectDirectory } from "../files.ts";

/** A machine as a reader of the results wants to know it. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** In bytes. */
  readonly memory: number;
  readonly system: string;
  readonly kernel: string;
  /** What TCP uses (`net.ipv4.tcp_congestion_control`). */
  readonly congestionControl: string;
  /** Load average of the last minute when the run began: above 0 somebody else was at work. */
  readonly load: number;
  /** Program to version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Of this project; with `+` when files were changed. */
  readonly commit: string;
}

/**
 * Why the figures of a run are not to be relied on; undefined when nothing speaks against them.
 * Programs that share two cores with others don't all lose alike: ratios are off as well.
 */
export function disturbance(machine: Machine): string | undefined {
  if (machine.load < 1) return undefined;
  return `Others were at work on this machine (load average ${machine.load.toFixed(1)} at the ` +
    "start): take neither figures nor ratios for results.";
}

/** Version of each program, as a part of what it prints; the programs that are not there have none. */
const versionCommands: Readonly<Record<string, readonly [RegExp, ...string[]]>> = {
  "OpenVPN": [/^OpenVPN (\S+)/, "openvpn", "--version"],
  "OpenSSL (OpenVPN's)": [/OpenSSL (\d\S*)/, "openvpn", "--version"],
  "wireguard-go": [/(\d\S*)/, "dpkg-query", "--show", "--showformat=${Version}", "wireguard-go"],
  "libipsec-mb": [/(\d\S*)/, "dpkg-query", "--show", "--showformat=${Version}", "libipsec-mb1"],
  "iperf3": [/^iperf (\S+)/, "iperf3", "--version"],
};

async function output(command: readonly string[]): Promise<string> {
  // A program that isn't there is an exception.
  return (await tryRun(command, { cwd: projectDirectory }).catch(() => undefined))?.stdout ?? "";
}

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

/** The first processor's name in the text of `/proc/cpuinfo`. */
export function parseProcessorName(cpuinfo: string): string {
  return cpuinfo.match(/^model name\s*:\s*(.+)$/m)?.[1] ?? `unknown (${Deno.build.arch})`;
}

/** Looks around. */
export async function describeMachine(): Promise<Machine> {
  const versions: Record<string, string> = { Deno: Deno.version.deno };
  for (const [name, [pattern, ...command]] of Object.entries(versionCommands)) {
    const version = (await output(command)).match(pattern)?.[1];
    if (version !== undefined) versions[name] = version;
  }
  const commit = (await output(["git", "rev-parse", "--short", "HEAD"])).trim() || "unknown";
  const changes = await output(["git", "status", "--porcelain", "--untracked-files=no"]);
  const system = (await read("/etc/os-release")).match(/^PRETTY_NAME="?([^"\n]+)/m)?.[1];
  const congestionControl = await read("/proc/sys/net/ipv4/tcp_congestion_control");
  return {
    processor: parseProcessorName(await read("/proc/cpuinfo")),
    cores: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    system: system ?? "unknown",
    kernel: Deno.osRelease(),
    congestionControl: congestionControl.trim(),
    load: Deno.loadavg()[0],
    versions,
    commit: commit + (changes.trim() === "" ? "" : "+"),
  };
}
