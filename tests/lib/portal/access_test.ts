import assert from "node:assert/strict";
import { SetupToken } from "../../../lib/portal/setup.ts";
import { decodeBase32 } from "../../../lib/users/base32.ts";
import { totpCode, totpStep } from "../../../lib/users/totp.ts";
import { portalPassword, portalSecret, TestPortal } from "./portal_fixture.ts";

const source = "192.0.2.9";

function codeOf(secret: string): string {
  return totpCode(decodeBase32(secret)!, totpStep(Date.now()));
}

Deno.test("an administrator logs in with password and code, and with a code once", async () => {
  await using portal = await TestPortal.open();
  const login = (username: string, password: string, code: string) =>
    portal.access.login({ username, password, code, source });
  assert.equal((await login("root", portalPassword, "")).kind, "code-needed");
  assert.equal((await login("root", "wrong", "")).kind, "refused");
  assert.equal((await login("nobody", portalPassword, "")).kind, "refused");
  assert.equal((await login("root", portalPassword, "000000x")).kind, "refused");
  const code = codeOf(portalSecret);
  assert.equal((await login("root", portalPassword, code)).kind, "accepted");
  assert.equal((await login("root", portalPassword, code)).kind, "refused");
});

Deno.test("an administrator without one-time codes is not let in; a user without is", async () => {
  await using portal = await TestPortal.open();
  await portal.access.directory.look();
  const alice = { username: "alice", password: portalPassword, code: "", source };
  assert.equal((await portal.access.login(alice)).kind, "accepted");
  const [user] = portal.users.users.filter(({ name }) => name === "alice");
  await using second = await TestPortal.open({ users: [{ ...user, role: "admin" }] });
  const verdict = await second.access.login(alice);
  assert.equal(verdict.kind, "refused");
  assert.match(verdict.kind === "refused" ? verdict.message : "", /one-time codes/);
});

Deno.test("whoever guesses passwords waits", async () => {
  await using portal = await TestPortal.open();
  const attempt = { username: "root", password: "wrong", code: "", source };
  for (let i = 0; i < 10; i++) assert.equal((await portal.access.login(attempt)).kind, "refused");
  const right = { ...attempt, password: portalPassword };
  assert.equal((await portal.access.login(right)).kind, "later");
  assert.equal((await portal.access.login({ ...right, source: "192.0.2.10" })).kind, "code-needed");
});

Deno.test("the first administrator is made by the token, once, with a code that is right", async () => {
  const { token: setupToken, text } = SetupToken.make();
  await using portal = await TestPortal.open({ users: [], setupToken });
  const { access } = portal;
  assert.ok(access.needsSetup);
  const given = { name: "root", password: portalPassword, source };
  const kind = async (step: Promise<{ kind: string; field?: string }>) => {
    const { kind, field } = await step;
    return field ?? kind;
  };
  assert.equal(await kind(access.beginSetup({ ...given, token: "WRONG" })), "token");
  assert.equal(await kind(access.beginSetup({ ...given, token: text, name: "a/b" })), "name");
  assert.equal(
    await kind(access.beginSetup({ ...given, token: text, password: "short" })),
    "password",
  );
  assert.equal(await kind(access.finishSetup({ token: text, code: "000000", source })), "token");
  const begun = await access.beginSetup({
    ...given,
    token: text.toLowerCase().replaceAll("-", " "),
  });
  assert.ok(begun.kind === "enrolment");
  const { secret } = begun.enrolment;
  assert.equal(await kind(access.finishSetup({ token: text, code: "12345", source })), "code");
  const code = codeOf(secret);
  const finished = await access.finishSetup({ token: text, code, source });
  assert.ok(finished.kind === "accepted");
  assert.equal(finished.user.role, "admin");
  assert.ok(!access.needsSetup);
  assert.equal(await kind(access.finishSetup({ token: text, code, source })), "token");
  assert.equal(access.directory.find("root")?.totp?.secret, secret);
});

Deno.test("whoever guesses tokens waits, even for the right one", async () => {
  const { token: setupToken, text } = SetupToken.make();
  await using portal = await TestPortal.open({ users: [], setupToken });
  const given = { name: "root", password: portalPassword, source };
  for (let i = 0; i < 10; i++) await portal.access.beginSetup({ ...given, token: `WRONG${i}` });
  const verdict = await portal.access.beginSetup({ ...given, token: text });
  assert.match(verdict.kind === "refused" ? verdict.message : "", /too many/);
});
