import assert from "node:assert/strict";
import { operations } from "../../../../lib/portal/api/operations.ts";
import { type Scope, scopes } from "../../../../lib/portal/api_tokens.ts";
import { TestPortal } from "../portal_fixture.ts";

const api = "/api/v1";

async function bearer(portal: TestPortal, name: string, granted: readonly Scope[]) {
  const { text } = await portal.tokens.add({ name, scopes: granted });
  return { authorization: `Bearer ${text}` };
}

Deno.test("a token is good for its scopes, and for nothing without one", async () => {
  await using portal = await TestPortal.open();
  const headers = new Map<Scope, Record<string, string>>();
  for (const scope of scopes) headers.set(scope, await bearer(portal, scope, [scope]));
  for (const { method, at, scope, body } of operations) {
    const path = api + at.replace("{name}", "nobody").replace("{id}", "99");
    for (const [granted, own] of headers) {
      const response = await portal.fetch(path, {
        method: method.toUpperCase(),
        headers: { ...own, "content-type": "application/json" },
        ...body !== undefined && { body: "{}" },
      });
      await response.body?.cancel();
      const refused = response.status === 403;
      assert.equal(
        refused,
        granted !== scope,
        `${method} ${at} with ${granted}: ${response.status}`,
      );
    }
  }
});

Deno.test("without a token or session there is 401, with a forged or revoked one too", async () => {
  await using portal = await TestPortal.open();
  const own = await bearer(portal, "ci", ["read"]);
  const status = async (headers: Record<string, string>) => {
    const response = await portal.fetch(`${api}/overview`, { headers });
    assert.ok(response.status === 200 || response.headers.has("www-authenticate"));
    assert.equal(response.headers.get("content-type"), "application/json");
    return response.status;
  };
  assert.equal(await status(own), 200);
  assert.equal(await status({}), 401);
  assert.equal((await portal.fetch(`${api}/subscribers`, { method: "POST" })).status, 401);
  for (const forged of ["Bearer x", `Bearer vpnt_${"A".repeat(43)}`, "Basic cm9vdDp4", "Bearer "]) {
    assert.equal(await status({ authorization: forged }), 401, forged);
  }
  await portal.tokens.revoke("ci");
  assert.equal(await status(own), 401);
});

Deno.test("a user sees what is theirs, and changes nothing", async () => {
  await using portal = await TestPortal.open();
  const alice = await portal.loggedIn("alice");
  const get = async (path: string) => await portal.fetch(api + path, { headers: alice });
  for (const list of ["/sessions", "/subscribers"]) {
    const names = (await (await get(list)).json() as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, ["alice"], list);
  }
  assert.equal((await get("/subscribers/alice")).status, 200);
  assert.equal((await get("/subscribers/alice/profile?system=linux")).status, 200);
  for (const path of ["/subscribers/bob", "/subscribers/bob/profile?system=linux"]) {
    const refused = await get(path);
    const missing = await get(path.replace("bob", "nobody"));
    assert.equal(refused.status, 404);
    // Nothing says whether there is a bob.
    assert.equal((await refused.text()).replace("bob", "nobody"), await missing.text());
  }
  for (const path of ["/overview", "/log", "/tokens", "/settings", "/access-lists"]) {
    assert.equal((await get(path)).status, 403, path);
  }
  for (
    const [method, path, body] of [
      ["POST", "/subscribers", { name: "carol" }],
      ["POST", "/subscribers/alice/revoke", {}],
      ["POST", "/subscribers/alice/renew", {}],
      ["DELETE", "/sessions/1", undefined],
      ["PUT", "/settings/verb", { value: "9" }],
    ] as const
  ) {
    const response = await portal.fetch(api + path, {
      method,
      headers: { ...alice, "content-type": "application/json" },
      ...body !== undefined && { body: JSON.stringify(body) },
    });
    assert.equal(response.status, 403, path);
  }
  const link = await portal.fetch(`${api}/subscribers/bob/links`, {
    method: "POST",
    headers: { ...alice, "content-type": "application/json" },
    body: JSON.stringify({ system: "linux", lifetime: 60 }),
  });
  assert.equal(link.status, 404);
  assert.deepEqual(portal.service.done, []);
});

Deno.test("a change of what has changed meanwhile is refused, and says so", async () => {
  await using portal = await TestPortal.open();
  const headers = await bearer(portal, "ci", ["read", "network", "subscribers"]);
  const path = `${api}/access-lists/alice`;
  const etag = (await portal.fetch(path, { headers })).headers.get("etag")!;
  const put = async (rule: string, seen?: string) =>
    await portal.fetch(path, {
      method: "PUT",
      headers: {
        ...headers,
        "content-type": "application/json",
        ...seen !== undefined && { "if-match": seen },
      },
      body: JSON.stringify({ rules: [rule] }),
    });
  const [one, other] = await Promise.all([put("allow any", etag), put("deny any", etag)]);
  assert.deepEqual([one.status, other.status].sort(), [200, 412]);
  assert.equal(portal.service.done.length, 1);
  const next = (one.status === 200 ? one : other).headers.get("etag")!;
  assert.equal((await put("deny any", next)).status, 200);
  assert.equal((await put("allow any")).status, 200);
});

Deno.test("who did what is in the log, and no secret", async () => {
  await using portal = await TestPortal.open();
  const headers = await bearer(portal, "ci", ["subscribers"]);
  await portal.fetch(`${api}/subscribers`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ name: "carol" }),
  });
  const line = "portal: token ci (192.0.2.9) issued a certificate for carol";
  assert.deepEqual(portal.lines.filter((said) => said.includes("carol")), [line]);
  assert.ok(!portal.lines.join().includes(headers.authorization.slice(12)));
});

Deno.test("a method that is none is answered with those that are", async () => {
  await using portal = await TestPortal.open();
  const headers = await bearer(portal, "ci", ["read"]);
  const response = await portal.fetch(`${api}/subscribers`, { method: "PUT", headers });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "GET, POST");
});
