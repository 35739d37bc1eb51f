/**
 * Who listens on a port: `/proc/net/udp` and its kin, and the files that processes have open.
 * Source: proc(5).
 *
 * @module
 */

import type { ListenOptions } from "../config/mod.ts";
import { Check, type Finding } from "./finding.ts";

const port = new Check("port");

/** A process that has a socket. */
export interface Listener {
  /** Absent: not to be seen by us. */
  readonly pid?: number;
  /** Name of the program. */
  readonly program?: string;
  /** Its command line's words. */
  readonly words: readonly string[];
}

/** State of a listening TCP socket, and of an unconnected UDP socket, in hexadecimal. */
const listening = { tcp: "0A", udp: "07" } as const;

/** Inodes of the sockets that a table has bound to a port. */
export function socketsOnPort(table: string, transport: "udp" | "tcp", number: number): string[] {
  const suffix = `:${number.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").slice(1).flatMap((line) => {
    // sl local remote state queues timer retransmit uid timeout inode …
    const fields = line.trim().split(/\s+/);
    return fields[1]?.endsWith(suffix) && fields[3] === listening[transport] ? [fields[9]] : [];
  });
}

/** Who listens there; undefined: nobody. */
export function listenerOn(transport: "udp" | "tcp", number: number): Listener | undefined {
  const inodes = ["", "6"].flatMap((family) =>
    socketsOnPort(readText(`/proc/net/${transport}${family}`), transport, number)
  );
  if (inodes.length === 0) return undefined;
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`));
  for (const { name: pid } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(pid) || !holdsOne(pid, links)) continue;
    const words = readText(`/proc/${pid}/cmdline`).split("\0").filter((word) => word !== "");
    return { pid: Number(pid), program: readText(`/proc/${pid}/comm`).trim(), words };
  }
  return { words: [] };
}

function holdsOne(pid: string, links: ReadonlySet<string>): boolean {
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      try {
        if (links.has(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))) return true;
      } catch {
        // Closed meanwhile.
      }
    }
  } catch {
    // It ended, or is another user's.
  }
  return false;
}

/** Whether a server's port is free, or its own already. */
export function checkPort({ transport, port: number }: ListenOptions): Finding {
  const where = `${transport.toUpperCase()} ${number}`;
  if (number === 0) return port.ok("any free one");
  const listener = listenerOn(transport, number);
  if (listener === undefined) return port.ok(`${where} is free: the server does not run`);
  const { pid, program = "a process that we cannot see", words } = listener;
  if (words.includes("serve") || (program === "vpn" && !words.includes("connect"))) {
    return port.ok(`${where}: the server runs, process ${pid}`);
  }
  const name = pid === undefined ? program : `${program} (process ${pid})`;
  return port.problem(
    `${where} is taken by ${name}`,
    pid === undefined ? `ss -lnp sport = :${number}` : `kill ${pid}`,
  );
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
