/** Certificates that somebody else renews in their files. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../../../lib/app/authority/certificate_files.ts";
import type { ListenerCertificate } from "../../../../lib/app/authority/http_listener.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { certificatePem } from "../../../../lib/pki/certificate.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";

interface Setting extends AsyncDisposable {
  readonly chain: string;
  readonly key: string;
  issue(name: string): Promise<ListenerCertificate & { readonly serial: string }>;
  write(certificate: Partial<ListenerCertificate>): Promise<void>;
}

async function start(): Promise<Setting> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await TemporaryDirectory.create()).path;
  const authority = stack.use(
    await createStateAuthority(`${directory}/state`, { keyType: "ec:p256" }),
  );
  const chain = `${directory}/web.crt`;
  const key = `${directory}/web.key`;
  const resources = stack.move();
  return {
    ...{ chain, key },
    issue: async (name) => {
      const entry = await authority.issue({ name, purpose: "server", keyType: "ec:p256" });
      return {
        certificate: certificatePem(await authority.certificateOf(entry)),
        key: (await authority.privateKeyOf(entry))!,
        serial: entry.serial,
      };
    },
    write: async (pair) => {
      // As those do who renew: another file under the same name.
      for (const [path, text] of [[chain, pair.certificate], [key, pair.key]] as const) {
        if (text === undefined) continue;
        await Deno.writeTextFile(`${path}.new`, text);
        await Deno.rename(`${path}.new`, path);
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

Deno.test("files that change give another certificate, and the same one otherwise", async () => {
  await using setting = await start();
  const first = await setting.issue("first");
  await setting.write(first);
  const files = new CertificateFiles([setting.chain], setting.key, first);
  assert.equal((await files.newest()).certificate, first.certificate);
  assert.equal(await files.newest(), files.current);
  const second = await setting.issue("second");
  await setting.write(second);
  const newest = await files.newest();
  assert.deepEqual(newest, { ...second, renewAt: Infinity });
  assert.equal(files.current, newest);
});

Deno.test("a pair that does not fit, or is gone, leaves the former", async () => {
  await using setting = await start();
  const first = await setting.issue("first");
  await setting.write(first);
  const files = new CertificateFiles([setting.chain], setting.key, first);
  const second = await setting.issue("second");
  await setting.write({ certificate: second.certificate });
  await assert.rejects(files.newest(), /web\.crt.*web\.key cannot be used:.*does not belong/);
  assert.equal(files.current.certificate, first.certificate);
  await Deno.remove(setting.key);
  await assert.rejects(files.newest(), /cannot be used/);
  await setting.write({ certificate: "no certificate" });
  await setting.write({ key: second.key });
  await assert.rejects(files.newest(), (error: Error) => {
    // What is in a key's file is nobody's business.
    assert.ok(!error.message.includes(second.key.split("\n")[1]));
    return true;
  });
  await setting.write(second);
  assert.equal((await files.newest()).serial, second.serial);
});
