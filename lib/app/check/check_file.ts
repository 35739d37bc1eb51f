/**
 * Whether a configuration could start: its lines, the files that it names, and what is in them.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import {
  checkConfigFile,
  type CheckedLine,
  type Config,
  type ConfigHost,
  denoHost,
  type FileReference,
  inspectFiles,
  type LoadedFiles,
  type Position,
} from "../../config/mod.ts";
import { parseCertificates, parseRevocationLists } from "../../pki/mod.ts";
import { clientControlWrap, serverControlWrap } from "../control_protection/control_wrap.ts";
import { loadCredentials } from "../credentials.ts";

/** Could start; can't; could, were it not for a file or credential that isn't there. */
export type Verdict = "ok" | "refused" | "incomplete";

/** What was found. */
export interface CheckReport {
  readonly verdict: Verdict;
  readonly role?: "client" | "server";
  readonly lines: readonly CheckedLine[];
  /** What is wrong at no line. */
  readonly problems: readonly string[];
}

/** Checks a configuration file. */
export async function checkFile(
  path: string,
  host: ConfigHost = denoHost,
): Promise<CheckReport> {
  const { lines, problems, config } = checkConfigFile(path, host);
  const all = problems.map((problem) => problem.line);
  if (config === undefined) return { verdict: "refused", lines, problems: all };
  const files = inspectFiles(config, host);
  const absent = missingDirectories(config);
  const marked = lines.map((line) => withDirectory(withFile(line, files), absent));
  const contents = absent.size > 0 ? [] : await contentProblems(config, files);
  for (const { position, text } of contents) {
    const index = marked.findIndex((line) => samePlace(position, line.position));
    if (index < 0) all.push(text);
    else marked[index] = { position: marked[index].position, status: "refused", meaning: text };
  }
  const verdict = contents.length > 0
    ? "refused"
    : files.missing.length + absent.size > 0
    ? "incomplete"
    : "ok";
  return { verdict, role: config.role, lines: marked, problems: all };
}

function withFile(line: CheckedLine, files: LoadedFiles): CheckedLine {
  const missing = files.missing.find(({ position }) => samePlace(position, line.position));
  if (missing !== undefined) {
    return {
      position: line.position,
      status: "missing",
      meaning: missing.problem,
      ...(missing.remedy !== undefined && { remedy: missing.remedy }),
    };
  }
  const notice = files.notices.find(({ position }) => samePlace(position, line.position));
  if (notice === undefined || line.status !== "supported") return line;
  return { ...line, status: "warned", meaning: notice.message.replace(/^\S+ /, "") };
}

/** Directories that the configuration names and that aren't there, by their options. */
function missingDirectories({ tls }: Config): ReadonlyMap<string, string> {
  const named = [["capath", tls.caPath], ["crl-verify", tls.crlDirectory]] as const;
  const absent = new Map<string, string>();
  for (const [option, path] of named) {
    if (path !== undefined && !isDirectory(path)) absent.set(option, path);
  }
  return absent;
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function withDirectory(line: CheckedLine, absent: ReadonlyMap<string, string>): CheckedLine {
  const path = absent.get(line.position.option);
  if (path === undefined) return line;
  return {
    position: line.position,
    status: "missing",
    meaning: `there is no directory "${path}"`,
    remedy: "create it or correct the path",
  };
}

function samePlace(one: Position | undefined, other: Position): boolean {
  return one !== undefined && one.file === other.file && one.line === other.line;
}

const silent: Log = {
  verb: 0,
  error: () => {},
  warn: () => {},
  at: () => {},
  prefixed: () => silent,
};

class PassphraseNeeded extends Error {}

interface Problem {
  /** Of the line that names the file; absent where several have a part in it. */
  readonly position?: Position;
  readonly text: string;
}

/** Reads what is in the files, as the start does; what isn't there is not looked at. */
async function contentProblems(config: Config, files: LoadedFiles): Promise<Problem[]> {
  const problems: Problem[] = [];
  const attempt = (references: readonly (FileReference | undefined)[], read: () => unknown) => {
    const named = references.filter((reference) => reference !== undefined);
    if (!named.every((reference) => files.has(reference))) return;
    try {
      read();
    } catch (error) {
      const position = named.length === 1 ? named[0].position : undefined;
      problems.push({ position, text: errorLine(error) });
    }
  };
  const { tls } = config;
  for (const reference of [tls.ca, tls.cert, tls.extraCerts]) {
    if (reference !== undefined) {
      attempt([reference], () => parseCertificates(files.text(reference)));
    }
  }
  const { crlVerify } = tls;
  if (crlVerify !== undefined) {
    attempt([crlVerify], () => parseRevocationLists(files.bytes(crlVerify)));
  }
  attemptControlKeys(config, files, attempt);
  if (problems.length > 0) return problems;
  const { askpass } = tls;
  const named = [tls.ca, tls.cert, tls.key, tls.pkcs12, tls.extraCerts, tls.crlVerify];
  const own: readonly (FileReference | undefined)[] = askpass?.source === "prompt"
    ? named
    : [...named, askpass];
  if (own.some((reference) => reference !== undefined && !files.has(reference))) return problems;
  try {
    const peer = config.role === "server" ? "client" : "server";
    await loadCredentials({
      ...{ peer, tls, files, log: silent },
      passphrase: () => {
        throw new PassphraseNeeded();
      },
    });
  } catch (error) {
    // It would be asked for at the start.
    if (!(error instanceof PassphraseNeeded)) problems.push({ text: errorLine(error) });
  }
  return problems;
}

function attemptControlKeys(
  config: Config,
  files: LoadedFiles,
  attempt: (references: readonly (FileReference | undefined)[], read: () => unknown) => void,
): void {
  if (config.role === "server") {
    const keys = [config.controlKey?.key, config.groupControlKey?.key, config.tlsCryptV2.revoked];
    attempt(keys, () => serverControlWrap(config, files, silent));
    return;
  }
  const seen = new Set<FileReference>();
  for (const { controlKey } of config.connections) {
    if (controlKey === undefined || seen.has(controlKey.key)) continue;
    seen.add(controlKey.key);
    attempt([controlKey.key], () => clientControlWrap(controlKey, files, config.data));
  }
}
