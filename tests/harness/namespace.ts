/**
 * Hosts made of network namespaces.
 *
 * Names carry the pid and the start time of the process that made them, so that what a killed run
 * left behind is known for what it is and removed by the next one.
 *
 * @module
 */

import { type CommandOptions, type CommandResult, run, tryRun } from "./command.ts";
import { ManagedProcess, type ProcessOptions } from "./process.ts";

const namePattern = /^vpntest-(\d+)-(\d+)-/;

/** Start time of a process in clock ticks since boot (proc_pid_stat(5), field 22). */
function startTime(pid: number): string | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // Field 2 is the program's name in parentheses and may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function uniqueName(label: string): string {
  // Random rather than counted: every test file has its own copy of this module, all in one process.
  const random = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  return `vpntest-${Deno.pid}-${startTime(Deno.pid)}-${random}-${label}`;
}

/** Names of namespaces of this kind whose maker is dead. */
export async function strayNamespaces(): Promise<string[]> {
  const list = await run(["ip", "netns", "list"]);
  return list.split("\n").map((line) => line.split(" ")[0]).filter((name) => {
    const match = name.match(namePattern);
    return match !== null && startTime(Number(match[1])) !== match[2];
  });
}

/** Ends the processes in a namespace, then removes it. */
async function removeNamespace(name: string): Promise<void> {
  const { stdout } = await tryRun(["ip", "netns", "pids", name]);
  for (const pid of stdout.split("\n").filter((line) => line !== "")) {
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended between the two calls.
    }
  }
  await run(["ip", "netns", "delete", name]);
  await Deno.remove(filesOf(name), { recursive: true }).catch(() => {});
}

/** Where `ip netns exec` takes a host's own files in /etc from (ip-netns(8)). */
function filesOf(name: string): string {
  return `/etc/netns/${name}`;
}

let strayRemoval: Promise<void> | undefined;

/** Removes what killed runs left behind, once per process. */
export function removeStrayNamespaces(): Promise<void> {
  strayRemoval ??= (async () => {
    for (const name of await strayNamespaces()) {
      // Another run that starts now may be removing it as well.
      await removeNamespace(name).catch(() => {});
    }
  })();
  return strayRemoval;
}

/** A network namespace with its loopback up: one host of a test's network. */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string;
  readonly #processes = new Set<ManagedProcess>();

  private constructor(name: string) {
    this.name = name;
  }

  /** @param label A word that tells the reader of `ip netns` what it is for. */
  static async create(label: string): Promise<NetworkNamespace> {
    await removeStrayNamespaces();
    const namespace = new NetworkNamespace(uniqueName(label));
    await run(["ip", "netns", "add", namespace.name]);
    try {
      await namespace.ip("link", "set", "lo", "up");
    } catch (error) {
      await namespace[Symbol.asyncDispose]();
      throw error;
    }
    return namespace;
  }

  /** The command line that runs a command in here: `ip netns exec` execs, so the pid stays. */
  command(command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...command];
  }

  /** Where our program notes what it changed on this host: a /run/vpn of its own. */
  get runDirectory(): string {
    return `/tmp/${this.name}-run`;
  }

  #with<T extends { readonly env?: Record<string, string> }>(options: T): T {
    return { ...options, env: { VPN_RUN_DIRECTORY: this.runDirectory, ...options.env } };
  }

  /** Runs a command in here and returns its standard output; throws when it fails. */
  exec(command: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(this.command(command), this.#with(options));
  }

  /** Runs a command in here, whatever its exit status. */
  tryExec(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return tryRun(this.command(command), this.#with(options));
  }

  /** Starts a program in here; it is killed with the namespace at the latest. */
  spawn(command: readonly string[], options: ProcessOptions = {}): ManagedProcess {
    const process = ManagedProcess.spawn(this.command(command), {
      name: command[0],
      ...this.#with(options),
    });
    this.#processes.add(process);
    process.ended.then(() => this.#processes.delete(process));
    return process;
  }

  /** `ip` in here. */
  ip(...args: string[]): Promise<string> {
    return run(["ip", "-n", this.name, ...args]);
  }

  /**
   * Cuts what goes to an IPv4 address of the same Ethernet: packets leave for a hardware address
   * that nobody has, so that they are lost without an error, as on a broken path.
   */
  async cut(device: string, address: string): Promise<void> {
    await this.ip(
      ...["neighbour", "replace", address, "lladdr", "02:00:00:00:00:ff", "dev", device],
      ...["nud", "permanent"],
    );
  }

  /** Mends what `cut` did. */
  async mend(device: string, address: string): Promise<void> {
    await this.ip("neighbour", "delete", address, "dev", device);
  }

  /** Names of the network interfaces, loopback included. */
  async devices(): Promise<string[]> {
    const links: { ifname: string }[] = JSON.parse(await this.ip("-j", "link", "show"));
    return links.map((link) => link.ifname);
  }

  /**
   * Gives the host an /etc/resolv.conf of its own, which programs see that are started from now on.
   * It is the file of the returned path, mounted over the machine's.
   */
  async setResolvConf(text: string): Promise<string> {
    await Deno.mkdir(filesOf(this.name), { recursive: true });
    const path = `${filesOf(this.name)}/resolv.conf`;
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** All IPv4 and IPv6 routes as text lines, sorted: equal before and after means untouched. */
  async routes(): Promise<string[]> {
    const texts = await Promise.all([this.ip("route"), this.ip("-6", "route")]);
    return texts.join("\n").split("\n").map((line) => line.trim()).filter((line) => line !== "")
      .sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [...this.#processes]) await process[Symbol.asyncDispose]();
    await Deno.remove(this.runDirectory, { recursive: true }).catch(() => {});
    await removeNamespace(this.name);
  }
}
