/**
 * The first start of a portal: a token for whoever can see the server's terminal.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";

/**
 * Says it on the terminal, and not in the log: that goes to other places and other people.
 *
 * @param path Where it is kept for those without the terminal.
 */
export function announceSetup(url: string, token: string, path: string): void {
  const lines = [
    "",
    "The portal has no administrator yet. Open",
    `  ${url}`,
    `and give the one-time token  ${token}`,
    `It is in ${path} as well, and is good until it is used or the server ends.`,
    "",
  ];
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  try {
    for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  } catch {
    // Nobody reads there: the file has it.
  }
}

/** Removes a file that may be gone. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The error for a server that can issue no certificate and was given none. */
export function noCertificate(): VpnError {
  return new VpnError(
    "the portal needs a certificate, and the state directory has no authority",
    "give one with portal-cert and portal-key",
  );
}

/** A host in a URL. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
