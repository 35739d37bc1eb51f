import assert from "node:assert/strict";
import { CertificateError } from "../../../lib/pki/errors.ts";
import {
  checkKeyPair,
  parseCertificates,
  parseRevocationLists,
  type PeerPolicy,
  verifyPeerCertificate,
} from "../../../lib/pki/mod.ts";
import { type Identity, type ImpostorSet, makeImpostors, tryOpenssl } from "./impostors.ts";

const read = (path: string) => Deno.readTextFileSync(path);
const der = (path: string) => parseCertificates(read(path)).map(({ raw }) => raw);
const presented = ({ certificate, chain }: Identity) => [
  ...der(certificate),
  ...chain === undefined ? [] : der(chain),
];

function policyOf(set: ImpostorSet, purpose: "server" | "client"): PeerPolicy {
  return {
    authorities: parseCertificates(read(set.ca)),
    revocationLists: parseRevocationLists(read(set.crl)),
    purpose,
    now: Date.now(),
    remoteCertTls: purpose,
  };
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof CertificateError, String(error));
    return error.reason;
  }
}

/** What `openssl verify` says to the same question, at TLS's default security level. */
async function opensslAccepts(
  { certificate, chain }: Identity,
  set: ImpostorSet,
  role: string,
): Promise<boolean> {
  // deno-fmt-ignore -- one option per word
  const { success } = await tryOpenssl("verify", "-purpose", `ssl${role}`, "-CAfile", set.ca,
    "-crl_check_all", "-CRLfile", set.crl, "-auth_level", "2",
    ...chain === undefined ? [] : ["-untrusted", chain], certificate);
  return success;
}

async function withSet(
  role: "server" | "client",
  test: (set: ImpostorSet) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "pki-test-" });
  try {
    await test(await makeImpostors(directory, role));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

for (const role of ["server", "client"] as const) {
  Deno.test(`${role} certificates: the genuine get in, each impostor fails for its reason`, async (t) => {
    await withSet(role, async (set) => {
      const policy = policyOf(set, role);
      for (const identity of set.genuine) {
        await t.step(identity.name, async () => {
          const peer = await verifyPeerCertificate(presented(identity), policy);
          assert.equal(peer.commonName, identity.name);
          assert.equal(peer.subject, `O=Tests, CN=${identity.name}`);
          assert.deepEqual(peer.warnings, []);
          assert.ok(await opensslAccepts(identity, set, role));
          checkKeyPair(parseCertificates(read(identity.certificate))[0], read(identity.key));
        });
      }
      for (const impostor of set.impostors) {
        await t.step(`${impostor.name}: ${impostor.reason}`, async () => {
          const reason = impostor.reason === "key-mismatch"
            ? await reasonOf((async () => {
              const [certificate] = parseCertificates(read(impostor.certificate));
              await verifyPeerCertificate(presented(impostor), policy);
              checkKeyPair(certificate, read(impostor.key));
            })())
            : await reasonOf(verifyPeerCertificate(presented(impostor), policy));
          assert.equal(reason, impostor.reason);
          assert.equal(await opensslAccepts(impostor, set, role), !impostor.opensslRefuses);
        });
      }
      await t.step("revocation lists", async () => {
        const chain = presented(set.genuine[0]);
        const check = (file: string | undefined, now = policy.now) =>
          reasonOf(verifyPeerCertificate(chain, {
            ...policy,
            revocationLists: file === undefined ? [] : parseRevocationLists(read(file)),
            now,
          }));
        assert.equal(await check(set.crl), "accepted");
        assert.equal(await check(set.expiredCrl), "crl-expired");
        assert.equal(await check(undefined), "crl-missing");
      });
    });
  });
}
