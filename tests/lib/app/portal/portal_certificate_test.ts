/** The portal's own certificate over the years: a clock that moves, and an authority that ends. */
import assert from "node:assert/strict";
import { portalCertificate } from "../../../../lib/app/portal/portal_certificate.ts";
import { CertificateRenewal } from "../../../../lib/app/authority/certificate_renewal.ts";
import { LoadedFiles, type PortalOptions } from "../../../../lib/config/mod.ts";
import { Authority } from "../../../../lib/pki/authority.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { parseCertificates } from "../../../../lib/pki/certificate.ts";
import { ManualClock } from "../../../harness/manual_clock.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { RecordedLog } from "../../net/machine.ts";

const day = 86_400_000;
const hosts = ["vpn.example", "127.0.0.1"];

interface Setting extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly log: RecordedLog;
  readonly authority: Authority;
  /** What the listener has been given, the newest last. */
  readonly used: { readonly certificate: string; readonly at: number }[];
}

/**
 * @param days The authority's life.
 * @param interval Between two looks, ms: every hour of a year would take a while.
 */
async function start(days: number, interval?: number): Promise<Setting> {
  await using stack = new AsyncDisposableStack();
  const directory = `${stack.use(await TemporaryDirectory.create()).path}/state`;
  const clock = new ManualClock(Date.now());
  (await createStateAuthority(directory, { keyType: "ec:p256", days }))[Symbol.dispose]();
  const authority = stack.use(await Authority.open(directory, { now: () => clock.now() }));
  const portal: PortalOptions = { address: { host: "127.0.0.1", port: 8443 }, hosts: [] };
  const given = new LoadedFiles(new Map(), [], []);
  const own = await portalCertificate(portal, given, authority, hosts);
  const source = { ...own, interval: interval ?? own.interval };
  const used = [{ certificate: source.current.certificate, at: clock.now() }];
  const log = new RecordedLog();
  const use = ({ certificate }: { readonly certificate: string }) =>
    void used.push({ certificate, at: clock.now() });
  stack.use(new CertificateRenewal({ source, owner: "The portal", use, log, clock }));
  const resources = stack.move();
  return {
    ...{ clock, log, authority, used },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Moves the clock by so many days. */
async function pass(clock: ManualClock, days: number): Promise<void> {
  const end = clock.now() + days * day;
  while (clock.next! <= end) await clock.step();
  clock.time = end;
}

Deno.test("through a year the listener has a certificate with a month left, at any time", async () => {
  await using setting = await start(3650, 7 * day);
  const { clock, used } = setting;
  const begin = clock.now();
  await pass(clock, 365);
  // 90 days each, renewed when 30 are left.
  assert.deepEqual(used.map(({ at }) => Math.round((at - begin) / day)), [
    0,
    60,
    120,
    180,
    240,
    300,
    360,
  ]);
  const keys = new Set<string>();
  for (const [index, { certificate, at }] of used.entries()) {
    const [own] = parseCertificates(certificate);
    const until = used[index + 1]?.at ?? clock.now();
    assert.ok(own.notBefore <= at && own.notAfter - until >= 29.9 * day);
    assert.deepEqual(own.subjectAltNames?.map(({ value }) => value), hosts);
    keys.add(own.publicKey.spki.toHex());
  }
  assert.equal(keys.size, used.length, "each has a key of its own");
});

Deno.test("without the authority's key the old one stays until there is one", async () => {
  await using setting = await start(3650, day);
  const { clock, used, log, authority } = setting;
  const { caKey } = authority.files;
  // The key as it is kept away from the server.
  const away = `${caKey}.away`;
  await Deno.rename(caKey, away);
  await pass(clock, 61);
  assert.equal(used.length, 1);
  assert.match(
    log.warnings.join("\n"),
    /The portal's certificate stays as it is: a new one is due/,
  );
  await Deno.rename(away, caKey);
  await pass(clock, 1);
  assert.equal(used.length, 2);
});

Deno.test("a certificate that is revoked is replaced within the hour", async () => {
  await using setting = await start(3650);
  const { clock, used, authority } = setting;
  const [{ serial }] = parseCertificates(used[0].certificate);
  await authority.revoke("vpn portal", "superseded");
  await pass(clock, 1 / 24);
  assert.equal(used.length, 2);
  assert.notEqual(parseCertificates(used[1].certificate)[0].serial, serial);
});

Deno.test("the authority's own end makes no flood of certificates", async () => {
  await using setting = await start(100, day);
  const { clock, used, authority } = setting;
  await pass(clock, 99);
  assert.equal(used.length, 2);
  assert.equal(parseCertificates(used[1].certificate)[0].notAfter, authority.certificate.notAfter);
});
