import assert from "node:assert/strict";
import { errorPage, registerPages } from "../../../../lib/portal/pages/mod.ts";
import { decodeBase32 } from "../../../../lib/users/base32.ts";
import { changeUsers, UserFile, type UserRecord } from "../../../../lib/users/mod.ts";
import { totpCode, totpStep } from "../../../../lib/users/totp.ts";
import { portalOrigin, portalPassword, TestPortal } from "../portal_fixture.ts";

type Fields = Record<string, string>;

const newPassword = "seven wild geese";

/** A visitor: a cookie that answers change, as in a browser. */
class Visitor {
  cookie = "";
  csrf = "";
  text = "";

  constructor(readonly portal: TestPortal) {}

  static async of(portal: TestPortal, name: "root" | "alice"): Promise<Visitor> {
    const visitor = new Visitor(portal);
    const { cookie } = await portal.loggedIn(name);
    visitor.cookie = cookie;
    return visitor;
  }

  async get(path: string): Promise<number> {
    return await this.#take(
      await this.portal.fetch(path, { headers: { cookie: this.cookie }, redirect: "manual" }),
    );
  }

  /** Sends the form of the page that was loaded last: with its hidden fields. */
  async post(path: string, fields: Fields): Promise<number> {
    return await this.#take(
      await this.portal.fetch(path, {
        method: "POST",
        headers: { cookie: this.cookie, origin: portalOrigin },
        body: new URLSearchParams({ csrf: this.csrf, ...fields }),
        redirect: "manual",
      }),
    );
  }

  /** What is in an element of that id, or the value of a hidden field. */
  find(pattern: RegExp): string {
    return pattern.exec(this.text)?.[1] ?? assert.fail(`no ${pattern} in ${this.text}`);
  }

  async #take(response: Response): Promise<number> {
    for (const line of response.headers.getSetCookie()) this.cookie = line.split(";")[0];
    this.text = await response.text();
    const [, csrf] = /name="csrf" value="([^"]+)"/.exec(this.text) ?? [];
    if (csrf !== undefined) this.csrf = csrf;
    return response.status;
  }
}

function open(): Promise<TestPortal> {
  return TestPortal.open({ routes: [registerPages], errorPage });
}

async function record(portal: TestPortal, name: string): Promise<UserRecord | undefined> {
  return (await portal.file.read())?.find((user) => user.name === name);
}

const revision = /name="revision" value="([^"]+)"/;
const link = /id="link">https:\/\/portal\.example:8443(\/invitation\?token=([A-Za-z0-9_-]{43}))</;

function codeOf(secret: string): string {
  return totpCode(decodeBase32(secret)!, totpStep(Date.now()));
}

Deno.test("an administrator adds a user, who comes in by the link; nobody else learns a secret", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  await root.get("/users");
  const fields = { name: "bob", role: "admin", lifetime: "86400" };
  assert.equal(await root.post("/users", fields), 200);
  const path = root.find(link);
  const token = path.slice(-43);
  const bob = new Visitor(portal);
  assert.equal(await bob.get(path), 200);
  const given = { token, password: newPassword, repeated: newPassword };
  assert.equal(await bob.post("/invitation", { ...given, repeated: "other" }), 400);
  assert.equal(await bob.post("/invitation", given), 200);
  const secret = bob.find(/id="secret">([A-Z2-7]+)</);
  assert.equal(await bob.post("/invitation/code", { token, code: "1" }), 400);
  assert.equal(bob.find(/id="secret">([A-Z2-7]+)</), secret);
  assert.equal(await bob.post("/invitation/code", { token, code: codeOf(secret) }), 303);
  assert.equal(await bob.get("/users"), 200);
  assert.equal(await new Visitor(portal).get(path), 404);
  const said = portal.lines.join("\n");
  assert.match(said, /portal: root \(192\.0\.2\.9\) added the user bob \(admin\)/);
  assert.match(said, /portal: bob \(192\.0\.2\.9\) has used the invitation/);
  for (const hidden of [token, secret, newPassword]) assert.ok(!said.includes(hidden), said);
});

Deno.test("whoever is logged in is not made somebody else by a link", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  await root.get("/users");
  await root.post("/users", { name: "bob", role: "user", lifetime: "3600" });
  const path = root.find(link);
  assert.equal(await root.get(path), 200);
  assert.match(root.text, /You are logged in as <strong>root</);
  assert.doesNotMatch(root.text, /action="\/invitation"/);
});

Deno.test("role and state count at once: the log-in that there is ends", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  const alice = await Visitor.of(portal, "alice");
  assert.equal(await alice.get("/account"), 200);
  await root.get("/users/alice");
  const change = { revision: root.find(revision), role: "user", state: "disabled" };
  assert.equal(await root.post("/users/alice", change), 303);
  assert.equal(await alice.get("/account"), 302);
  assert.equal((await record(portal, "alice"))?.disabled, true);
  // By somebody else, as on the command line.
  await new UserFile(portal.file.path).update((users) =>
    changeUsers(users, new Set(["root"]), (user) => ({ ...user, role: "user" }))
  );
  assert.equal(await root.get("/users"), 302);
});

