/** OCSP with openssl at the other end: its responder's answers, and what is refused of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { createStateAuthority } from "../../../lib/pki/authority_maker.ts";
import { type Certificate, certificatePem } from "../../../lib/pki/certificate.ts";
import { CertificateError } from "../../../lib/pki/errors.ts";
import { parseOcspRequest } from "../../../lib/pki/ocsp.ts";
import { OcspResponder } from "../../../lib/pki/ocsp_responder.ts";
import { checkOcspResponse } from "../../../lib/pki/ocsp_response.ts";
import { writeOcspRequest } from "../../../lib/pki/ocsp_writer.ts";
import { Authority } from "../../../lib/pki/authority.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const nonce = new Uint8Array(32).fill(7);

interface Setting {
  readonly authority: Authority;
  readonly alice: Certificate;
  /** What openssl's responder answers, signed by the certificate and key of that name. */
  respond(signer: string, request: Uint8Array, ...more: string[]): Promise<Uint8Array>;
  /** Writes a certificate of the authority with its key. */
  write(name: string, purpose: "server" | "ocsp"): Promise<void>;
}

async function inSetting(test: (setting: Setting) => Promise<void>): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    const path = (name: string) => join(directory, name);
    using authority = await createStateAuthority(path("state"), { keyType: "ec:p256" });
    const entry = await authority.issue({ name: "alice", keyType: "ec:p256" });
    const alice = await authority.certificateOf(entry);
    await Deno.copyFile(authority.files.caCertificate, path("ca.crt"));
    await Deno.copyFile(authority.files.caKey, path("ca.key"));
    // openssl's index: alice is good, 77 is revoked.
    await Deno.writeTextFile(
      path("index.txt"),
      `V\t491231235959Z\t\t${alice.serial}\tunknown\t/CN=alice\n` +
        `R\t491231235959Z\t261130060000Z,keyCompromise\t77\tunknown\t/CN=bob\n`,
    );
    await test({
      authority,
      alice,
      respond: async (signer, request, ...more) => {
        await Deno.writeFile(path("request"), request);
        // deno-fmt-ignore -- one option per word
        await openssl("ocsp", "-index", path("index.txt"), "-CA", path("ca.crt"), "-rsigner",
          path(`${signer}.crt`), "-rkey", path(`${signer}.key`), "-reqin", path("request"),
          "-respout", path("response"), ...(more.length > 0 ? more : ["-ndays", "1"]));
        return await Deno.readFile(path("response"));
      },
      write: async (name, purpose) => {
        let found;
        if (purpose === "ocsp") {
          await new OcspResponder(authority).maintain();
          found = (await authority.list()).find((other) => other.purpose === "ocsp");
        } else found = await authority.issue({ name, purpose, keyType: "ec:p256" });
        const certificate = await authority.certificateOf(found!);
        await Deno.writeTextFile(path(`${name}.crt`), certificatePem(certificate));
        await Deno.writeTextFile(path(`${name}.key`), await authority.privateKeyOf(found!) ?? "");
      },
    });
  });
}

Deno.test("openssl's responder: answers by the authority itself and by its delegate", async () => {
  await inSetting(async ({ authority, alice, respond, write }) => {
    await write("delegate", "ocsp");
    const issuer = authority.certificate;
    const now = Date.now();
    for (const signer of ["ca", "delegate"]) {
      const request = writeOcspRequest(alice, issuer, nonce);
      const parsed = parseOcspRequest(request);
      assert.equal(parsed.certificates[0].serial, alice.serial);
      const good = await respond(signer, request);
      const verdict = await checkOcspResponse(good, { certificate: alice, issuer, nonce, now });
      assert.equal(verdict.status, "good");
      assert.ok(verdict.nextUpdate > now);

      const bob = { ...alice, serial: "77" };
      const revoked = await respond(signer, writeOcspRequest(bob, issuer, undefined));
      const second = await checkOcspResponse(revoked, {
        certificate: bob,
        issuer,
        nonce: undefined,
        now,
      });
      assert.equal(second.status, "revoked");
      assert.deepEqual(second.revocation, { date: Date.UTC(2026, 10, 30, 6), reason: 1 });
      const nobody = { ...alice, serial: "99" };
      const unknown = await respond(signer, writeOcspRequest(nobody, issuer, undefined));
      const third = { certificate: nobody, issuer, nonce, now };
      assert.equal((await checkOcspResponse(unknown, third)).status, "unknown");
    }
  });
});

/** Where a response says "good": 80 00, before the GeneralizedTime of thisUpdate. */
function statusIndex(response: Uint8Array): number {
  const at = response.toHex().indexOf("8000180f");
  assert.ok(at > 0 && at % 2 === 0);
  return at / 2;
}

