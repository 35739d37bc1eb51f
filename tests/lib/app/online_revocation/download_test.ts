/** What is had from an authority is bounded, and a list that is in date outlasts its server. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { download } from "../../../../lib/app/online_revocation/download.ts";
import { ListDownload } from "../../../../lib/app/online_revocation/list_download.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { CertificateError } from "../../../../lib/pki/errors.ts";
import { DAY } from "../../../../lib/pki/issue.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";

function serve(answer: (request: Request) => Response | Promise<Response>): {
  url: string;
  server: Deno.HttpServer;
} {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return { url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/`, server };
}

Deno.test("too long, too late, refused, nobody there", async () => {
  const endless = () =>
    new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
  const never = Promise.withResolvers<Response>();
  const { url, server } = serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/endless") return new Response(endless());
    if (pathname === "/never") return never.promise;
    if (pathname === "/exact") return new Response(new Uint8Array(5000));
    return new Response("no", { status: 403 });
  });
  try {
    assert.equal((await download(`${url}exact`, 5000)).length, 5000);
    await assert.rejects(download(`${url}exact`, 4999), /longer than 4999 bytes/);
    await assert.rejects(download(`${url}endless`, 10_000), /longer than 10000 bytes/);
    await assert.rejects(download(`${url}never`, 10, undefined, 100), /no answer within 0\.1 s/);
    await assert.rejects(download(`${url}other`, 10), /cannot be had: HTTP status 403/);
    await assert.rejects(download("http://127.0.0.1:1/", 10), /cannot be had/);
  } finally {
    never.resolve(new Response());
    await server.shutdown();
  }
});

Deno.test("a list is had again after an hour, and kept while it is in date", async () => {
  await using directory = await TemporaryDirectory.create();
  using authority = await createStateAuthority(join(directory.path, "s"), { keyType: "ec:p256" });
  let now = Date.now();
  let works = true;
  let asked = 0;
  let list: string | undefined;
  const { url, server } = serve(async () => {
    asked++;
    if (!works) return new Response("no", { status: 500 });
    return new Response(list ?? await Deno.readTextFile(authority.files.revocationList));
  });
  const lines: string[] = [];
  const log = openLog(3, ({ text }) => void lines.push(text));
  const lists = new ListDownload(url, [authority.certificate], log, () => now);
  const revoked = async () => (await lists.current())[0].revoked.size;
  try {
    // Two sessions at once ask once.
    assert.deepEqual(await Promise.all([revoked(), revoked()]), [0, 0]);
    assert.equal(asked, 1);
    const first = await Deno.readTextFile(authority.files.revocationList);
    await authority.issue({ name: "alice", keyType: "ec:p256" });
    await authority.revoke("alice");
    now += 59 * 60_000;
    assert.equal(await revoked(), 0);
    assert.equal(asked, 1);
    now += 2 * 60_000;
    assert.equal(await revoked(), 1);
    // On the way it is replaced by an older one, or by one that somebody else has signed.
    const path = join(directory.path, "double");
    const { commonName } = authority.certificate;
    using double = await createStateAuthority(path, { keyType: "ec:p256", commonName });
    for (let i = 0; i < 5; i++) await double.issueRevocationList();
    const forged = await Deno.readTextFile(double.files.revocationList);
    for (
      const [other, why] of [[first, /has an older list/], [forged, /was not made by/]] as const
    ) {
      list = other;
      now += 2 * 3_600_000;
      assert.equal(await revoked(), 1);
      assert.match(lines.at(-1) ?? "", why);
    }
    list = undefined;
    works = false;
    now += 2 * 3_600_000;
    assert.equal(await revoked(), 1);
    assert.match(
      lines.at(-1) ?? "",
      /WARNING: the revocation list is not renewed, the former stays/,
    );
    now += 181 * DAY;
    await assert.rejects(
      revoked(),
      (error) => error instanceof CertificateError && error.reason === "crl-missing",
    );
  } finally {
    await server.shutdown();
  }
});
