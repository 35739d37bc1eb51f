import assert from "node:assert/strict";
import type { InvitedUser, PortalUser } from "../../../../lib/portal/portal_users.ts";
import { changeUsers, UserFile } from "../../../../lib/users/mod.ts";
import { portalPassword, TestPortal } from "../portal_fixture.ts";

const users = "/api/v1/users";

async function caller(portal: TestPortal) {
  const { text } = await portal.tokens.add({ name: "ci", scopes: ["read", "users"] });
  return async (method: string, path: string, body?: unknown, seen?: string) =>
    await portal.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${text}`,
        "content-type": "application/json",
        ...seen !== undefined && { "if-match": seen },
      },
      ...body !== undefined && { body: JSON.stringify(body) },
    });
}

Deno.test("users by the API: added, changed, reset, removed, and each in the log", async () => {
  await using portal = await TestPortal.open();
  const call = await caller(portal);
  const added = await call("POST", users, { name: "bob", role: "user", lifetime: 3600 });
  assert.equal(added.status, 201);
  const { user, link } = await added.json() as InvitedUser;
  assert.ok(user.oneTimeCodes && Math.abs(link.expires - Date.now() - 3_600_000) < 60_000);
  const bob = `${users}/bob`;
  assert.equal((await call("PUT", bob, { role: "admin", disabled: false })).status, 200);
  const reset = await call("POST", `${bob}/reset`, { password: true, oneTimeCodes: false });
  const other = (await reset.json() as InvitedUser).link;
  assert.notEqual(other.url, link.url);
  const list = await (await call("GET", users)).json() as PortalUser[];
  assert.deepEqual(list.map(({ name }) => name), ["alice", "bob", "root"]);
  assert.equal((await call("DELETE", bob)).status, 204);
  assert.equal((await call("GET", bob)).status, 404);
  const said = portal.lines.filter((line) => line.includes("user bob"));
  const by = "portal: token ci (192.0.2.9)";
  assert.deepEqual(said, [
    `${by} added the user bob (user)`,
    `${by} changed the user bob (admin, enabled)`,
    `${by} made a link for the user bob (password)`,
    `${by} removed the user bob`,
  ]);
  const all = portal.lines.join("\n") + JSON.stringify(list);
  for (const { url } of [link, other]) assert.ok(!all.includes(url.slice(-43)));
});

Deno.test("no answer has a password's hash or a secret of one-time codes", async () => {
  await using portal = await TestPortal.open();
  const call = await caller(portal);
  for (const path of [users, `${users}/root`]) {
    const text = await (await call("GET", path)).text();
    assert.doesNotMatch(text, /scrypt|digest|secret|GEZDG/);
  }
});

Deno.test("a change of what the command line has changed meanwhile is refused; a log-in is none", async () => {
  await using portal = await TestPortal.open();
  const call = await caller(portal);
  const alice = `${users}/alice`;
  const etag = (await call("GET", alice)).headers.get("etag")!;
  await portal.loggedIn("alice");
  assert.equal((await call("GET", alice)).headers.get("etag"), etag);
  await new UserFile(portal.file.path).update((all) =>
    changeUsers(all, new Set(["alice"]), (user) => ({ ...user, disabled: true }))
  );
  const state = { role: "user", disabled: false };
  const former = await portal.file.read();
  for (
    const [method, path, body] of [
      ["PUT", alice, state],
      ["POST", `${alice}/reset`, { password: true, oneTimeCodes: true }],
      ["DELETE", alice, undefined],
    ] as const
  ) {
    assert.equal((await call(method, path, body, etag)).status, 412, path);
  }
  assert.deepEqual(await portal.file.read(), former);
  const next = (await call("GET", alice)).headers.get("etag")!;
  const changed = await call("PUT", alice, state, next);
  assert.equal(changed.status, 200);
  assert.equal((await call("DELETE", alice, undefined, changed.headers.get("etag")!)).status, 204);
});

Deno.test("a user is no administrator of users, and a token is nobody with an own account", async () => {
  await using portal = await TestPortal.open();
  const headers = { ...await portal.loggedIn("alice"), "content-type": "application/json" };
  const former = await portal.file.read();
  for (
    const [method, path, body] of [
      ["GET", users, undefined],
      ["POST", users, { name: "bob", role: "admin" }],
      ["PUT", `${users}/alice`, { role: "admin", disabled: false }],
      ["POST", `${users}/root/reset`, { password: true, oneTimeCodes: true }],
      ["DELETE", `${users}/root`, undefined],
    ] as const
  ) {
    const init = { method, headers, ...body !== undefined && { body: JSON.stringify(body) } };
    assert.equal((await portal.fetch(path, init)).status, 403, path);
  }
  const call = await caller(portal);
  const given = { present: portalPassword, password: "seven wild geese" };
  assert.equal((await call("PUT", "/api/v1/me/password", given)).status, 403);
  assert.deepEqual(await portal.file.read(), former);
});

Deno.test("the own password, in a session: it begins anew, the others end", async () => {
  await using portal = await TestPortal.open();
  const own = await portal.loggedIn("alice");
  const headers = { ...own, "content-type": "application/json" };
  const put = async (present: string) =>
    await portal.fetch("/api/v1/me/password", {
      method: "PUT",
      headers,
      body: JSON.stringify({ present, password: "seven wild geese" }),
    });
  assert.equal((await put("wrong")).status, 400);
  const changed = await put(portalPassword);
  assert.equal(changed.status, 204);
  const me = async (cookie: string) =>
    (await portal.fetch("/api/v1/me", { headers: { cookie } })).status;
  assert.equal(await me(own.cookie), 401);
  assert.equal(await me(changed.headers.getSetCookie()[0].split(";")[0]), 200);
});
