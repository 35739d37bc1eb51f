import assert from "node:assert/strict";
import { type PortalAccounts, portalAccounts } from "../../../lib/portal/accounts.ts";
import { NewPasswords } from "../../../lib/portal/new_passwords.ts";
import { PortalError } from "../../../lib/portal/service.ts";
import { Sessions } from "../../../lib/portal/sessions.ts";
import { decodeBase32 } from "../../../lib/users/base32.ts";
import {
  hashPassword,
  UserDirectory,
  UserFile,
  UserLogin,
  verifyPassword,
} from "../../../lib/users/mod.ts";
import { totpCode, totpStep } from "../../../lib/users/totp.ts";
import { changeUsers, withPassword } from "../../../lib/users/user_changes.ts";
import type { UserRecord } from "../../../lib/users/user_record.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";
import { userRecord } from "../users/user_record.ts";

const totp = { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", lastUsed: 0 };
const root = userRecord("root", { role: "admin", totp });
const alice = userRecord("alice");
const hour = 3600;
const password = "seven wild geese";
const unchecked = () => {};

/** Accounts over a file; passwords are hashed for real. */
class Accounts implements AsyncDisposable {
  private constructor(
    readonly directory: TemporaryDirectory,
    readonly file: UserFile,
    readonly login: UserLogin,
    readonly all: PortalAccounts,
    readonly sessions: Sessions,
  ) {}

  /** @param during Happens while a new password is hashed. */
  static async open(
    users: readonly UserRecord[],
    during: (file: UserFile) => Promise<void> = () => Promise.resolve(),
  ): Promise<Accounts> {
    const directory = await TemporaryDirectory.create();
    const file = new UserFile(`${directory.path}/users.json`);
    await file.update(() => users);
    const looked = await UserDirectory.open(file.path);
    const login = new UserLogin(looked);
    const sessions = new Sessions();
    const url = () => "https://vpn.example";
    const passwords = new NewPasswords(async (password) => {
      await during(file);
      return await hashPassword(password);
    });
    const all = portalAccounts({ file, directory: looked, login, sessions, url, passwords });
    return new Accounts(directory, file, login, all, sessions);
  }

  async record(name: string): Promise<UserRecord | undefined> {
    return (await this.file.read())?.find((user) => user.name === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }
}

function tokenOf({ url }: { readonly url: string }): string {
  return new URL(url).searchParams.get("token")!;
}

function codeOf(secret: string): string {
  return totpCode(decodeBase32(secret)!, totpStep(Date.now()));
}

function refused(reason: PortalError["reason"]): (error: unknown) => boolean {
  return (error) => error instanceof PortalError && error.reason === reason;
}

Deno.test("an added user sets password and codes by the link, once, and is let in by them", async () => {
  await using accounts = await Accounts.open([root]);
  const { users, invitations } = accounts.all;
  const { user, link } = await users.add({ name: "bob", role: "user", oneTimeCodes: true }, hour);
  assert.ok(user.invitation?.password && user.invitation.oneTimeCodes);
  const token = tokenOf(link);
  assert.ok(!(await Deno.readTextFile(accounts.file.path)).includes(token));
  assert.deepEqual(await invitations.find(token), { name: "bob", password: true, totp: true });
  const short = await invitations.begin(token, "short");
  assert.equal(short.kind === "refused" && short.field, "password");
  const begun = await invitations.begin(token, password);
  assert.ok(begun.kind === "enrolment");
  // Nothing counts before a code has shown that it arrived.
  assert.ok(!await verifyPassword(password, (await accounts.record("bob"))!.password));
  const wrong = await invitations.finish(token, "12345");
  assert.ok(wrong.kind === "refused" && wrong.field === "code" && wrong.enrolment !== undefined);
  const done = await invitations.finish(token, codeOf(begun.enrolment.secret));
  assert.ok(done.kind === "accepted" && done.proved);
  const record = (await accounts.record("bob"))!;
  assert.ok(await verifyPassword(password, record.password));
  assert.equal(record.totp?.secret, begun.enrolment.secret);
  assert.equal(record.invitation, undefined);
  for (
    const again of [
      await invitations.begin(token, "another password"),
      await invitations.finish(token, codeOf(begun.enrolment.secret)),
    ]
  ) assert.equal(again.kind === "refused" && again.field, "token");
  assert.ok(await verifyPassword(password, (await accounts.record("bob"))!.password));
});

Deno.test("a link is good for nothing when it has expired, was replaced or taken back", async () => {
  await using accounts = await Accounts.open([root]);
  const { users, invitations } = accounts.all;
  const given = { role: "user", oneTimeCodes: false } as const;
  const late = await users.add({ ...given, name: "late" }, -1);
  const removed = await users.add({ ...given, name: "removed" }, hour);
  const disabled = await users.add({ ...given, name: "disabled" }, hour);
  const replaced = await users.add({ ...given, name: "replaced" }, hour);
  const settled = await users.add({ ...given, name: "settled" }, hour);
  await users.remove("removed", unchecked);
  await users.change("disabled", { role: "user", disabled: true }, unchecked);
  const next = await users.reset("replaced", { password: false, totp: false }, hour, unchecked);
  // As vpn user passwd does.
  await accounts.file.update((all) =>
    changeUsers(all, new Set(["settled"]), (user) => withPassword(user, root.password, 9))
  );
  for (const { link } of [late, removed, disabled, replaced, settled]) {
    const token = tokenOf(link);
    assert.equal(await invitations.find(token), undefined, link.url);
    assert.equal((await invitations.begin(token, password)).kind, "refused");
  }
  assert.equal((await invitations.begin(tokenOf(next.link), password)).kind, "accepted");
  for (const made of ["", "x", "A".repeat(43)]) {
    assert.equal(await invitations.find(made), undefined);
  }
});

Deno.test("what is taken back while somebody follows the link stays taken back", async () => {
  await using accounts = await Accounts.open([root]);
  const { users, invitations } = accounts.all;
  const { link } = await users.add({ name: "bob", role: "user", oneTimeCodes: true }, hour);
  const begun = await invitations.begin(tokenOf(link), password);
  assert.ok(begun.kind === "enrolment");
  await users.change("bob", { role: "user", disabled: true }, unchecked);
  const done = await invitations.finish(tokenOf(link), codeOf(begun.enrolment.secret));
  assert.equal(done.kind, "refused");
  assert.notEqual((await accounts.record("bob"))?.invitation, undefined);
});

Deno.test("what is taken back while a password is hashed stays taken back", async () => {
  for (
    const change of [
      (user: UserRecord) => ({ ...user, disabled: true }),
      (user: UserRecord) => ({ ...user, invitation: { ...user.invitation!, expires: 1 } }),
      () => undefined,
    ]
  ) {
    await using accounts = await Accounts.open(
      [root],
      (file) => file.update((all) => changeUsers(all, new Set(["bob"]), change)),
    );
    const { users, invitations } = accounts.all;
    const { link } = await users.add({ name: "bob", role: "user", oneTimeCodes: false }, hour);
    assert.equal((await invitations.begin(tokenOf(link), password)).kind, "refused");
    const bob = await accounts.record("bob");
    assert.ok(bob === undefined || !await verifyPassword(password, bob.password));
  }
});

Deno.test("by a link for the password alone nobody gets past one-time codes", async () => {
  await using accounts = await Accounts.open([root, { ...alice, totp }]);
  const { users, invitations } = accounts.all;
  const { link } = await users.reset("alice", { password: true, totp: false }, hour, unchecked);
  assert.notEqual((await accounts.record("alice"))!.password, alice.password);
  const done = await invitations.begin(tokenOf(link), password);
  assert.ok(done.kind === "accepted" && !done.proved);
  assert.deepEqual((await accounts.record("alice"))!.totp, totp);
});

Deno.test("an invited user can't log in, nor one whose codes were taken away", async () => {
  await using accounts = await Accounts.open([root]);
  const { users, invitations } = accounts.all;
  const { link } = await users.add({ name: "bob", role: "user", oneTimeCodes: false }, hour);
  const attempt = { username: "bob", password, source: "192.0.2.1" };
  assert.equal((await accounts.login.decide(attempt)).kind, "refused");
  await invitations.begin(tokenOf(link), password);
  assert.equal((await accounts.login.decide(attempt)).kind, "accepted");
  await users.reset("bob", { password: false, totp: true }, hour, unchecked);
  // The password is right, and not enough.
  assert.equal((await accounts.login.decide(attempt)).kind, "challenge");
});

Deno.test("the last administrator can't be removed, disabled, demoted or locked out", async () => {
  const pending = userRecord("pending", { role: "admin" });
  await using accounts = await Accounts.open([root, alice, pending]);
  const { users } = accounts.all;
  await users.add({ name: "invited", role: "admin", oneTimeCodes: false }, hour);
  const before = await Deno.readTextFile(accounts.file.path);
  const conflict = refused("conflict");
  for (
    const change of [
      () => users.remove("root", unchecked),
      () => users.change("root", { role: "admin", disabled: true }, unchecked),
      () => users.change("root", { role: "user", disabled: false }, unchecked),
      () => users.reset("root", { password: true, totp: false }, hour, unchecked),
      () => users.reset("root", { password: false, totp: true }, hour, unchecked),
    ]
  ) await assert.rejects(change(), conflict);
  assert.equal(await Deno.readTextFile(accounts.file.path), before);
  await accounts.file.update((all) => [...all, { ...root, name: "second" }]);
  await users.remove("root", unchecked);
  await assert.rejects(users.remove("second", unchecked), conflict);
});

Deno.test("two who demote each other at once: one of them stays", async () => {
  await using accounts = await Accounts.open([root, { ...root, name: "second" }]);
  const { users } = accounts.all;
  const results = await Promise.allSettled(
    ["root", "second"].map((name) =>
      users.change(name, { role: "user", disabled: false }, unchecked)
    ),
  );
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

Deno.test("nobody becomes administrator without one-time codes", async () => {
  await using accounts = await Accounts.open([root, alice]);
  const { users } = accounts.all;
  const promote = () => users.change("alice", { role: "admin", disabled: false }, unchecked);
  await assert.rejects(promote(), refused("conflict"));
  assert.ok(
    (await users.add({ name: "bob", role: "admin", oneTimeCodes: false }, hour)).user
      .oneTimeCodes,
  );
  await accounts.file.update((all) =>
    changeUsers(all, new Set(["alice"]), (user) => ({ ...user, totp }))
  );
  assert.equal((await promote()).role, "admin");
});

Deno.test("names that are taken or can't be are refused, unknown ones are not found", async () => {
  await using accounts = await Accounts.open([root]);
  const { users } = accounts.all;
  const add = (name: string) => users.add({ name, role: "user", oneTimeCodes: false }, hour);
  await assert.rejects(add("root"), refused("conflict"));
  for (const name of ["", "../x", "a b", "x".repeat(65)]) {
    await assert.rejects(add(name), refused("invalid"));
  }
  await assert.rejects(users.find("nobody"), refused("not-found"));
  await assert.rejects(users.remove("nobody", unchecked), refused("not-found"));
  await assert.rejects(
    users.reset("root", { password: false, totp: false }, hour, unchecked),
    refused("invalid"),
  );
});

Deno.test("what others have changed meanwhile is seen before a change, within the file's lock", async () => {
  await using accounts = await Accounts.open([root, alice]);
  const { users } = accounts.all;
  const seen: boolean[] = [];
  await accounts.file.update((all) =>
    changeUsers(all, new Set(["alice"]), (user) => ({ ...user, disabled: true }))
  );
  await users.change("alice", { role: "user", disabled: false }, ({ disabled }) => {
    seen.push(disabled);
  });
  assert.deepEqual(seen, [true]);
  await assert.rejects(users.remove("alice", () => {
    throw new PortalError("conflict", "no");
  }));
  assert.notEqual(await accounts.record("alice"), undefined);
});

Deno.test("locked names and last log-ins are shown", async () => {
  const used = { ...totp, lastUsed: 100 };
  await using accounts = await Accounts.open([{ ...root, totp: used }, alice]);
  const { users } = accounts.all;
  assert.equal((await users.find("root")).lastLogin, 100 * 30_000);
  assert.equal((await users.find("alice")).lastLogin, undefined);
  accounts.sessions.begin(alice);
  assert.ok(Date.now() - (await users.find("alice")).lastLogin! < 60_000);
  const login = new UserLogin(await UserDirectory.open(accounts.file.path), {
    name: { failures: 2 },
  }, () => Promise.resolve(false));
  for (const source of ["192.0.2.1", "192.0.2.2"]) {
    await login.decide({ username: "alice", password, source });
  }
  assert.ok(login.lockedFor("alice") > 0);
  assert.equal(login.lockedFor("root"), 0);
});

async function withOwnPassword(): Promise<Accounts> {
  const hash = await hashPassword(password);
  return await Accounts.open([root, { ...alice, password: hash, totp }]);
}

const source = "192.0.2.1";

Deno.test("the own password is changed by the present one, which a session alone is not", async () => {
  await using accounts = await withOwnPassword();
  const { own } = accounts.all;
  const next = "eight wild geese";
  const wrong = { name: "alice", password: "wrong", source };
  await assert.rejects(own.changePassword(wrong, next), /present password is wrong/);
  const right = { ...wrong, password };
  await assert.rejects(own.changePassword(right, "short"), refused("invalid"));
  await own.changePassword(right, next);
  assert.ok(await verifyPassword(next, (await accounts.record("alice"))!.password));
  for (let count = 0; count < 12; count++) {
    await assert.rejects(own.changePassword(right, next));
  }
  // Whoever has the session and not the password guesses no faster than at the log-in.
  await assert.rejects(
    own.changePassword({ ...right, password: next }, password),
    refused("unavailable"),
  );
});

Deno.test("own one-time codes: the former count until a code of the new ones", async () => {
  await using accounts = await withOwnPassword();
  const { own } = accounts.all;
  const request = { name: "alice", password, source };
  await assert.rejects(own.beginCodes({ ...request, password: "wrong" }), refused("invalid"));
  await assert.rejects(own.finishCodes("alice", "123456"), refused("conflict"));
  const { secret } = await own.beginCodes(request);
  await assert.rejects(own.finishCodes("root", codeOf(secret)), refused("conflict"));
  await assert.rejects(own.finishCodes("alice", "12345"), refused("invalid"));
  assert.deepEqual((await accounts.record("alice"))!.totp, totp);
  await own.finishCodes("alice", codeOf(secret));
  assert.equal((await accounts.record("alice"))!.totp!.secret, secret);
});

Deno.test("whoever was locked out while they changed their account stays so", async () => {
  await using accounts = await withOwnPassword();
  const { own, users } = accounts.all;
  const { secret } = await own.beginCodes({ name: "alice", password, source });
  await users.reset("alice", { password: true, totp: true }, hour, unchecked);
  await assert.rejects(own.finishCodes("alice", codeOf(secret)), refused("conflict"));
  assert.notEqual((await accounts.record("alice"))!.totp!.secret, secret);
});

Deno.test("a code that was used while the password was changed stays used", async () => {
  const hash = await hashPassword(password);
  const used = { ...totp, lastUsed: 9 };
  await using accounts = await Accounts.open(
    [root, { ...alice, password: hash, totp }],
    (file) =>
      file.update((all) =>
        changeUsers(all, new Set(["alice"]), (user) => ({ ...user, totp: used }))
      ),
  );
  await accounts.all.own.changePassword({ name: "alice", password, source }, "eight wild geese");
  assert.equal((await accounts.record("alice"))!.totp!.lastUsed, 9);
});