Deno.test("a form that shows what is not so any more changes nothing", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  await root.get("/users/alice");
  const seen = { revision: root.find(revision) };
  await new UserFile(portal.file.path).update((users) =>
    changeUsers(users, new Set(["alice"]), (user) => ({ ...user, passwordSet: 77 }))
  );
  const before = await portal.file.read();
  for (
    const [path, fields] of [
      ["/users/alice", { role: "user", state: "disabled" }],
      ["/users/alice/reset", { "reset-password": "yes", lifetime: "3600" }],
      ["/users/alice/remove", {}],
    ] as const
  ) {
    assert.equal(await root.post(path, { ...seen, ...fields }), 409, path);
    assert.match(root.text, /somebody else has changed this user meanwhile/);
    assert.equal(await root.post(path, fields), 409, `${path} without a revision`);
  }
  assert.deepEqual(await portal.file.read(), before);
});

Deno.test("a reset takes effect at once, and its link lets the user set what was chosen", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  const alice = await Visitor.of(portal, "alice");
  await root.get("/users/alice");
  const fields = { revision: root.find(revision), "reset-password": "yes", lifetime: "3600" };
  assert.equal(await root.post("/users/alice/reset", fields), 200);
  const path = root.find(link);
  assert.equal(await alice.get("/account"), 302);
  const again = new Visitor(portal);
  await again.get(path);
  const token = path.slice(-43);
  const given = { token, password: newPassword, repeated: newPassword };
  assert.equal(await again.post("/invitation", given), 303);
  // She has no one-time codes, so that she is in.
  assert.equal(await again.get("/account"), 200);
});

Deno.test("the last administrator stays, and the page says why", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  await root.get("/users/root");
  const seen = { revision: root.find(revision) };
  for (
    const [path, fields] of [
      ["/users/root/remove", {}],
      ["/users/root", { role: "user", state: "enabled" }],
      ["/users/root", { role: "admin", state: "disabled" }],
      ["/users/root/reset", { "reset-codes": "yes", lifetime: "3600" }],
    ] as const
  ) {
    assert.equal(await root.post(path, { ...seen, ...fields }), 409);
    assert.match(root.text, /last administrator who can log in/);
  }
});

Deno.test("a user is removed after a question", async () => {
  await using portal = await open();
  const root = await Visitor.of(portal, "root");
  await root.get("/users/alice/remove");
  assert.equal(await root.post("/users/alice/remove", { revision: root.find(revision) }), 303);
  assert.equal(await record(portal, "alice"), undefined);
  assert.ok(portal.lines.includes("portal: root (192.0.2.9) removed the user alice"));
});

Deno.test("people change their password and codes; their other log-ins end, this one goes on", async () => {
  await using portal = await open();
  const alice = await Visitor.of(portal, "alice");
  const elsewhere = await Visitor.of(portal, "alice");
  await alice.get("/account");
  const next = { present: portalPassword, password: newPassword, repeated: newPassword };
  assert.equal(await alice.post("/account/password", { ...next, present: "wrong" }), 400);
  assert.match(alice.text, /present password is wrong/);
  assert.equal(await alice.post("/account/password", { ...next, repeated: "other" }), 400);
  const before = alice.cookie;
  assert.equal(await alice.post("/account/password", next), 303);
  assert.notEqual(alice.cookie, before);
  assert.equal(await alice.get("/account"), 200);
  assert.equal(await elsewhere.get("/account"), 302);
  assert.equal(await alice.post("/account/codes", { present: "wrong" }), 400);
  assert.equal(await alice.post("/account/codes", { present: portalPassword }), 200);
  const secret = alice.find(/id="secret">([A-Z2-7]+)</);
  assert.equal(await alice.post("/account/codes/confirm", { code: "1" }), 400);
  assert.equal(await alice.post("/account/codes/confirm", { code: codeOf(secret) }), 303);
  assert.equal(await alice.get("/account"), 200);
  assert.equal((await record(portal, "alice"))?.totp?.secret, secret);
  const said = portal.lines.join("\n");
  assert.match(said, /portal: alice \(192\.0\.2\.9\) changed the own password/);
  for (const hidden of [secret, newPassword, portalPassword]) assert.ok(!said.includes(hidden));
});

Deno.test("the account is the caller's own, whatever the form says", async () => {
  await using portal = await open();
  const alice = await Visitor.of(portal, "alice");
  await alice.get("/account");
  const former = await record(portal, "root");
  const next = { present: portalPassword, password: newPassword, repeated: newPassword };
  assert.equal(
    await alice.post("/account/password", { ...next, name: "root", username: "root" }),
    303,
  );
  assert.deepEqual(await record(portal, "root"), former);
});

Deno.test("whoever has passwords hashed keeps no change of others waiting", async () => {
  await using portal = await open();
  const [root, alice] = [await Visitor.of(portal, "root"), await Visitor.of(portal, "alice")];
  await root.get("/users/alice");
  await alice.get("/account");
  const hashing = portal.holdHashes();
  const next = { present: portalPassword, password: newPassword, repeated: newPassword };
  const changing = alice.post("/account/password", next);
  await hashing.begun;
  const disabled = { revision: root.find(revision), role: "user", state: "disabled" };
  assert.equal(await root.post("/users/alice", disabled), 303);
  hashing.goOn();
  // Who was locked out meanwhile stays so.
  assert.equal(await changing, 409);
});
