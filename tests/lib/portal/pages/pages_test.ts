import assert from "node:assert/strict";
import { errorPage, registerPages } from "../../../../lib/portal/pages/mod.ts";
import { revisionOf } from "../../../../lib/portal/revision.ts";
import { SetupToken } from "../../../../lib/portal/setup.ts";
import { decodeBase32 } from "../../../../lib/users/base32.ts";
import { totpCode, totpStep } from "../../../../lib/users/totp.ts";
import {
  portalOrigin,
  portalPassword,
  portalSecret,
  TestPortal,
  type TestPortalOptions,
} from "../portal_fixture.ts";

function withPages(options: TestPortalOptions = {}): Promise<TestPortal> {
  return TestPortal.open({ routes: [registerPages], errorPage, ...options });
}

type Headers = Record<string, string>;

/** Sends a form as one of our pages would. */
function post(
  portal: TestPortal,
  headers: Headers,
  path: string,
  fields: Headers = {},
): Promise<Response> {
  const { "x-csrf-token": csrf, ...rest } = headers;
  return portal.fetch(path, {
    method: "POST",
    headers: { origin: portalOrigin, ...rest },
    body: new URLSearchParams({ ...fields, ...csrf !== undefined && { csrf } }),
    redirect: "manual",
  });
}

const administratorPaths = [
  "/sessions",
  "/subscribers",
  "/subscribers/alice",
  "/subscribers/alice/revoke",
  "/subscribers/alice/profile/linux",
  "/users",
  "/users/root",
  "/users/root/remove",
  "/network",
  "/log",
  "/access",
  "/settings",
  "/overview/throughput",
];

const administratorForms = [
  "/sessions/1/disconnect",
  "/subscribers",
  "/subscribers/alice/renew",
  "/subscribers/alice/revoke",
  "/subscribers/alice/link",
  "/subscribers/bob/link",
  "/users",
  "/users/root",
  "/users/root/reset",
  "/users/root/remove",
  "/network/exit",
  "/network/access",
  "/access/tokens",
  "/access/tokens/x/revoke",
  "/settings",
];

const ownForms = ["/own/link", "/account/password", "/account/codes", "/account/codes/confirm"];

Deno.test("an administrator sees every page", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  for (const path of ["/", "/protection", "/account", ...administratorPaths]) {
    const response = await portal.fetch(path, { headers });
    assert.equal(response.status, 200, path);
    await response.body?.cancel();
  }
});

Deno.test("a subscriber sees nothing of others and changes nothing", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("alice");
  for (const path of administratorPaths) {
    const response = await portal.fetch(path, { headers });
    assert.equal(response.status, 403, path);
    assert.doesNotMatch(await response.text(), /bob/);
  }
  for (const path of administratorForms) {
    assert.equal((await post(portal, headers, path, { name: "x" })).status, 403, path);
  }
  assert.deepEqual(portal.service.done, []);
  const own = await (await portal.fetch("/", { headers })).text();
  assert.match(own, /192\.0\.2\.1:5000/);
  assert.doesNotMatch(own, /bob|192\.0\.2\.2:5000/);
});

Deno.test("a subscriber gets the own profile only, by name of the session", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("alice");
  const response = await portal.fetch("/own/profile/ios?name=bob", { headers });
  assert.equal(await response.text(), "# alice ios\n");
  assert.match(response.headers.get("content-disposition")!, /^attachment; filename="alice\.ovpn"/);
  assert.equal(response.headers.get("cache-control"), "no-store");
  const fields = { system: "ios", lifetime: "3600", name: "bob" };
  assert.equal((await post(portal, headers, "/own/link", fields)).status, 200);
  assert.deepEqual(portal.service.done, ["link alice"]);
});

Deno.test("whoever has not logged in sees the log-in alone", async () => {
  await using portal = await withPages();
  for (const path of ["/", "/protection", "/own", "/account", ...administratorPaths]) {
    const response = await portal.fetch(path, { redirect: "manual" });
    assert.equal(response.status, 302, path);
    assert.match(response.headers.get("location")!, /^\/login/);
  }
  for (const path of [...administratorForms, ...ownForms]) {
    assert.equal((await post(portal, {}, path)).status, 401, path);
  }
  assert.deepEqual(portal.service.done, []);
});

