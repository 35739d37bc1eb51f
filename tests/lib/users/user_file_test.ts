import assert from "node:assert/strict";
import fc from "fast-check";
import { VpnError } from "../../../lib/base/errors.ts";
import { UserDirectory } from "../../../lib/users/user_directory.ts";
import { UserFile, userFilePath } from "../../../lib/users/user_file.ts";
import {
  checkUserName,
  formatUsers,
  parseUsers,
  type UserRecord,
} from "../../../lib/users/user_record.ts";
import { until, userRecord } from "./user_record.ts";

async function withDirectory(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "vpntest-" });
  try {
    await body(userFilePath(directory));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

Deno.test("users go into the file and come back, and nobody else may read it", async () => {
  await withDirectory(async (path) => {
    const file = new UserFile(path);
    assert.equal(await file.read(), undefined);
    const users = [
      userRecord("alice", { role: "admin", totp: { secret, lastUsed: 7 } }),
      userRecord("bob", { disabled: true }),
    ];
    await file.update(() => users);
    assert.deepEqual(await file.read(), users);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    await Deno.chmod(path, 0o644);
    await assert.rejects(file.read(), /open to other users/);
  });
});

Deno.test("many writers at once lose nothing", async () => {
  await withDirectory(async (path) => {
    const names = Array.from({ length: 20 }, (_, i) => `user${i}`);
    // A file object for each, as each command has one.
    await Promise.all(
      names.map((name) => new UserFile(path).update((users) => [...users, userRecord(name)])),
    );
    const users = await new UserFile(path).read();
    assert.deepEqual(users!.map(({ name }) => name).sort(), names.sort());
  });
});

Deno.test("a change that fails leaves the file as it was", async () => {
  await withDirectory(async (path) => {
    const file = new UserFile(path);
    await file.update(() => [userRecord("alice")]);
    const before = await Deno.readTextFile(path);
    await assert.rejects(file.update(() => {
      throw new VpnError("no");
    }));
    await file.update(() => undefined);
    assert.equal(await Deno.readTextFile(path), before);
  });
});

Deno.test("a damaged file is refused, and its secrets are in no message", () => {
  const good = formatUsers([userRecord("alice", { totp: { secret, lastUsed: 0 } })]);
  assert.equal(parseUsers(good).length, 1);
  const changes: [string, string][] = [
    ['"version": 1', '"version": 2'],
    ['"alice"', '"../alice"'],
    ['"role": "user"', '"role": "root"'],
    ['"disabled": false', '"disabled": "false"'],
    ["$scrypt$", "$plain$"],
    [secret, secret.slice(0, 8)],
    ['"lastUsed": 0', '"lastUsed": -1'],
    ['"lastUsed": 0', '"lastUsed": 0.5'],
    ['"passwordSet": 0', '"passwordSet": null'],
    ["]", ""],
  ];
  for (const [from, to] of changes) {
    const text = good.replace(from, to);
    assert.notEqual(text, good);
    assert.throws(() => parseUsers(text), (error: unknown) => {
      assert.ok(error instanceof VpnError);
      assert.ok(!error.line.includes(secret.slice(0, 8)), error.line);
      assert.doesNotMatch(error.line, /scrypt|AAAA/);
      return true;
    });
  }
  const user = JSON.parse(good).users[0];
  const twice = JSON.stringify({ version: 1, users: [user, user] });
  assert.throws(() => parseUsers(twice), /twice/);
});

Deno.test("any text is read or refused in one line", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    try {
      parseUsers(text);
    } catch (error) {
      assert.ok(error instanceof VpnError);
    }
  }));
});

Deno.test("a name is one that can name a file and stand in a log", () => {
  for (const name of ["alice", "a.b-c@example.org", "Zoë", "用户", "x+y", "_x", "0"]) {
    assert.equal(checkUserName(name), name);
  }
  assert.equal(checkUserName("Zoe\u0308"), "Zo\u00eb");
  const bad = ["", ".", "..", "-x", ".x", "a/b", "a b", "a\n", "a\0", "a,b", 'a"', "x".repeat(65)];
  for (const name of bad) assert.throws(() => checkUserName(name), VpnError, JSON.stringify(name));
});

Deno.test("a directory tells whose sessions must end", async () => {
  await withDirectory(async (path) => {
    const file = new UserFile(path);
    const names = ["disabled", "password", "removed", "stays", "totp"];
    await file.update(() => names.map((name) => userRecord(name)));
    const directory = await UserDirectory.open(path);
    const revoked: string[] = [];
    const unusable: string[] = [];
    let reloads = 0;
    directory.watch({
      revoked: (gone) => revoked.push(...gone),
      reloaded: () => reloads++,
      unusable: (reason) => unusable.push(reason),
    });
    try {
      assert.equal(directory.find("removed")?.name, "removed");
      const change = (user: UserRecord): UserRecord =>
        user.name === "disabled"
          ? { ...user, disabled: true }
          : user.name === "password"
          ? { ...user, password: user.password.replace("AAAA", "BBBB") }
          : user.name === "totp"
          ? { ...user, totp: { secret, lastUsed: 0 } }
          : user;
      await file.update((
        users,
      ) => [...users.filter(({ name }) => name !== "removed").map(change), userRecord("new")]);
      await until(() => reloads > 0);
      assert.deepEqual(revoked.sort(), ["disabled", "password", "removed"]);
      assert.equal(directory.find("removed"), undefined);
      assert.equal(directory.find("new")?.name, "new");
      // What can't be used changes nothing.
      await Deno.writeTextFile(path, "{");
      await until(() => unusable.length > 0);
      assert.equal(directory.find("stays")?.name, "stays");
      await Deno.remove(path);
      await until(() => unusable.length > 1);
      assert.equal(directory.find("stays")?.name, "stays");
    } finally {
      await directory.close();
    }
  });
});

Deno.test("a one-time step is used once, by whoever comes first", async () => {
  await withDirectory(async (path) => {
    await new UserFile(path).update(() => [userRecord("alice", { totp: { secret, lastUsed: 5 } })]);
    const directories = await Promise.all([1, 2, 3].map(() => UserDirectory.open(path)));
    const taken = await Promise.all(directories.map((each) => each.useTotpStep("alice", 6)));
    assert.equal(taken.filter((one) => one).length, 1);
    assert.equal(await directories[0].useTotpStep("alice", 5), false);
    assert.equal(await directories[0].useTotpStep("bob", 9), false);
    assert.equal(await (await UserDirectory.open(path)).useTotpStep("alice", 6), false);
    assert.equal(await directories[0].useTotpStep("alice", 7), true);
  });
});
