/**
 * Links by which a client downloads its profile, once. The link's secret is 256 random bits; the
 * index keeps a digest of it, so that whoever reads the index cannot use the link.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { randomBytes } from "../../base/bytes.ts";
import { VpnError } from "../../base/errors.ts";
import type { Authority } from "../../pki/authority.ts";
import { authorityPaths } from "../../pki/authority_paths.ts";
import type { DownloadLink } from "../../pki/certificate_index.ts";
import { exportProfile, type ExportRequest } from "./exporting.ts";

/** How long a link is good unless told otherwise, hours. */
export const LINK_HOURS = 24;

const HOUR = 3_600_000;

/** A link that was made. */
export interface MadeLink {
  /** What the client opens. Secret. */
  readonly url: string;
  /** When it ends, milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The digest that a link is known by; undefined for what is no link's secret. */
export function tokenDigest(token: string): string | undefined {
  // 32 bytes in base64url without padding.
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return undefined;
  return createHash("sha256").update(token).digest("hex");
}

/**
 * Makes a link to a client's profile as it is now.
 *
 * @param base The address of the HTTPS service, without a slash at its end.
 * @throws {VpnError} when there is no such client, or no address.
 */
export async function makeLink(
  authority: Authority,
  request: ExportRequest & { readonly hours?: number },
  base: string | undefined,
): Promise<MadeLink> {
  if (base === undefined) {
    throw new VpnError(
      "nobody knows where links lead",
      "run vpn serve --https ADDR, and tell vpn pki settings --link-url https://HOST:PORT",
    );
  }
  const { serial } = await authority.find(request.nameOrSerial);
  const [profile] = await exportProfile(authority, { ...request, format: "inline" });
  const token = randomBytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const expiresAt = authority.now + (request.hours ?? LINK_HOURS) * HOUR;
  const link: DownloadLink = {
    tokenDigest: tokenDigest(token)!,
    serial,
    fileName: profile.name,
    content: new TextEncoder().encode(String(profile.content)),
    expiresAt,
  };
  await authority.index.addLink(link, authority.now);
  return { url: `${base}${authorityPaths.downloads}${token}`, expiresAt };
}
