/**
 * `client-config-dir`: the file of options that a client's name leads to, `DEFAULT` for those that
 * have none, and `ccd-exclusive`.
 *
 * Source: OpenVPN's multi.c (`multi_client_connect_source_ccd`), platform.c (`platform_gen_path`),
 * ssl_verify.c (`client_config_dir_exclusive`).
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import { parseClientOptions } from "../../config/client_options.ts";
import { AdmissionRefusal, type AdmissionStep, type Candidate } from "../server/admission.ts";
import { applyClientOptions } from "./client_settings.ts";

/** The file of clients without one of their own. */
const defaultFile = "DEFAULT";

/** Largest file of one client, in bytes. */
const maximumSize = 1 << 20;

/** The reading of such files as a step. @throws {VpnError} when there is no such directory. */
export function clientFileStep(directory: string): AdmissionStep {
  requireDirectory(directory);
  return {
    name: "client-config-dir",
    take: async (candidate) => {
      const file = await clientFile(directory, candidate.commonName) ??
        await readClientFile(`${directory}/${defaultFile}`);
      if (file !== undefined) takeClientOptions(file.text, file.path, candidate);
    },
  };
}

/** `ccd-exclusive` as a step. */
export function exclusiveStep(directory: string): AdmissionStep {
  return {
    name: "ccd-exclusive",
    // A file that was taken away ends the session at its next renegotiation, as in OpenVPN.
    atRenegotiation: true,
    take: async ({ commonName }) => {
      if (commonName !== defaultFile && await clientFile(directory, commonName) !== undefined) {
        return;
      }
      throw new AdmissionRefusal(
        `TLS Auth Error: ccd-exclusive: there is no file for '${commonName}' in ${directory}`,
      );
    },
  };
}

/**
 * Takes options for a client. Those with a mistake refuse it: what they were to restrict is not
 * known.
 *
 * @param file Where they stand, for messages.
 * @throws {AdmissionRefusal} when they are wrong, or say `disable`.
 */
export function takeClientOptions(text: string, file: string, candidate: Candidate): void {
  let parsed: ReturnType<typeof parseClientOptions>;
  try {
    parsed = parseClientOptions(text, file);
  } catch (error) {
    throw new AdmissionRefusal(`options for this client: ${errorLine(error)}`);
  }
  for (const { level, verb, message } of parsed.notices) {
    if (level === "warning") candidate.log.warn(message);
    else candidate.log.at(verb, message);
  }
  candidate.log.at(3, `OPTIONS IMPORT: reading client specific options from: ${file}`);
  if (parsed.options.disable) {
    throw new AdmissionRefusal(
      `MULTI: client has been rejected due to 'disable' directive in ${file}`,
    );
  }
  applyClientOptions(parsed.options, candidate.settings, candidate.push);
}

/**
 * The name of the file in the directory; undefined where there can be none. What a certificate's
 * name says never leads out of it.
 */
export function clientFileName(commonName: string): string | undefined {
  // deno-lint-ignore no-control-regex -- they are what this replaces
  const name = commonName.replace(/[/\x00-\x1f\x7f]/g, "_");
  if (name === "" || name === "." || name === "..") return undefined;
  // NAME_MAX of Linux, bytes.
  return new TextEncoder().encode(name).length > 255 ? undefined : name;
}

function clientFile(directory: string, commonName: string) {
  const name = clientFileName(commonName);
  return name === undefined ? undefined : readClientFile(`${directory}/${name}`);
}

/** Undefined when there is none; what is there and cannot be read refuses the client. */
async function readClientFile(
  path: string,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw new Error("it is no file");
    if (size > maximumSize) throw new Error(`it has more than ${maximumSize} bytes`);
    return { path, text: await Deno.readTextFile(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new AdmissionRefusal(`cannot read ${path}: ${errorLine(error)}`);
  }
}

function requireDirectory(directory: string): void {
  let found = false;
  try {
    found = Deno.statSync(directory).isDirectory;
  } catch {
    // Said below.
  }
  if (!found) {
    throw new VpnError(`client-config-dir: there is no directory ${directory}`, "make it");
  }
}
