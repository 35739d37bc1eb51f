import assert from "node:assert/strict";
import { sessionCookie } from "../../../lib/portal/sessions.ts";
import { requireAdmin, requireLogin, safeNext } from "../../../lib/portal/guards.ts";
import { portalOrigin, TestPortal } from "./portal_fixture.ts";

async function withForms(): Promise<TestPortal> {
  return await TestPortal.open({
    routes: [(app) => {
      app.get("/own", requireLogin, (context) => context.text("own"));
      app.get("/admin", requireAdmin, (context) => context.text("admin"));
      app.post("/change", requireLogin, (context) => context.text("changed"));
      app.get("/broken", () => {
        throw new Error("a secret path");
      });
    }],
  });
}

Deno.test("every answer has the headers that browsers insist by", async () => {
  await using portal = await withForms();
  for (const path of ["/own", "/nothing", "/broken"]) {
    const { headers } = await portal.fetch(path);
    assert.equal(
      headers.get("strict-transport-security"),
      "max-age=31536000; includeSubDomains",
    );
    assert.match(headers.get("content-security-policy")!, /default-src 'none'/);
    assert.doesNotMatch(headers.get("content-security-policy")!, /unsafe/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("x-frame-options"), "DENY");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.equal(headers.get("cache-control"), "no-store");
  }
});

Deno.test("a wrong host, an unknown page and an error of ours have their status and one line", async () => {
  await using portal = await withForms();
  for (
    const [url, status] of [
      ["https://rebound.example/own", 421],
      ["https://192.0.2.1/own", 421],
      ["/nothing", 404],
      ["/broken", 500],
    ] as const
  ) {
    portal.lines.length = 0;
    const response = await portal.fetch(url);
    assert.equal(response.status, status);
    assert.doesNotMatch(await response.text(), /secret path/);
    const refused = portal.lines.filter((line) => line.endsWith(`: ${status}`));
    assert.equal(refused.length, 1, portal.lines.join("\n"));
  }
});

Deno.test("who is not logged in is sent to do so; a user is no administrator", async () => {
  await using portal = await withForms();
  const stranger = await portal.fetch("/own?x=1");
  assert.equal(stranger.status, 302);
  assert.equal(stranger.headers.get("location"), "/login?next=%2Fown%3Fx%3D1");
  const alice = await portal.loggedIn("alice");
  assert.equal((await portal.fetch("/own", { headers: alice })).status, 200);
  assert.equal((await portal.fetch("/admin", { headers: alice })).status, 403);
  const root = await portal.loggedIn("root");
  assert.equal((await portal.fetch("/admin", { headers: root })).status, 200);
});

Deno.test("the cookie is for this host alone, by HTTPS, and not for scripts", async () => {
  await using portal = await withForms();
  const response = await portal.fetch("/test-login/root");
  const [cookie] = response.headers.getSetCookie();
  assert.match(cookie, new RegExp(`^${sessionCookie}=[A-Za-z0-9_-]{43};`));
  for (const attribute of ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"]) {
    assert.ok(cookie.split("; ").includes(attribute), cookie);
  }
  assert.doesNotMatch(cookie, /Domain/i);
});

Deno.test("a change needs our own page: origin and the session's token", async () => {
  await using portal = await withForms();
  const own = await portal.loggedIn("root");
  const post = async (headers: Record<string, string>, body?: URLSearchParams) =>
    (await portal.fetch("/change", { method: "POST", headers, body })).status;
  assert.equal(await post(own), 200);
  const { "x-csrf-token": csrf, ...noToken } = own;
  assert.equal(await post(noToken, new URLSearchParams({ csrf })), 200);
  assert.equal(await post(noToken), 403);
  assert.equal(await post(noToken, new URLSearchParams({ csrf: "x".repeat(43) })), 403);
  assert.equal(await post({ ...own, origin: "https://evil.example" }), 403);
  assert.equal(await post({ ...own, origin: "null" }), 403);
  assert.equal(await post({ ...own, origin: portalOrigin.replace("https", "http") }), 403);
  assert.equal(await post({ ...own, "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await post({ ...own, "sec-fetch-site": "same-site" }), 403);
  const { origin: _, ...noOrigin } = own;
  assert.equal(await post(noOrigin), 403);
  assert.equal(await post({ ...noOrigin, "sec-fetch-site": "same-origin" }), 200);
  const other = await portal.loggedIn("root");
  assert.equal(await post({ ...own, "x-csrf-token": other["x-csrf-token"] }), 403);
});

Deno.test("a forged cookie is nobody's", async () => {
  await using portal = await withForms();
  const { cookie } = await portal.loggedIn("root");
  for (const forged of ["", "x", `${cookie.slice(0, -1)}${cookie.endsWith("A") ? "B" : "A"}`]) {
    const headers = { cookie: forged.includes("=") ? forged : `${sessionCookie}=${forged}` };
    assert.equal((await portal.fetch("/admin", { headers })).status, 302);
  }
});

Deno.test("a log-in leads to a path of ours only", () => {
  assert.equal(safeNext("/sessions?x=1"), "/sessions?x=1");
  for (
    const bad of [
      undefined,
      "",
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "/a\n",
    ]
  ) {
    assert.equal(safeNext(bad), "/");
  }
});