Deno.test("answers that cannot be relied on", async () => {
  await inSetting(async ({ authority, alice, respond, write }) => {
    await write("other", "server");
    const issuer = authority.certificate;
    const request = writeOcspRequest(alice, issuer, nonce);
    const now = Date.now();
    const policy = { certificate: alice, issuer, nonce, now };
    const refused = async (
      response: Uint8Array,
      message: RegExp,
      changes: Partial<typeof policy> = {},
      reason = "ocsp",
    ) => {
      await assert.rejects(checkOcspResponse(response, { ...policy, ...changes }), (error) => {
        assert.ok(error instanceof CertificateError, String(error));
        assert.match(error.message, message);
        assert.equal(error.reason, reason);
        return true;
      });
    };
    // A certificate of the authority, but not for this.
    await refused(await respond("other", request), /not for signing OCSP responses/);
    const good = await respond("ca", request);
    await refused(good, /another request \(nonce\)/, { nonce: new Uint8Array(32) });
    await refused(good, /says nothing about/, { certificate: { ...alice, serial: "01" } });
    await refused(good, /too old/, { now: now + 2 * 86_400_000 });
    await refused(good, /from the future/, { now: now - 86_400_000 });
    // Another authority's answer.
    await inTemporaryDirectory(async (directory) => {
      using foreign = await createStateAuthority(join(directory, "s"), { keyType: "ec:p256" });
      await refused(good, /without its responder's certificate|another authority/, {
        issuer: foreign.certificate,
      });
    });
    // The status changed under the signature: 80 00 is good, 82 00 unknown.
    const at = statusIndex(good);
    const changed = good.slice();
    changed[at] = 0x82;
    await refused(changed, /was not made by/, {}, "bad-signature");
    await write("delegate", "ocsp");
    const delegated = await respond("delegate", request, "-ndays", "90");
    const altered = delegated.slice();
    altered[statusIndex(delegated)] = 0x82;
    await refused(altered, /was not made by/, {}, "bad-signature");
    await refused(delegated, /outside its validity/, { now: now + 31 * 86_400_000 });
    // A delegate of an authority that only has the same name.
    await inTemporaryDirectory(async (directory) => {
      const commonName = authority.certificate.commonName;
      const path = join(directory, "s");
      using double = await createStateAuthority(path, { keyType: "ec:p256", commonName });
      await new OcspResponder(double).maintain();
      const [entry] = await double.list();
      const der = await double.certificateOf(entry);
      await Deno.writeTextFile(join(path, "ocsp.crt"), certificatePem(der));
      await Deno.writeTextFile(join(path, "ocsp.key"), await double.privateKeyOf(entry) ?? "");
      const by = ["-rsigner", join(path, "ocsp.crt"), "-rkey", join(path, "ocsp.key")];
      const response = await respond("ca", request, ...by, "-ndays", "1");
      await refused(response, /was not made by/, {}, "bad-signature");
      // Our authority's word on the double's certificate of the same number.
      const theirs = writeOcspRequest(alice, double.certificate, nonce);
      const other = ["-CA", double.files.caCertificate, "-ndays", "1"];
      await refused(await respond("ca", theirs, ...other), /says nothing about/);
    });
    const stale = await respond("ca", request, "-nmin", "1");
    await refused(stale, /too old/, { now: now + 7 * 60_000 });
    await refused(Uint8Array.fromHex("30030a0103"), /does not answer: try later/);
    await refused(good.subarray(0, 50), /malformed/, {}, "malformed");
  });
});

Deno.test("no bytes end in another error than the one for certificates", async () => {
  await inSetting(async ({ authority, alice, respond }) => {
    const issuer = authority.certificate;
    const request = writeOcspRequest(alice, issuer, nonce);
    const response = await respond("ca", request);
    const changes = (length: number) =>
      fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const change = (bytes: Uint8Array, list: [number, number][]) => {
      const changed = bytes.slice();
      for (const [at, value] of list) changed[at] = value;
      return changed;
    };
    fc.assert(fc.property(changes(request.length), (list) => {
      try {
        parseOcspRequest(change(request, list));
      } catch (error) {
        assert.ok(error instanceof CertificateError, String(error));
      }
    }));
    const policy = { certificate: alice, issuer, nonce, now: Date.now() };
    await fc.assert(fc.asyncProperty(changes(response.length), async (list) => {
      try {
        const { status } = await checkOcspResponse(change(response, list), policy);
        assert.equal(status, "good"); // A change where nothing is signed, or none.
      } catch (error) {
        assert.ok(error instanceof CertificateError, String(error));
      }
    }));
  });
});

Deno.test("requests that are refused", () => {
  const bad = (hex: string) =>
    assert.throws(() => parseOcspRequest(Uint8Array.fromHex(hex)), { reason: "malformed" });
  bad("");
  bad("3000");
  bad("30043002 3000".replaceAll(" ", "")); // No certificate at all.
});
