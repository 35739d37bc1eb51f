/**
 * `vpn pki list|show`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { VpnError } from "../../base/errors.ts";
import type { Authority } from "../../pki/authority.ts";
import { type Certificate, certificatePem } from "../../pki/certificate.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import { keyTypeOf } from "../../pki/keys.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { dayAndDistance, endCell, entryJson, entryStates, stateCell } from "./entry_state.ts";
import { openAuthorityOf } from "./opened.ts";
import { formatTable, print, printJson, takesColours, write } from "./terminal.ts";

/** Lists what was issued. */
export async function list(given: PkiOperation<"list">): Promise<void> {
  using authority = await openAuthorityOf(given);
  const entries = await authority.list();
  const states = entryStates(entries, Date.now());
  if (given.json) {
    return printJson(entries.map((entry) => entryJson(entry, states.get(entry.serial))));
  }
  // The responder's own certificates come and go by themselves.
  const rows = entries.filter(({ purpose }) => purpose !== "ocsp").map((entry) => [
    entry.name,
    entry.purpose,
    entry.key,
    stateCell(entry, states.get(entry.serial) ?? "valid"),
    endCell(entry, states.get(entry.serial) ?? "valid", Date.now()),
    entry.serial,
  ]);
  if (rows.length === 0) return print("Nothing was issued yet: vpn pki issue NAME");
  print(...formatTable(["NAME", "FOR", "KEY", "STATE", "ENDS", "SERIAL"], rows, takesColours()));
}

/** Shows one certificate, or the authority. */
export async function show(given: PkiOperation<"show">): Promise<void> {
  using authority = await openAuthorityOf(given);
  const { certificate, more } = await chosen(authority, given.nameOrSerial);
  if (given.pem) return write(certificatePem(certificate));
  const details = {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    serial: certificate.serial,
    key: keyTypeOf(certificate),
    notBefore: new Date(certificate.notBefore).toISOString(),
    notAfter: new Date(certificate.notAfter).toISOString(),
    sha256: createHash("sha256").update(certificate.raw).digest("hex"),
    alternativeNames: (certificate.subjectAltNames ?? []).map(({ value }) => value),
    ...more,
  };
  if (given.json) return printJson(details);
  const lines = Object.entries(details).filter(([, value]) =>
    value !== undefined && !(Array.isArray(value) && value.length === 0)
  );
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  for (const [label, value] of lines) {
    const text = Array.isArray(value) ? value.join(", ") : String(value);
    const shown = label === "notAfter" ? dayAndDistance(certificate.notAfter, Date.now()) : text;
    print(`${label.padEnd(width)}${shown}`);
  }
}

async function chosen(
  authority: Authority,
  nameOrSerial: string | undefined,
): Promise<{ certificate: Certificate; more: Record<string, unknown> }> {
  if (nameOrSerial === undefined) {
    const list = await authority.revocations.current();
    return {
      certificate: authority.certificate,
      more: {
        directory: authority.directory,
        url: await authority.index.setting("url"),
        issued: (await authority.list()).filter(({ purpose }) => purpose !== "ocsp").length,
        revoked: list?.revoked.size ?? 0,
        revocationListEnds: list?.nextUpdate && new Date(list.nextUpdate).toISOString(),
      },
    };
  }
  const entry = await authority.find(nameOrSerial);
  const state = entryStates(await authority.index.byName(entry.name), Date.now());
  const { purpose, holdsKey, revokedAt, reason, state: word } = entryJson(
    entry,
    state.get(entry.serial),
  );
  const certificate = await authority.certificateOf(entry);
  if (certificate.serial !== entry.serial) {
    throw new VpnError("the index is inconsistent", "restore it from a backup");
  }
  return { certificate, more: { for: purpose, state: word, revokedAt, reason, holdsKey } };
}
