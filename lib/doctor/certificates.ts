/**
 * The files that a configuration names: whether they are there and closed to others, whether
 * certificates and revocation lists are valid now and for a while, and whether the clock can be
 * right.
 *
 * @module
 */

import { errorLine } from "../base/errors.ts";
import type { Config, FileReference, LoadedFiles } from "../config/mod.ts";
import {
  type Certificate,
  checkKeyPair,
  parseCertificates,
  parseRevocationLists,
} from "../pki/mod.ts";
import { Check, type Finding, shellWord } from "./finding.ts";

const files = new Check("files");
const certificates = new Check("certificates");
const revocation = new Check("revocation list");
const clock = new Check("clock");

const day = 86_400_000;

/** A certificate that ends within that time is told of, ms. */
const soon = 30 * day;

/** A revocation list that ends within that time is told of, ms: the default is 30 days. */
const listSoon = 3 * day;

/** A clock that is behind what it must have seen by more than that is wrong, ms. */
const clockTolerance = day;

/** What is looked at. */
export interface CertificateInput {
  readonly config: Config;
  readonly loaded: LoadedFiles;
  /** ms since 1970. */
  readonly now: number;
  /** The state directory, where `vpn pki` works; absent: another program's authority. */
  readonly state?: string;
}

/** Files that are missing, cannot be read, or that others can read. */
export function checkFiles({ loaded }: Pick<CertificateInput, "loaded">): Finding[] {
  const found = loaded.missing.map((error) => files.problem(error.message));
  for (const { level, message } of loaded.notices) {
    const path = /secret file "(.*)": chmod 600$/.exec(message)?.[1];
    if (level === "warning" && path !== undefined) {
      found.push(
        files.problem(`others may read the secret file ${path}`, `chmod 600 ${shellWord(path)}`),
      );
    }
  }
  return found.length > 0 ? found : [files.ok("all are there, secrets are closed to others")];
}

/** Own certificate and authorities: dates, and the key. */
export function checkCertificates(input: CertificateInput): Finding[] {
  const { config, loaded } = input;
  const { ca, cert, key } = config.tls;
  const found: Finding[] = [];
  let earliest = Infinity;
  const look = (what: string, reference: FileReference | undefined, mend?: string) => {
    const text = textOf(reference, loaded);
    if (text === undefined) return undefined;
    try {
      const list = parseCertificates(text);
      for (const certificate of list) {
        found.push(...checkDates(what, certificate, input, mend));
        earliest = Math.min(earliest, certificate.notAfter);
      }
      return list;
    } catch (error) {
      found.push(certificates.problem(`${what}: ${errorLine(error)}`));
      return undefined;
    }
  };
  look("the authority's certificate (ca)", ca);
  const own = look("our certificate (cert)", cert, renewal(input));
  const keyText = textOf(key, loaded);
  if (own !== undefined && keyText !== undefined) {
    try {
      checkKeyPair(own[0], keyText);
    } catch (error) {
      found.push(certificates.problem(errorLine(error)));
    }
  }
  if (found.length > 0 || earliest === Infinity) return found;
  return [certificates.ok(`valid until ${dateText(earliest)}`)];
}

/** What renews our own certificate; a client asks whoever gave it its profile. */
function renewal({ config, loaded, state }: CertificateInput): string | undefined {
  if (config.role !== "server") return undefined;
  const text = textOf(config.tls.cert, loaded);
  let name: string | undefined;
  try {
    name = text === undefined ? undefined : parseCertificates(text)[0].commonName;
  } catch {
    return undefined;
  }
  const directory = state === undefined ? "" : ` --state ${shellWord(state)}`;
  return name === undefined ? undefined : `vpn pki renew ${shellWord(name)}${directory}`;
}

function checkDates(
  what: string,
  { notBefore, notAfter }: Certificate,
  { now, config }: CertificateInput,
  mend: string | undefined,
): Finding[] {
  const ask = config.role === "client" ? ": ask the server's administrator for a new profile" : "";
  if (now > notAfter) {
    return [certificates.problem(`${what} ended on ${dateText(notAfter)}${ask}`, mend)];
  }
  if (now < notBefore) {
    return [
      certificates.problem(
        `${what} begins on ${dateText(notBefore)}, and it is ${dateText(now)} here`,
        "timedatectl set-ntp true",
      ),
    ];
  }
  return notAfter - now < soon
    ? [certificates.warning(`${what} ends on ${dateText(notAfter)}${ask}`, mend)]
    : [];
}

/** `crl-verify`: dates. */
export function checkRevocationList({ config, loaded, now, state }: CertificateInput): Finding[] {
  const reference = config.tls.crlVerify;
  if (reference === undefined) {
    return config.role === "server"
      ? [revocation.skipped("no crl-verify: revoked certificates are not refused")]
      : [];
  }
  let bytes: Uint8Array;
  try {
    bytes = loaded.bytes(reference);
  } catch {
    return []; // Missing; `checkFiles` says so.
  }
  const directory = state === undefined ? "" : ` --state ${shellWord(state)}`;
  const mend = config.role === "server" ? `vpn pki crl${directory}` : undefined;
  try {
    for (const { nextUpdate, thisUpdate } of parseRevocationLists(bytes)) {
      if (nextUpdate !== undefined && now > nextUpdate) {
        const message = `it ended on ${dateText(nextUpdate)}: nobody can connect`;
        return [revocation.problem(message, mend)];
      }
      if (now < thisUpdate) {
        const message = `it begins on ${dateText(thisUpdate)}, and it is ${dateText(now)} here`;
        return [revocation.problem(message, "timedatectl set-ntp true")];
      }
      if (nextUpdate !== undefined && nextUpdate - now < listSoon) {
        return [revocation.warning(`it ends on ${dateText(nextUpdate)}`, mend)];
      }
    }
  } catch (error) {
    return [revocation.problem(errorLine(error), mend)];
  }
  return [revocation.ok("valid now")];
}

/**
 * Whether the clock is behind something that was made before: a certificate, a file of the
 * configuration.
 *
 * @param written When files were written, ms since 1970.
 */
export function checkClock(
  { config, loaded, now }: CertificateInput,
  written: readonly number[],
): Finding {
  const text = textOf(config.tls.cert, loaded);
  let began = 0;
  try {
    if (text !== undefined) began = parseCertificates(text)[0].notBefore;
  } catch {
    // Another check says so.
  }
  const latest = Math.max(began, ...written);
  return now < latest - clockTolerance
    ? clock.problem(
      `it is ${dateText(now)} here, but the configuration is from ${dateText(latest)}`,
      "timedatectl set-ntp true",
    )
    : clock.ok(`${new Date(now).toISOString().slice(0, 16)} UTC`);
}

function textOf(reference: FileReference | undefined, loaded: LoadedFiles): string | undefined {
  try {
    return reference && loaded.text(reference);
  } catch {
    return undefined; // Missing; `checkFiles` says so.
  }
}

function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
