/**
 * The shared secret: from a file, the environment or the terminal, never from the command line,
 * which everybody on the machine can read.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { readSecretFile } from "./secret_file.ts";

/** The environment's variable. */
export const secretVariable = "VPN_SECRET";

/**
 * The secret of `--secret-file`, else of `VPN_SECRET`, else what is typed.
 *
 * @throws {VpnError} when there is none and no terminal to ask on.
 */
export async function readSharedSecret(file: string | undefined): Promise<string> {
  const secret = file === undefined
    ? Deno.env.get(secretVariable) ?? await askSecret()
    : readSecretFile(file, "the shared secret");
  // Not for the programs that this one may start.
  Deno.env.delete(secretVariable);
  if (secret === "") throw new VpnError("the shared secret is empty");
  return secret;
}

/** Asks on the terminal itself: standard input may be what is to be sent. */
async function askSecret(): Promise<string> {
  let terminal: Deno.FsFile;
  try {
    terminal = await Deno.open("/dev/tty", { read: true, write: true });
  } catch (cause) {
    throw new VpnError(
      "a shared secret is needed and there is no terminal to ask on",
      `give --secret-file FILE or set ${secretVariable}`,
      { cause },
    );
  }
  using _ = terminal;
  const print = (text: string) => terminal.write(new TextEncoder().encode(text));
  // First, so that nothing is echoed that is typed as soon as the prompt is there.
  terminal.setRaw(true, { cbreak: true });
  try {
    await print("Shared secret: ");
    return await readLine(terminal);
  } finally {
    terminal.setRaw(false);
    await print("\n");
  }
}

const Key = { backspace: 0x08, lineFeed: 0x0a, carriageReturn: 0x0d, delete: 0x7f } as const;

/** More than any secret has, in bytes. */
const longestLine = 1024;

async function readLine(terminal: Deno.FsFile): Promise<string> {
  const typed: number[] = [];
  const byte = new Uint8Array(1);
  for (;;) {
    const length = await terminal.read(byte);
    const key = byte[0];
    if (length === null || key === Key.lineFeed || key === Key.carriageReturn) break;
    if (key === Key.backspace || key === Key.delete) typed.pop();
    else if (typed.length < longestLine) typed.push(key);
  }
  return new TextDecoder().decode(Uint8Array.from(typed));
}