Deno.test("a form without the session's token changes nothing", async () => {
  await using portal = await withPages();
  const { cookie } = await portal.loggedIn("root");
  const users = await portal.file.read();
  for (const path of [...administratorForms, ...ownForms]) {
    assert.equal((await post(portal, { cookie }, path)).status, 403, path);
  }
  assert.deepEqual(await portal.file.read(), users);
  assert.deepEqual(portal.service.done, []);
});

Deno.test("forms do what they say, answer with a redirect, and the log says who did it", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  const revision = /name="revision" value="([^"]+)"/;
  const network = await (await portal.fetch("/network", { headers })).text();
  for (
    const [path, fields, done] of [
      ["/sessions/2/disconnect", {}, "disconnect 2"],
      ["/subscribers", { name: "carol", days: "30" }, "issue carol"],
      ["/subscribers/carol/renew", {}, "renew carol"],
      ["/subscribers/carol/revoke", { reason: "superseded" }, "revoke carol superseded"],
      ["/network/exit", { client: "bob", exit: "server" }, "exit bob server"],
      [
        "/network/access",
        { name: "default", rules: "allow any\r\n\r\n", revision: revision.exec(network)![1] },
        "access default",
      ],
      ["/settings", { name: "verb", value: "4", former: "3" }, "set verb 4"],
    ] as const
  ) {
    portal.service.done.length = 0;
    portal.lines.length = 0;
    const response = await post(portal, headers, path, { ...fields });
    assert.equal(response.status, 303, path);
    assert.deepEqual(portal.service.done, [done]);
    assert.equal(
      portal.lines.filter((line) => /^portal: root \(192\.0\.2\.9\) /.test(line)).length,
      1,
      path,
    );
  }
});

Deno.test("what is wrong in a form is said next to the field, and what was typed stays", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  const taken = await post(portal, headers, "/subscribers", { name: "alice" });
  assert.equal(taken.status, 409);
  const text = await taken.text();
  assert.match(text, /<p class="error" id="name-error">alice has a certificate/);
  assert.match(text, /value="alice"/);
  assert.match(text, /aria-describedby="name-error" aria-invalid="true"/);
  const rules = await post(portal, headers, "/network/access", {
    name: "carol",
    rules: "permit all",
    revision: revisionOf([]),
  });
  assert.equal(rules.status, 400);
  assert.match(await rules.text(), /permit all<\/textarea>/);
  const days = await post(portal, headers, "/subscribers", { name: "carol", days: "many" });
  assert.equal(days.status, 400);
});

Deno.test("who saves what somebody else has changed meanwhile is told, and nothing is lost", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  const page = await (await portal.fetch("/network", { headers })).text();
  const [, revision] = /name="revision" value="([^"]+)"/.exec(page)!;
  const save = (rules: string) =>
    post(portal, headers, "/network/access", { name: "default", rules, revision });
  assert.equal((await save("deny any")).status, 303);
  const second = await save("allow any");
  assert.equal(second.status, 409);
  assert.match(await second.text(), /In force now:[^]*deny any/);
  const setting = (value: string) =>
    post(portal, headers, "/settings", { name: "verb", value, former: "3" });
  assert.equal((await setting("5")).status, 303);
  assert.equal((await setting("6")).status, 409);
  assert.deepEqual(portal.service.done, ["access default", "set verb 5"]);
});

Deno.test("of two who save at the same time one is told", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  const page = await (await portal.fetch("/network", { headers })).text();
  const [, revision] = /name="revision" value="([^"]+)"/.exec(page)!;
  const answers = await Promise.all(
    ["allow any", "deny any"].map((rules) =>
      post(portal, headers, "/network/access", { name: "default", rules, revision })
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 409]);
  assert.deepEqual(portal.service.done, ["access default"]);
});

