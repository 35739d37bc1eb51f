/**
 * User name and password of `auth-user-pass`: from a file, an inline block or a prompt.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { type ClientConfig, type LoadedFiles, parseUserPass } from "../../config/mod.ts";
import type { UserCredentials } from "./client_connection.ts";

/** Asks where it must, and remembers unless `auth-nocache`. */
export class UserCredentialSource {
  readonly #config: ClientConfig;
  readonly #files: LoadedFiles;
  #cached: UserCredentials | undefined;

  constructor(config: ClientConfig, files: LoadedFiles) {
    this.#config = config;
    this.#files = files;
  }

  /**
   * undefined where the configuration has no `auth-user-pass`.
   *
   * @throws {VpnError} when there is nobody to ask.
   */
  async get(): Promise<UserCredentials | undefined> {
    const { authUserPass, authNocache } = this.#config;
    if (authUserPass === undefined) return undefined;
    if (this.#cached !== undefined) return this.#cached;
    const given = authUserPass.source === "prompt"
      ? undefined
      : parseUserPass(this.#files.text(authUserPass));
    const username = given?.username || await ask("Enter Auth Username:", true);
    const password = given?.password ?? await ask("Enter Auth Password:", false);
    const user = { username, password };
    if (!authNocache) this.#cached = user;
    return user;
  }

  /** The server does not take them: the next `get` asks again. */
  forget(): void {
    this.#cached = undefined;
  }
}

/** Reads a line from the terminal; without echo unless `echo`. */
async function ask(prompt: string, echo: boolean): Promise<string> {
  if (!Deno.stdin.isTerminal()) {
    throw new VpnError(
      "user name and password are needed and there is no terminal to ask on",
      "name a file: auth-user-pass FILE",
    );
  }
  await Deno.stderr.write(new TextEncoder().encode(`${prompt} `));
  if (echo) return await readLine();
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    return await readLine();
  } finally {
    Deno.stdin.setRaw(false);
    await Deno.stderr.write(new TextEncoder().encode("\n"));
  }
}

const backspace = 0x7f;
const longestAnswer = 1024;

async function readLine(): Promise<string> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1);
  for (;;) {
    const length = await Deno.stdin.read(buffer);
    if (length === null || buffer[0] === 0x0a || buffer[0] === 0x0d) break;
    if (buffer[0] === backspace) bytes.pop();
    else if (bytes.length < longestAnswer) bytes.push(buffer[0]);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
