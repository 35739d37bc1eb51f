/** The authority's HTTP(S) service: openssl asks, and others misbehave. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { AuthorityService } from "../../../../lib/app/authority/authority_service.ts";
import { HttpListener } from "../../../../lib/app/authority/http_listener.ts";
import { makeLink } from "../../../../lib/app/authority/links.ts";
import { askResponder } from "../../../../lib/app/online_revocation/ocsp_check.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { Authority } from "../../../../lib/pki/authority.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { certificatePem } from "../../../../lib/pki/certificate.ts";
import { DAY } from "../../../../lib/pki/issue.ts";
import { OcspResponder } from "../../../../lib/pki/ocsp_responder.ts";
import { run, tryRun } from "../../../harness/command.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { testWith } from "../../../harness/requirements.ts";

const host = "127.0.0.1";

interface Setting extends AsyncDisposable {
  readonly authority: Authority;
  readonly directory: string;
  readonly lines: string[];
  readonly http: string;
  readonly https: string;
}

async function start(): Promise<Setting> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await TemporaryDirectory.create()).path;
  const state = join(directory, "state");
  const authority = stack.use(await createStateAuthority(state, { keyType: "ec:p256" }));
  const entry = await authority.issue({
    name: "web",
    purpose: "server",
    keyType: "ec:p256",
    alternativeNames: [host],
  });
  const certificate = {
    certificate: certificatePem(await authority.certificateOf(entry)),
    key: await authority.privateKeyOf(entry) ?? "",
    serial: entry.serial,
    renewAt: Infinity,
  };
  const lines: string[] = [];
  const service = stack.use(
    await AuthorityService.start({
      directory: state,
      http: { host, port: 0 },
      https: {
        address: { host, port: 0 },
        certificates: {
          current: certificate,
          newest: () => Promise.resolve(certificate),
          interval: 3_600_000,
        },
      },
      log: openLog(4, ({ text }) => void lines.push(text)),
    }),
  );
  const moved = stack.move();
  return {
    authority,
    directory,
    lines,
    http: `http://${host}:${service.ports.http}`,
    https: `https://${host}:${service.ports.https}`,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

await testWith("openssl ocsp: good, revoked, unknown, with nonce and without", async () => {
  await using setting = await start();
  const { authority, directory, http } = setting;
  const { caCertificate } = authority.files;
  const alice = await authority.issue({ name: "alice", keyType: "ec:p256" });
  const bob = await authority.issue({ name: "bob", keyType: "ec:p256" });
  await authority.revoke("bob", "keyCompromise");
  const ask = (...more: string[]) =>
    // deno-fmt-ignore -- one option per word
    run(["openssl", "ocsp", "-issuer", caCertificate, "-CAfile", caCertificate,
      "-url", `${http}/ocsp`, "-resp_text", ...more]).then((text) => text);
  for (const nonce of [["-nonce"], ["-no_nonce"]]) {
    const texts = [];
    for (const serial of [alice.serial, bob.serial, "1234"]) {
      texts.push(await ask("-serial", `0x${serial}`, ...nonce));
    }
    assert.match(texts[0], /: good\n/);
    assert.match(texts[1], /: revoked\n[^]*Reason: keyCompromise/);
    assert.match(texts[2], /: unknown\n/);
    for (const text of texts) {
      assert.equal(/OCSP Nonce/.test(text), nonce[0] === "-nonce");
      assert.match(text, /OCSP Signing/);
      assert.match(text, /OCSP No Check/i);
    }
  }
  // Another digest names the issuer, and several are asked for at once.
  // deno-fmt-ignore -- one option per word
  const several = await run(["openssl", "ocsp", "-CAfile", caCertificate, "-issuer", caCertificate,
    "-sha256", "-serial", `0x${alice.serial}`, "-serial", `0x${bob.serial}`, "-url", `${http}/ocsp`]);
  assert.match(several, /: good\n[^]*: revoked\n/);
  // A revocation is told at once, also without a nonce.
  assert.match(await ask("-serial", `0x${alice.serial}`, "-no_nonce"), /: good\n/);
  await authority.revoke("alice");
  assert.match(await ask("-serial", `0x${alice.serial}`, "-no_nonce"), /: revoked\n/);
  const other = await createStateAuthority(join(directory, "other"), { keyType: "ec:p256" });
  // deno-fmt-ignore -- one option per word
  const foreign = await tryRun(["openssl", "ocsp", "-issuer", other.files.caCertificate, "-serial",
    "1", "-url", `${http}/ocsp`]);
  assert.match(foreign.stdout + foreign.stderr, /unauthorized/);
  other[Symbol.dispose]();
}, ["openssl"]);

await testWith("OCSP by GET may be cached, by POST or with a nonce it may not", async () => {
  await using setting = await start();
  const { authority, directory, http } = setting;
  const file = join(directory, "request");
  const request = async (...more: string[]) => {
    // deno-fmt-ignore -- one option per word
    await run(["openssl", "ocsp", "-issuer", authority.files.caCertificate, "-serial", "1",
      "-reqout", file, ...more]);
    return await Deno.readFile(file);
  };
  const get = (bytes: Uint8Array) => fetch(`${http}/ocsp/${encodeURIComponent(bytes.toBase64())}`);
  const plain = await request("-no_nonce");
  const cached = await get(plain);
  assert.equal(cached.status, 200);
  assert.equal(cached.headers.get("Content-Type"), "application/ocsp-response");
  const control = cached.headers.get("Cache-Control") ?? "";
  assert.match(control, /^max-age=\d+, public, no-transform, must-revalidate$/);
  const expires = Date.parse(cached.headers.get("Expires") ?? "");
  assert.ok(
    expires > Date.now() &&
      expires - Date.parse(cached.headers.get("Last-Modified") ?? "") <= 3_600_000,
  );
  const body = new Uint8Array(await cached.arrayBuffer());
  const posted = await fetch(`${http}/ocsp`, {
    method: "POST",
    headers: { "Content-Type": "application/ocsp-request" },
    body: plain,
  });
  assert.equal(posted.headers.get("Cache-Control"), "no-store");
  // The same answer: without a nonce only one signature is made.
  assert.deepEqual(new Uint8Array(await posted.arrayBuffer()), body);
  const once = await get(await request("-nonce"));
  assert.equal(once.headers.get("Cache-Control"), "no-store");
  await once.body?.cancel();
}, ["openssl"]);

await testWith("certificate and list, DER and PEM; what else is asked for is refused", async () => {
  await using setting = await start();
  const { authority, http } = setting;
  const bytes = async (path: string, type: string) => {
    const response = await fetch(http + path);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("Content-Type"), type);
    assert.equal(response.headers.get("Strict-Transport-Security"), null);
    return new Uint8Array(await response.arrayBuffer());
  };
  const text = async (path: string) =>
    new TextDecoder().decode(await bytes(path, "application/x-pem-file"));
  assert.deepEqual(await bytes("/ca.der", "application/pkix-cert"), authority.certificate.raw);
  assert.equal(await text("/ca.pem"), await Deno.readTextFile(authority.files.caCertificate));
  assert.equal(await text("/crl.pem"), await Deno.readTextFile(authority.files.revocationList));
  await authority.issue({ name: "alice", keyType: "ec:p256" });
  await authority.revoke("alice");
  assert.deepEqual(
    await bytes("/crl.der", "application/pkix-crl"),
    (await authority.revocations.current())?.raw,
  );
  const status = async (path: string, init?: RequestInit) => {
    const response = await fetch(http + path, init);
    await response.body?.cancel();
    return response.status;
  };
  const post = (body: BodyInit, type = "application/ocsp-request") => ({
    method: "POST",
    headers: { "Content-Type": type },
    body,
  });
  assert.equal(await status("/"), 404);
  assert.equal(await status("/../state/ca.key"), 404);
  assert.equal(await status("/pki.db"), 404);
  assert.equal(await status("/crl.der", { method: "DELETE" }), 405);
  assert.equal(await status("/ocsp"), 405);
  assert.equal(await status("/ocsp", post("x", "text/plain")), 415);
  assert.equal(await status("/ocsp", post(new Uint8Array(5000))), 413);
  assert.equal(await status("/ocsp/!"), 400);
  // What is no request is answered as RFC 6960 says.
  const malformed = await fetch(`${http}/ocsp`, post(new Uint8Array(100)));
  assert.equal(new Uint8Array(await malformed.arrayBuffer()).toHex(), "30030a0101");
});

await testWith("a download link: once, by a button, by HTTPS only", async () => {
  await using setting = await start();
  const { authority, http, https, lines } = setting;
  await authority.index.setSetting("remote", "vpn.example");
  await authority.issue({ name: "alice", keyType: "ec:p256" });
  const make = () => makeLink(authority, { nameOrSerial: "alice" }, https);
  const { url } = await make();
  const path = url.slice(https.length);
  using client = Deno.createHttpClient({ caCerts: [certificatePem(authority.certificate)] });
  const get = async (address: string, method = "GET") => {
    const response = await fetch(address, { method, client, redirect: "manual" });
    return { response, body: await response.text() };
  };
  const plain = await get(http + path);
  assert.equal(plain.response.status, 403);
  await authority.index.setSetting("link-url", https);
  for (const method of ["GET", "POST"]) {
    const { response, body } = await get(http + path, method);
    assert.equal(response.status, 308);
    assert.equal(response.headers.get("Location"), url);
    assert.equal(body, "");
  }
  // Looked at, as programs do for a preview.
  for (const method of ["GET", "HEAD", "GET"]) {
    const { response, body } = await get(url, method);
    assert.equal(response.status, 200);
    assert.doesNotMatch(body, /PRIVATE KEY/);
    assert.match(response.headers.get("Content-Security-Policy") ?? "", /default-src 'none'/);
    assert.equal(response.headers.get("Cache-Control"), "no-store");
    assert.match(response.headers.get("Strict-Transport-Security") ?? "", /max-age=\d{8}/);
  }
  // Two at once: one gets it.
  const both = await Promise.all([get(url, "POST"), get(url, "POST")]);
  assert.deepEqual(both.map(({ response }) => response.status).sort(), [200, 404]);
  const { response, body } = both.find(({ response }) => response.ok)!;
  assert.match(body, /^remote vpn\.example 1194$/m);
  assert.match(body, /PRIVATE KEY/);
  assert.equal(response.headers.get("Content-Disposition"), 'attachment; filename="alice.ovpn"');
  assert.equal((await get(url)).response.status, 404);
  assert.ok(lines.some((line) => /alice\.ovpn .*was downloaded/.test(line)));
  const token = path.slice("/get/".length);
  assert.ok(!lines.some((line) => line.includes(token)));

  const changed = url.slice(0, -1) + (url.endsWith("A") ? "B" : "A");
  assert.equal((await get(changed)).response.status, 404);
  assert.equal((await get(`${https}/get/x`, "POST")).response.status, 404);
  // Nothing is given for a certificate that is revoked meanwhile.
  const late = await make();
  await authority.revoke("alice");
  assert.equal((await get(late.url, "POST")).response.status, 404);
  // Nor when the time is over.
  const digest = "00".repeat(32);
  const link = {
    tokenDigest: digest,
    serial: "01",
    fileName: "x",
    content: new Uint8Array(1),
    expiresAt: 1000,
  };
  await authority.index.addLink(link, 500);
  assert.ok(await authority.index.hasLink(digest, 1000));
  assert.ok(!await authority.index.hasLink(digest, 1001));
  assert.equal(await authority.index.takeLink(digest, 1001), undefined);
});

Deno.test("who says nothing, or not all, is cut off", async () => {
  await using listener = await HttpListener.open(
    { host, port: 0 },
    undefined,
    (_, response) => void response.end("answered"),
    { headersTimeout: 300, requestTimeout: 600, keepAliveTimeout: 300 },
  );
  const said = ["", "GET / HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.1\r\n"];
  const ends = await Promise.all(said.map(async (text) => {
    using connection = await Deno.connect({ hostname: host, port: listener.port });
    await connection.write(new TextEncoder().encode(text));
    return await connection.read(new Uint8Array(100)).catch(() => null);
  }));
  assert.deepEqual(ends, [null, null, null]);
  // Others are served.
  assert.equal(await (await fetch(`http://${host}:${listener.port}/`)).text(), "answered");
  await assert.rejects(
    HttpListener.open({ host, port: listener.port }, undefined, () => {}),
    /cannot listen at 127\.0\.0\.1:\d+: /,
  );
});

Deno.test("one address has 64 connections at most, by HTTP and by HTTPS", async () => {
  await using directory = await TemporaryDirectory.create();
  using authority = await createStateAuthority(join(directory.path, "s"), { keyType: "ec:p256" });
  const entry = await authority.issue({ name: "web", purpose: "server", keyType: "ec:p256" });
  const certificate = {
    certificate: certificatePem(await authority.certificateOf(entry)),
    key: await authority.privateKeyOf(entry) ?? "",
  };
  for (const kind of [undefined, certificate]) {
    await using listener = await HttpListener.open(
      { host, port: 0 },
      kind,
      (_, response) => void response.end(),
    );
    const connections = await Promise.all(
      Array.from({ length: 80 }, () => Deno.connect({ hostname: host, port: listener.port })),
    );
    // Those beyond are closed at once; the others wait for what is said.
    let closed = 0;
    const enough = Promise.withResolvers<void>();
    const reads = connections.map(async (connection) => {
      const count = await connection.read(new Uint8Array(1)).catch(() => null);
      if (count === null && ++closed === 16) enough.resolve();
    });
    await enough.promise;
    assert.equal(closed, 16);
    for (const connection of connections) connection.close();
    await Promise.all(reads);
  }
});

Deno.test("the responder's certificate: renewed by itself, or said to end", async () => {
  await using directory = await TemporaryDirectory.create();
  const state = join(directory.path, "state");
  let now = Date.now();
  const options = { now: () => now, passphrase: () => "correct horse" };
  {
    using authority = await createStateAuthority(
      state,
      { keyType: "ec:p256", passphrase: "correct horse" },
      options,
    );
    const responder = new OcspResponder(authority);
    assert.deepEqual(await responder.maintain(), []);
    now += 19 * DAY;
    assert.deepEqual(await responder.maintain(), []);
    assert.equal((await authority.list()).length, 1);
    now += 2 * DAY;
    assert.deepEqual(await responder.maintain(), []);
    assert.equal((await authority.list()).length, 2);
  }
  using closed = await Authority.open(state, { now: () => now });
  const responder = new OcspResponder(closed);
  assert.deepEqual(await responder.maintain(), []);
  now += 25 * DAY;
  assert.match(
    (await responder.maintain())[0],
    /WARNING: the OCSP responder's certificate ends on/,
  );
  now += 6 * DAY;
  assert.match((await responder.maintain())[0], /WARNING: OCSP requests are not answered/);
});

await testWith("our own client asks", async () => {
  await using setting = await start();
  const { authority, http } = setting;
  await authority.issue({ name: "alice", keyType: "ec:p256" });
  const certificate = await authority.certificateOf(await authority.find("alice"));
  const ask = (url: string | undefined) => askResponder(certificate, authority.certificate, url);
  assert.equal((await ask(`${http}/ocsp`)).status, "good");
  await authority.revoke("alice", "superseded");
  const verdict = await ask(`${http}/ocsp`);
  assert.equal(verdict.status, "revoked");
  assert.equal(verdict.revocation?.reason, 4);
  await assert.rejects(ask(undefined), /does not name an OCSP responder/);
  await assert.rejects(ask(`${http}/crl.der`), /HTTP status 405/);
  await assert.rejects(ask("http://127.0.0.1:1/"), /cannot be had/);
});
