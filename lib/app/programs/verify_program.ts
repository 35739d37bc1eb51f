/**
 * `tls-verify`: a program that is asked about each certificate of a peer, the authority's first,
 * once all our own checks have passed. `tls-export-cert`: it may read the certificate in a file.
 *
 * Source: openvpn(8), `--tls-verify`, `--tls-export-cert`; OpenVPN's `ssl_verify.c`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import type { Certificate, VerifiedPeer } from "../../pki/mod.ts";
import { writePem } from "../../pki/pem.ts";
import { addressVariables } from "./address_variables.ts";
import { certificateVariables } from "./certificate_variables.ts";
import { type Programs, succeeded } from "./programs.ts";
import { temporaryFile } from "./temporary_file.ts";

/** What is asked, and how. */
export interface VerifyProgramOptions {
  readonly programs: Programs;
  readonly commandLine: string;
  /** `tls-export-cert`. */
  readonly exportDirectory?: string;
  readonly log: Log;
}

/** See the module's page. */
export class VerifyProgram {
  readonly #options: VerifyProgramOptions;

  constructor(options: VerifyProgramOptions) {
    this.#options = options;
  }

  /**
   * Asks about a peer that our own checks have accepted.
   *
   * @param source Where it comes from: raw sockaddr.
   * @throws {VpnError} when the program refuses, or cannot be run.
   */
  async check({ path }: VerifiedPeer, source: Uint8Array | undefined): Promise<void> {
    const variables = {
      ...certificateVariables(path),
      ...(source !== undefined && addressVariables("untrusted", source)),
    };
    for (let depth = path.length - 1; depth >= 0; depth--) {
      await this.#ask(path[depth], depth, variables);
    }
  }

  async #ask(
    certificate: Certificate,
    depth: number,
    variables: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { programs, commandLine, exportDirectory, log } = this.#options;
    const subject = formatName(certificate.subject);
    await using file = exportDirectory === undefined ? undefined : await temporaryFile(
      exportDirectory,
      "openvpn_pef",
      writePem("CERTIFICATE", certificate.raw),
    );
    const result = await programs.run({
      option: "tls-verify",
      commandLine,
      args: [String(depth), subject],
      variables: { ...variables, ...(file !== undefined && { peer_cert: file.path }) },
    });
    if (!succeeded(result)) throw new VpnError(`VERIFY SCRIPT ERROR: depth=${depth}, ${subject}`);
    log.at(1, `VERIFY SCRIPT OK: depth=${depth}, ${subject}`);
  }
}
