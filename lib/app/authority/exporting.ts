/**
 * A client's profile from the authority: for `vpn pki export`, for download links, for a portal.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Authority } from "../../pki/authority.ts";
import { certificatePem } from "../../pki/certificate.ts";
import type { ProfileFormat, ProfileSystem } from "../../pki/client_profile.ts";
import { type ProfileFile, profileFiles } from "../../pki/profile_files.ts";
import type { Remote } from "./remote.ts";
import { serverAccess } from "./server_access.ts";

/** What is exported. */
export interface ExportRequest {
  /** Common name or serial number. */
  readonly nameOrSerial: string;
  /** The system that it is for; absent: any. */
  readonly system?: ProfileSystem;
  /** Default `inline`. */
  readonly format?: ProfileFormat;
  /** In place of the server's address that is remembered. */
  readonly remote?: Remote;
  /** For `p12`. */
  readonly passphrase?: string;
}

/**
 * Makes the files of a client; the profile is the first.
 *
 * @throws {VpnError} when there is no such client, it is revoked or has expired.
 */
export async function exportProfile(
  authority: Authority,
  request: ExportRequest,
): Promise<ProfileFile[]> {
  const entry = await authority.find(request.nameOrSerial);
  const { name, purpose, revocation, notAfter } = entry;
  if (purpose !== "client") {
    throw new VpnError(`${name} is no client`, `issue a certificate for one`);
  }
  if (revocation !== undefined) {
    throw new VpnError(
      `the certificate of ${name} is revoked`,
      `issue another one with vpn pki issue ${name}`,
    );
  }
  if (notAfter < authority.now) {
    throw new VpnError(
      `the certificate of ${name} has ended`,
      `use vpn pki renew ${name}, then export it again`,
    );
  }
  const { remotes, ...access } = await serverAccess(authority, request.remote);
  const [{ host, port, proto }, ...furtherRemotes] = remotes;
  return await profileFiles({
    ...access,
    name,
    format: request.format ?? "inline",
    system: request.system,
    passphrase: request.passphrase,
    remote: host,
    port,
    proto,
    furtherRemotes,
    ca: certificatePem(authority.certificate),
    cert: certificatePem(await authority.certificateOf(entry)),
    key: await authority.privateKeyOf(entry),
  });
}
