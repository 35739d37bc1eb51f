import assert from "node:assert/strict";
import { verifyPassword } from "../../../../lib/users/mod.ts";
import { UserFile } from "../../../../lib/users/user_file.ts";
import { tryRun } from "../../../harness/command.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { vpnCommand } from "../../../harness/program.ts";

const password = "correct horse";

function vpnUser(directory: string, args: readonly string[], input?: string) {
  const command = [...vpnCommand, "user", ...args, "--state", directory];
  return tryRun(command, { input, env: { NO_COLOR: "1" } });
}

Deno.test("users are added, listed, changed and removed", async () => {
  await using directory = await TemporaryDirectory.create();
  const run = async (args: readonly string[], input?: string) => {
    const result = await vpnUser(directory.path, args, input);
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  const users = async () => (await new UserFile(`${directory.path}/users.json`).read())!;
  await run(["add", "bob", "--role", "admin"], `${password}\n`);
  const enrolment = await run(["add", "alice", "--totp"], `${password}\r\nnot this\n`);
  const [alice, bob] = await users();
  assert.equal(bob.role, "admin");
  assert.equal(alice.role, "user");
  assert.ok(await verifyPassword(password, alice.password));
  assert.ok(enrolment.includes(`otpauth://totp/VPN:alice?secret=${alice.totp!.secret}&`));
  assert.ok(!enrolment.includes(password));

  await run(["disable", "alice"]);
  const list = JSON.parse(await run(["list", "--json"]));
  assert.deepEqual(
    list.map(({ passwordSet: _time, ...user }: Record<string, unknown>) => user),
    [
      { name: "alice", role: "user", disabled: true, totp: true },
      { name: "bob", role: "admin", disabled: false, totp: false },
    ],
  );
  const table = await run(["list"]);
  assert.match(table, /^NAME .*\nalice +user +disabled +yes +\d{4}-\d\d-\d\d\nbob /);
  assert.ok(!(table + JSON.stringify(list)).includes(alice.totp!.secret));

  await run(["enable", "alice"]);
  await run(["totp", "alice"]);
  await run(["passwd", "alice"], "another password\n");
  const [changed] = await users();
  assert.equal(changed.disabled, false);
  assert.notEqual(changed.totp!.secret, alice.totp!.secret);
  assert.ok(await verifyPassword("another password", changed.password));
  await run(["totp", "alice", "--off"]);
  await run(["remove", "bob"]);
  const left = await users();
  assert.deepEqual(left.map(({ name, totp }) => [name, totp]), [["alice", undefined]]);
});

Deno.test("what can't be done is one line, and changes nothing", async () => {
  await using directory = await TemporaryDirectory.create();
  const refused = async (args: readonly string[], expected: RegExp, input?: string) => {
    const result = await vpnUser(directory.path, args, input);
    assert.equal(result.code, 1);
    assert.match(result.stderr, expected);
    assert.equal(result.stderr.trim().split("\n").length, 1, result.stderr);
  };
  assert.equal((await vpnUser(directory.path, ["add", "alice"], `${password}\n`)).code, 0);
  const path = `${directory.path}/users.json`;
  const before = await Deno.readTextFile(path);
  await refused(["add", "alice"], /there is a user alice already/, `${password}\n`);
  await refused(["add", "../alice"], /can't be a user name/, `${password}\n`);
  await refused(["add", "bob"], /too short/, "short\n");
  await refused(["add", "bob"], /no answer/, "");
  // All or none.
  await refused(["remove", "alice", "bob"], /there is no user bob/);
  await refused(["passwd", "bob"], /there is no user bob/, `${password}\n`);
  assert.equal(await Deno.readTextFile(path), before);
  const missing = await vpnUser(`${directory.path}/none`, ["list"]);
  assert.match(missing.stderr, /no state directory/);
});
