/**
 * What of a server ends soon.
 *
 * @module
 */

import type { Authority } from "../../pki/authority.ts";
import type { Expiry } from "../../portal/service.ts";

/** Clients' certificates with more left are not shown, ms. */
const soon = 30 * 86_400_000;

/** Authority, server, portal, lists, and clients that are near their end; the soonest first. */
export async function expiriesOf(authority: Authority | undefined): Promise<readonly Expiry[]> {
  if (authority === undefined) return [];
  const { certificate, now } = authority;
  const expiries: Expiry[] = [
    { kind: "authority", name: certificate.commonName ?? "", ends: certificate.notAfter },
  ];
  const list = await authority.revocations.current();
  if (list?.nextUpdate !== undefined) {
    expiries.push({ kind: "crl", name: "revocation list", ends: list.nextUpdate });
  }
  // The newest of each name: the others were replaced.
  const newest = new Map(
    (await authority.list())
      .filter(({ revocation }) => revocation === undefined)
      .map((entry) => [`${entry.purpose} ${entry.name}`, entry]),
  );
  for (const { purpose, name, notAfter: ends } of newest.values()) {
    if (purpose === "client" && (ends - now > soon || ends < now)) continue;
    const kind = purpose === "server" && name === "vpn portal" ? "portal" : purpose;
    expiries.push({ kind, name, ends });
  }
  return expiries.sort((a, b) => a.ends - b.ends);
}