Deno.test("a token is shown once, and works until it is revoked", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  const fields = { name: "backup", "scope-read": "yes", days: "7" };
  const made = await (await post(portal, headers, "/access/tokens", fields)).text();
  const [text] = /vpnt_[A-Za-z0-9_-]+/.exec(made)!;
  assert.deepEqual((await portal.tokens.find(text))?.scopes, ["read"]);
  const list = await (await portal.fetch("/access", { headers })).text();
  assert.match(list, /backup/);
  assert.ok(!list.includes(text));
  assert.ok(portal.lines.every((line) => !line.includes(text)));
  assert.equal((await post(portal, headers, "/access/tokens", fields)).status, 409);
  assert.equal((await post(portal, headers, "/access/tokens/backup/revoke")).status, 303);
  assert.equal(await portal.tokens.find(text), undefined);
});

Deno.test("log-in by the form: password, code, a place of our own to go to", async () => {
  await using portal = await withPages();
  const code = totpCode(decodeBase32(portalSecret)!, totpStep(Date.now()));
  const login = (fields: Headers) => post(portal, {}, "/login", { username: "root", ...fields });
  const wrong = await login({ password: "wrong" });
  assert.equal(wrong.status, 403);
  assert.match(await wrong.text(), /role="alert"/);
  const half = await login({ password: portalPassword });
  assert.equal(half.status, 403);
  assert.equal(half.headers.getSetCookie().length, 0);
  assert.match(await half.text(), /id="code-error"/);
  const next = "//elsewhere.example/";
  const right = await login({ password: portalPassword, code, next });
  assert.equal(right.status, 303);
  assert.equal(right.headers.get("location"), "/");
  const [cookie] = right.headers.getSetCookie();
  assert.match(cookie, /HttpOnly; Secure; SameSite=Strict/);
  const page = await portal.fetch("/", { headers: { cookie: cookie.split(";")[0] } });
  assert.match(await page.text(), /<h1>Overview<\/h1>/);
  assert.ok(portal.lines.every((line) => !line.includes(portalPassword)));
});

Deno.test("the first administrator by the forms; then there is no set-up any more", async () => {
  const { token: setupToken, text: token } = SetupToken.make();
  await using portal = await withPages({ users: [], setupToken });
  const first = await portal.fetch("/login", { redirect: "manual" });
  assert.equal(first.headers.get("location"), "/setup");
  const fields = { token, name: "root", password: portalPassword, repeated: portalPassword };
  const differs = await post(portal, {}, "/setup", { ...fields, repeated: "another" });
  assert.match(await differs.text(), /id="repeated-error"/);
  const begun = await (await post(portal, {}, "/setup", fields)).text();
  const [, secret] = /id="secret">([A-Z2-7]+)</.exec(begun)!;
  const wrong = await post(portal, {}, "/setup/code", { token, code: "1" });
  assert.equal(wrong.status, 403);
  assert.match(await wrong.text(), /id="code-error"/);
  const code = totpCode(decodeBase32(secret)!, totpStep(Date.now()));
  const made = await post(portal, {}, "/setup/code", { token, code });
  assert.equal(made.status, 303);
  const [cookie] = made.headers.getSetCookie()[0].split(";");
  assert.equal((await portal.fetch("/sessions", { headers: { cookie } })).status, 200);
  const again = await portal.fetch("/setup", { redirect: "manual" });
  assert.equal(again.headers.get("location"), "/login");
  assert.equal((await post(portal, {}, "/setup", fields)).status, 403);
});

Deno.test("assets are there for anybody, kept for ever, and nothing else is", async () => {
  await using portal = await withPages();
  const login = await (await portal.fetch("/login")).text();
  const paths = [...login.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(paths.length >= 3);
  for (const path of paths) {
    const response = await portal.fetch(path);
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get("cache-control")!, /immutable/);
    assert.ok((await response.text()).length > 100);
  }
  assert.equal((await portal.fetch("/assets/0000000000000000/portal.css")).status, 404);
});

Deno.test("an error is a page where a browser asks", async () => {
  await using portal = await withPages();
  const headers = await portal.loggedIn("root");
  const response = await portal.fetch("/subscribers/nobody", { headers });
  assert.equal(response.status, 404);
  assert.match(await response.text(), /<h1>Not found<\/h1>[^]*there is no such subscriber/);
});
