/**
 * The directory of easy-rsa, or of `openssl ca` in its layout.
 *
 * ```text
 * pki/ca.crt  pki/private/ca.key  pki/index.txt  pki/crl.pem
 * pki/issued/NAME.crt  pki/private/NAME.key  pki/certs_by_serial/SERIAL.pem
 * pki/revoked/certs_by_serial/SERIAL.crt  pki/revoked/private_by_serial/SERIAL.key
 * ```
 *
 * @module
 */

import { join } from "node:path";
import { fileError, readFileIfThere } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import { newEntry } from "./authority_entries.ts";
import type { ForeignAuthority } from "./authority_import.ts";
import { type Certificate, parseCertificates } from "./certificate.ts";
import type { NewEntry } from "./certificate_index.ts";
import type { Revocation } from "./crl.ts";
import { CertificateError } from "./errors.ts";
import { checkKeyPair, isEncryptedKey } from "./keys.ts";
import { reasonNumber, type RevocationReason, revocationReasons } from "./revocation_reason.ts";
import { purposeTypes } from "./usage.ts";

/** A line of `index.txt`. */
export interface EasyrsaLine {
  /** Valid, revoked or expired. */
  readonly status: "V" | "R" | "E";
  /** As {@linkcode Certificate.serial}. */
  readonly serial: string;
  /** When and why it was revoked. */
  readonly revocation: Revocation | undefined;
}

/**
 * Reads `index.txt`: status, end, revocation, serial number, file and subject between tabs.
 *
 * @throws {VpnError} naming the line.
 */
export function readEasyrsaIndex(text: string, path: string): EasyrsaLine[] {
  const lines: EasyrsaLine[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const [status, , revoked, serial] = line.split("\t");
    const bad = (what: string) =>
      new VpnError(`${path}:${i + 1}: ${what}`, "mend the line, or restore the file");
    if (status !== "V" && status !== "R" && status !== "E") throw bad("no such status");
    if (!/^([0-9A-Fa-f]{2}){1,20}$/.test(serial ?? "")) throw bad("no serial number");
    const revocation = status === "R" ? readRevocation(revoked) : undefined;
    if (status === "R" && revocation === undefined) throw bad("no date of revocation");
    lines.push({
      status,
      serial: serial.toUpperCase().replace(/^(00)+(?=..)/, ""),
      revocation,
    });
  }
  return lines;
}

/** `YYMMDDHHMMSSZ[,REASON]`, or with a year of four digits. */
function readRevocation(text: string): Revocation | undefined {
  const match = /^(\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z(?:,(\w+))?/.exec(text);
  if (match === null) return undefined;
  const [, century, ...rest] = match;
  const [year, month, day, hour, minute, second] = rest.slice(0, 6).map(Number);
  const full = century === undefined
    ? (year < 50 ? 2000 : 1900) + year
    : Number(century) * 100 + year;
  const date = Date.UTC(full, month - 1, day, hour, minute, second);
  const known = revocationReasons.find((reason) => reason === rest[6]);
  return { date, reason: known && reasonNumber(known as RevocationReason) };
}

/**
 * Reads an authority's directory.
 *
 * @param directory easy-rsa's `pki`, or the one that it is in.
 * @param now Milliseconds since 1970.
 * @throws {VpnError} naming what is missing or damaged.
 */
export async function readEasyrsaDirectory(
  directory: string,
  now: number,
): Promise<ForeignAuthority> {
  const pki = await firstWith("ca.crt", [join(directory, "pki"), directory]);
  if (pki === undefined) {
    throw new VpnError(
      `${directory} is no directory of easy-rsa: there is no ca.crt in it`,
      "name its pki directory, or give --ca-cert and --ca-key",
    );
  }
  const read = async (name: string) => {
    const text = await readFileIfThere(join(pki, name));
    if (text === undefined) {
      throw new VpnError(`${join(pki, name)} is missing`, "bring it back, then import again");
    }
    return text;
  };
  const lines = readEasyrsaIndex(await read("index.txt"), join(pki, "index.txt"));
  const certificates = await findCertificates(pki, new Set(lines.map(({ serial }) => serial)));
  const entries: NewEntry[] = [];
  for (const { serial } of lines) {
    const found = certificates.get(serial);
    if (found === undefined) continue;
    const { certificate, name } = found;
    const purpose = certificate.extendedKeyUsage?.includes(purposeTypes.server)
      ? "server"
      : "client";
    entries.push(newEntry(certificate, purpose, now, await findKey(pki, name, certificate)));
  }
  const tlsAuthKey = await readFileIfThere(join(pki, "ta.key")) ??
    await readFileIfThere(join(pki, "..", "ta.key"));
  return {
    certificateFile: join(pki, "ca.crt"),
    keyFile: join(pki, "private", "ca.key"),
    revocationListFile: join(pki, "crl.pem"),
    certificate: await read("ca.crt"),
    key: await read(join("private", "ca.key")),
    revocationList: await readFileIfThere(join(pki, "crl.pem")),
    entries,
    revoked: new Map(
      lines.flatMap(({ serial, revocation }) => revocation ? [[serial, revocation]] : []),
    ),
    tlsAuthKey,
  };
}

interface Found {
  readonly certificate: Certificate;
  /** Of its file without the extension, after which its key is named. */
  readonly name: string;
}

/** Certificates of the index by serial number. Those under their names come first. */
async function findCertificates(
  pki: string,
  wanted: ReadonlySet<string>,
): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for (const folder of ["issued", "certs_by_serial", "revoked/certs_by_serial", "renewed/issued"]) {
    for (const file of await namesIn(join(pki, folder))) {
      const match = /^(.+)\.(crt|pem)$/.exec(file);
      const path = join(pki, folder, file);
      const text = match && await readFileIfThere(path);
      if (!match || !text) continue;
      try {
        const [certificate] = parseCertificates(text);
        const { serial } = certificate;
        if (wanted.has(serial) && !found.has(serial)) {
          found.set(serial, { certificate, name: match[1] });
        }
      } catch (error) {
        if (!(error instanceof CertificateError)) throw error;
        throw new CertificateError(error.reason, `${path}: ${error.message}`, error.remedy);
      }
    }
  }
  return found;
}

/** The key that belongs to a certificate. One with a passphrase is taken by its name. */
async function findKey(
  pki: string,
  name: string,
  certificate: Certificate,
): Promise<string | undefined> {
  const places = [
    join("private", `${name}.key`),
    join("private", `${certificate.commonName}.key`),
    join("revoked", "private_by_serial", `${certificate.serial}.key`),
  ];
  for (const place of places) {
    if (place.includes("\0")) continue;
    const text = await readFileIfThere(join(pki, place));
    if (text === undefined) continue;
    if (isEncryptedKey(text)) return text;
    try {
      checkKeyPair(certificate, text);
      return text;
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
    }
  }
  return undefined;
}

async function firstWith(
  file: string,
  directories: readonly string[],
): Promise<string | undefined> {
  for (const directory of directories) {
    if (await readFileIfThere(join(directory, file)) !== undefined) return directory;
  }
  return undefined;
}

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(directory)) if (isFile) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw fileError(error, `cannot read ${directory}`);
    }
  }
  return names.sort();
}
