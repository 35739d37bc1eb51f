/**
 * The two programs under test, OpenVPN and ours, started with the same options and watched through
 * the same interface.
 *
 * @module
 */

import type { NetworkNamespace } from "./namespace.ts";
import type { LineOptions, ManagedProcess } from "./process.ts";
import { vpnCommand } from "./program.ts";

/** Which program. `executable`: what `deno task compile` made. */
export type Implementation = "openvpn" | "ours" | "executable";

/** How a peer is started. */
export interface PeerOptions {
  readonly implementation: Implementation;
  readonly role: "server" | "client";
  readonly namespace: NetworkNamespace;
  /** Where its configuration file goes. */
  readonly directory: string;
  /** Name of that file and in messages; unique within `directory`. */
  readonly name: string;
  /** Lines of an OpenVPN configuration file. */
  readonly config: readonly string[];
  /** Further arguments for our program only, such as `--crypto openssl`. */
  readonly ourArguments?: readonly string[];
  /** Path of the compiled program, for `executable`. */
  readonly executable?: string;
  readonly env?: Record<string, string>;
  /** On a terminal of its own, on which answers are typed with `process.write`. */
  readonly terminal?: boolean;
}

function commandOf(options: PeerOptions, file: string): string[] {
  const ourArguments = [
    ...(options.role === "server" ? ["serve", "--config", file] : ["connect", file]),
    ...options.ourArguments ?? [],
  ];
  switch (options.implementation) {
    case "openvpn":
      return ["openvpn", "--config", file];
    case "ours":
      return [...vpnCommand, ...ourArguments];
    case "executable":
      if (options.executable === undefined) throw new Error("no executable given");
      return [options.executable, ...ourArguments];
  }
}

/**
 * script(1) gives it a pseudoterminal, hands on what is typed, and takes its exit code. When script
 * is killed the program goes too: to it the end of its terminal is a SIGHUP, which restarts it.
 */
function onTerminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const bound = `exec setpriv --pdeathsig KILL ${quoted}`;
  return ["script", "-q", "-e", "-f", "-c", bound, "/dev/null"];
}

/** A running server or client. */
export class Peer implements AsyncDisposable {
  private constructor(readonly options: PeerOptions, readonly process: ManagedProcess) {}

  /** Writes the configuration file and starts the program. */
  static async start(options: PeerOptions): Promise<Peer> {
    const file = `${options.directory}/${options.name}.conf`;
    await Deno.writeTextFile(file, options.config.join("\n") + "\n", { mode: 0o600 });
    const command = commandOf(options, file);
    const process = options.namespace.spawn(options.terminal ? onTerminal(command) : command, {
      input: options.terminal,
      name: `${options.name} (${options.implementation})`,
      cwd: options.directory,
      env: options.env,
    });
    return new Peer(options, process);
  }

  /** The same program with the same options once more. */
  startAgain(): Promise<Peer> {
    return Peer.start(this.options);
  }

  /** Resolves when traffic can flow. 60 s by default. */
  async ready(options: LineOptions = {}): Promise<void> {
    await this.process.waitForLine(/Initialization Sequence Completed/, {
      timeoutMs: 60_000,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
