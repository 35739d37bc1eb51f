/** Ten thousand certificates: what took long, or not at all, with a tree of objects per entry. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { newEntry } from "../../../lib/pki/authority_entries.ts";
import { createStateAuthority } from "../../../lib/pki/authority_maker.ts";
import { openssl, tryOpenssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const count = 10_000;

Deno.test("10,000 certificates, all revoked but one: listed, issued to, revoked, judged", async () => {
  await inTemporaryDirectory(async (directory) => {
    using authority = await createStateAuthority(join(directory, "state"), { keyType: "ec:p256" });
    const first = await authority.issue({ name: "first", keyType: "ec:p256" });
    const certificate = await authority.certificateOf(first);
    const entries = Array.from({ length: count - 1 }, (_, i) => ({
      ...newEntry(certificate, "client", authority.now, undefined),
      name: `client ${i}`,
      serial: `40${crypto.randomUUID().replaceAll("-", "").slice(2).toUpperCase()}`,
    }));
    await authority.index.add(entries);
    assert.equal((await authority.list()).length, count);
    const revocation = { date: authority.now, reason: 4 };
    const revoked = new Map(entries.map(({ serial }) => [serial, revocation]));
    await authority.revocations.issue(revoked, { now: authority.now });
    await authority.issue({ name: "last", keyType: "ec:p256" });
    await authority.revoke("last");
    const list = await authority.issueRevocationList();
    assert.equal(list.revoked.size, count);
    assert.ok(!list.revoked.has(first.serial));
    const { caCertificate, revocationList } = authority.files;
    // deno-fmt-ignore -- one option per word
    const verified = await tryOpenssl("crl", "-in", revocationList, "-CAfile", caCertificate,
      "-noout", "-verify");
    assert.match(verified.stderr, /verify OK/);
    const text = await openssl("crl", "-in", revocationList, "-noout", "-text");
    assert.equal(text.match(/Serial Number: /g)?.length, count);
  });
});
