/**
 * The box channel's keys in files: a secret key by itself, public keys one on a line, as in ssh's
 * `authorized_keys`. A key is 32 bytes in base64.
 *
 * @module
 */

import { fileError, writeFileAtomically } from "../../base/atomic_file.ts";
import { VpnError } from "../../base/errors.ts";
import {
  type BoxKeyPair,
  type BoxPublicKey,
  generateBoxSecretKey,
  importBoxKeyPair,
  isCanonicalPublicKey,
} from "../../channel/box/mod.ts";
import { readSecretFile } from "./secret_file.ts";

/** 32 bytes in base64 (RFC 4648, section 4), with its padding. */
const keyText = /^[A-Za-z0-9+/]{43}=$/;

function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!keyText.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined; // Bits beyond the last byte: a second spelling of the key.
  }
}

/** A public key in text. @throws {VpnError} when it is none; `where` says where it stands. */
export function parsePublicKey(text: string, where: string): BoxPublicKey {
  const key = decode(text);
  if (key !== undefined && isCanonicalPublicKey(key)) return key;
  throw new VpnError(`${where}: ${JSON.stringify(text.slice(0, 60))} is no public key`);
}

/**
 * Makes a key pair: the secret key in `path`, the public key in `path.pub`. Neither may be there.
 *
 * @returns The public key in base64.
 */
export async function createKeyFiles(path: string): Promise<string> {
  const publicPath = `${path}.pub`;
  for (const file of [path, publicPath]) {
    const isThere = await Deno.lstat(file).then(() => true, () => false);
    if (isThere) throw new VpnError(`${file} is there already`, "choose another name or remove it");
  }
  const secret = generateBoxSecretKey();
  const { publicKey } = await importBoxKeyPair(secret);
  const text = publicKey.toBase64();
  await writeFileAtomically(path, `${secret.toBase64()}\n`, 0o600);
  secret.fill(0);
  await writeFileAtomically(publicPath, `${text}\n`, 0o644);
  return text;
}

/** The key pair of a secret key's file. @throws {VpnError} when it is none or open to others. */
export async function readKeyPair(path: string): Promise<BoxKeyPair> {
  const secret = decode(readSecretFile(path, "the secret key").trim());
  if (secret === undefined) {
    throw new VpnError(`${path} holds no secret key`, "make one with vpn channel box keygen");
  }
  const pair = await importBoxKeyPair(secret);
  secret.fill(0);
  return pair;
}

/** The public key that an option gives, in base64 or by the name of a file that has it. */
export function readPublicKey(given: string): BoxPublicKey {
  if (keyText.test(given)) return parsePublicKey(given, "the server's key");
  let text: string;
  try {
    text = Deno.readTextFileSync(given);
  } catch (error) {
    throw fileError(error, `cannot read a public key from ${given}`);
  }
  const keys = parseKeyList(text, given);
  const [only] = keys.values();
  if (keys.size === 1) return only;
  throw new VpnError(`${given} has ${keys.size} public keys, not one`);
}

/** A list of public keys in hexadecimal, each once. */
export type KeyList = ReadonlyMap<string, BoxPublicKey>;

/**
 * Reads a list: one key on a line, a comment behind it; empty lines and lines with `#` are skipped.
 *
 * @throws {VpnError} naming the line.
 */
export function parseKeyList(text: string, path: string): KeyList {
  const keys = new Map<string, BoxPublicKey>();
  text.split(/\r?\n/).forEach((line, i) => {
    const [word] = line.trim().split(/\s+/);
    if (word === "" || word.startsWith("#")) return;
    const key = parsePublicKey(word, `${path}:${i + 1}`);
    keys.set(key.toHex(), key);
  });
  return keys;
}

/** The list of a file that others cannot write. @throws {VpnError} as `parseKeyList`. */
export function readKeyList(path: string): KeyList {
  try {
    const { mode } = Deno.statSync(path);
    if (mode !== null && (mode & 0o022) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, "0");
      throw new VpnError(`${path} can be written by others (mode ${octal})`, `chmod 644 ${path}`);
    }
    return parseKeyList(Deno.readTextFileSync(path), path);
  } catch (error) {
    throw fileError(error, `cannot read the list of clients ${path}`);
  }
}
