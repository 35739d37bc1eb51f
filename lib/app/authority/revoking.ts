/**
 * `vpn pki revoke|crl`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { RevocationList } from "../../pki/crl.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import { OcspResponder } from "../../pki/ocsp_responder.ts";
import { reasonName } from "../../pki/revocation_reason.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { dayAndDistance } from "./entry_state.ts";
import { openAuthorityOf } from "./opened.ts";
import { formatTable, print, printJson, takesColours } from "./terminal.ts";

/** Revokes a certificate. */
export async function revoke(given: PkiOperation<"revoke">): Promise<void> {
  using authority = await openAuthorityOf(given);
  const revoked = await authority.revoke(given.nameOrSerial, given.reason);
  for (const { name, serial, revocation } of revoked) {
    print(
      `Revoked the certificate of ${name}, serial number ${serial} ` +
        `(${reasonName(revocation?.reason)}).`,
    );
  }
  print(
    `Wrote ${authority.files.revocationList}; a server that uses it drops their sessions at once.`,
  );
}

/** Issues the revocation list again, or shows it. */
export async function crl(given: PkiOperation<"crl">): Promise<void> {
  using authority = await openAuthorityOf(given);
  const list = given.show
    ? await authority.revocations.current()
    : await authority.issueRevocationList(given.days);
  // A server without the passphrase of ca.key cannot make this one.
  if (!given.show) await new OcspResponder(authority).maintain();
  if (list === undefined) {
    throw new VpnError("there is no revocation list yet", "make it with vpn pki crl");
  }
  if (given.json) return printJson(listJson(list));
  const end = list.nextUpdate === undefined ? "never" : dayAndDistance(list.nextUpdate, Date.now());
  print(
    `Revocation list ${BigInt(`0x${list.number ?? "0"}`)} of "${formatName(list.issuer)}": ` +
      `${list.revoked.size} revoked, ends on ${end}.`,
  );
  if (!given.show) return print(`Wrote ${authority.files.revocationList}.`);
  const names = new Map((await authority.list()).map(({ serial, name }) => [serial, name]));
  print(...formatTable(
    ["SERIAL", "REVOKED", "REASON", "NAME"],
    [...list.revoked].map(([serial, { date, reason }]) => [
      serial,
      new Date(date).toISOString().slice(0, 10),
      reasonName(reason),
      names.get(serial) ?? "",
    ]),
    takesColours(),
  ));
}

function listJson(list: RevocationList) {
  const iso = (time: number) => new Date(time).toISOString();
  return {
    issuer: formatName(list.issuer),
    number: Number(BigInt(`0x${list.number ?? "0"}`)),
    thisUpdate: iso(list.thisUpdate),
    nextUpdate: list.nextUpdate === undefined ? undefined : iso(list.nextUpdate),
    revoked: [...list.revoked].map(([serial, { date, reason }]) => ({
      serial,
      revokedAt: iso(date),
      reason: reasonName(reason),
    })),
  };
}
