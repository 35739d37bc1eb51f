/**
 * The authority's service that a server's configuration asks for.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { LoadedFiles, ServerConfig } from "../../config/mod.ts";
import { fileExists } from "../../pki/directory_access.ts";
import { type StateFiles, stateFiles } from "../../pki/state_files.ts";
import { CertificateFiles, configuredCertificates } from "./certificate_files.ts";
import type { CertificateSource } from "./certificate_renewal.ts";

/**
 * Starts the service where the state directory has an authority.
 *
 * @throws {VpnError} naming what could not be had.
 */
export async function openAuthorityService(
  config: ServerConfig,
  files: LoadedFiles,
  log: Log,
  elsewhere?: (host: string | undefined, target: string) => string | undefined,
): Promise<AsyncDisposable | undefined> {
  const { authority, process: { state } } = config;
  if (authority === undefined || state === undefined) return undefined;
  const { http, https, passphraseFile } = authority;
  const own = stateFiles(state);
  // A server with certificates from elsewhere may have a state directory for other things.
  if (!fileExists(own.caCertificate) && http === undefined && https === undefined) {
    return undefined;
  }
  const [passphrase] = passphraseFile === undefined
    ? []
    : files.text(passphraseFile).split(/\r?\n/);
  const { AuthorityService } = await import("./authority_service.ts");
  return await AuthorityService.start({
    directory: state,
    http,
    https: https && { address: https, certificates: httpsCertificates(config, files, own) },
    passphrase: passphrase === undefined ? undefined : () => passphrase,
    log,
    elsewhere,
  });
}

function httpsCertificates(
  { authority }: ServerConfig,
  files: LoadedFiles,
  own: StateFiles,
): CertificateSource {
  const { httpsCert, httpsKey } = authority ?? {};
  if (httpsCert !== undefined && httpsKey !== undefined) {
    return configuredCertificates(httpsCert, httpsKey, files);
  }
  const chain = [own.serverCertificate, own.caCertificate];
  try {
    return new CertificateFiles(chain, own.serverKey, {
      certificate: chain.map((path) => Deno.readTextFileSync(path)).join(""),
      key: Deno.readTextFileSync(own.serverKey),
    });
  } catch (cause) {
    throw new VpnError(
      `the state directory has no certificate for https (${own.serverCertificate})`,
      "give one with https-cert and https-key",
      { cause },
    );
  }
}
