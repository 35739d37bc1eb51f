/**
 * Tokens of programs that use the API: 256 random bits each, of which the file keeps a digest.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileError, readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import { type Scope, scopes } from "./scopes.ts";
import { secret } from "./sessions.ts";

export { type Scope, scopes };

/** A token as it is kept. */
export interface ApiToken {
  /** What it is called: one word, of one token only. */
  readonly name: string;
  /** SHA-256 of the token, hexadecimal. */
  readonly digest: string;
  readonly scopes: readonly Scope[];
  /** ms since 1970. */
  readonly createdAt: number;
  /** ms since 1970; absent: never. */
  readonly expires?: number;
}

/** What a token begins with, so that scanners for leaked secrets know one. */
const prefix = "vpnt_";

const tokenPattern = /^vpnt_[A-Za-z0-9_-]{43}$/;

/** Most tokens in a file. */
const maximumTokens = 256;

/** Increased when the file changes so that older programs would read it wrongly. */
const formatVersion = 1;

/** The file of tokens in a state directory. */
export function apiTokenPath(stateDirectory: string): string {
  return join(stateDirectory, "portal-tokens.json");
}

/** A name that a token can have. @throws {VpnError} */
export function checkTokenName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/.test(name)) return name;
  throw new VpnError(
    "this can't be a token's name",
    "use at most 64 letters, digits and _ . @ -, beginning with a letter or digit",
  );
}

/** The tokens of a file, which other programs may change meanwhile. */
export class ApiTokens {
  #stamp: string | undefined;
  #byDigest: ReadonlyMap<string, ApiToken> = new Map();

  constructor(
    readonly path: string,
    /** The present, ms since 1970. */
    readonly now: () => number = Date.now,
  ) {}

  /** All that are kept. @throws {VpnError} when the file can't be used. */
  async list(): Promise<readonly ApiToken[]> {
    const text = await readFileIfThere(this.path);
    return text === undefined ? [] : parseTokens(text, this.path);
  }

  /**
   * Makes a token.
   *
   * @returns Its text, which cannot be had again.
   * @throws {VpnError} when the name is taken.
   */
  async add(
    request: {
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly expires?: number;
    },
  ): Promise<{ readonly text: string; readonly token: ApiToken }> {
    const name = checkTokenName(request.name);
    if (request.scopes.length === 0) {
      throw new VpnError("a token without a scope is good for nothing", "give it one");
    }
    const text = prefix + secret();
    const token: ApiToken = {
      name,
      digest: digestOf(text),
      scopes: scopes.filter((scope) => request.scopes.includes(scope)),
      createdAt: this.now(),
      ...request.expires !== undefined && { expires: request.expires },
    };
    await this.#update((tokens) => {
      if (tokens.some((other) => other.name === name)) {
        throw new VpnError(`there is a token ${name} already`, "take another name, or revoke it");
      }
      if (tokens.length >= maximumTokens) {
        throw new VpnError(`there are ${maximumTokens} tokens already`, "revoke what is not used");
      }
      return [...tokens, token];
    });
    return { text, token };
  }

  /** Takes a token out. @returns False when there is none of that name. */
  async revoke(name: string): Promise<boolean> {
    let found = false;
    await this.#update((tokens) => {
      const others = tokens.filter((token) => token.name !== name);
      found = others.length < tokens.length;
      return found ? others : undefined;
    });
    return found;
  }

  /** The token with that text; undefined for one that is unknown, revoked or has expired. */
  async find(text: string): Promise<ApiToken | undefined> {
    if (!tokenPattern.test(text)) return undefined;
    const stamp = await this.#look();
    if (stamp !== this.#stamp) {
      this.#byDigest = new Map((await this.list()).map((token) => [token.digest, token]));
      this.#stamp = stamp;
    }
    // By digest: how long a look-up takes says nothing about a token.
    const token = this.#byDigest.get(digestOf(text));
    return token?.expires !== undefined && token.expires <= this.now() ? undefined : token;
  }

  /**
   * The name of the token with that text, as the file was read last. Good for how much somebody gets
   * of the server, not for what they may do.
   */
  recognize(text: string): string | undefined {
    return tokenPattern.test(text) ? this.#byDigest.get(digestOf(text))?.name : undefined;
  }

  async #look(): Promise<string> {
    try {
      const { mtime, size, ino } = await Deno.stat(this.path);
      return `${mtime?.getTime()} ${size} ${ino}`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "absent";
      throw fileError(error, `cannot look at ${this.path}`);
    }
  }

  async #update(
    change: (tokens: readonly ApiToken[]) => readonly ApiToken[] | undefined,
  ): Promise<void> {
    const lock = `${this.path}.lock`;
    try {
      using file = await Deno.open(lock, { write: true, create: true, mode: 0o600 });
      await file.lock(true);
      const changed = change(await this.list());
      if (changed === undefined) return;
      const text = JSON.stringify({ version: formatVersion, tokens: changed }, undefined, 2);
      await writeFileAtomically(this.path, `${text}\n`, 0o600);
    } catch (error) {
      throw fileError(error, `cannot lock ${lock}`);
    }
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function parseTokens(text: string, path: string): readonly ApiToken[] {
  const damaged = () => new VpnError(`${path} is damaged`, "restore it, or remove it");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged();
  }
  if (typeof content !== "object" || content === null) throw damaged();
  const { version, tokens } = content as { version?: unknown; tokens?: unknown };
  if (version !== formatVersion || !Array.isArray(tokens) || !tokens.every(isToken)) {
    throw damaged();
  }
  return tokens;
}

function isToken(value: unknown): value is ApiToken {
  if (typeof value !== "object" || value === null) return false;
  const token = value as Record<string, unknown>;
  return typeof token.name === "string" && /^[0-9a-f]{64}$/.test(String(token.digest)) &&
    Array.isArray(token.scopes) && token.scopes.every((scope) => scopes.includes(scope)) &&
    Number.isSafeInteger(token.createdAt) &&
    (token.expires === undefined || Number.isSafeInteger(token.expires));
}
