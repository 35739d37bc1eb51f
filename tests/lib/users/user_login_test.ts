import assert from "node:assert/strict";
import { decodeBase32 } from "../../../lib/users/base32.ts";
import { dynamicResponse, staticResponse } from "../../../lib/users/challenge.ts";
import { hashPassword } from "../../../lib/users/password_hash.ts";
import { totpCode, totpStep } from "../../../lib/users/totp.ts";
import { UserDirectory } from "../../../lib/users/user_directory.ts";
import { UserFile } from "../../../lib/users/user_file.ts";
import { type LoginLimits, UserLogin } from "../../../lib/users/user_login.ts";
import type { UserRecord } from "../../../lib/users/user_record.ts";
import { until, userRecord } from "./user_record.ts";

const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const password = "correct horse";
const hash = await hashPassword(password);
const now = 1_800_000_000_000;

const code = (offset = 0) => totpCode(decodeBase32(secret)!, totpStep(now) + offset);

interface Setting {
  readonly login: UserLogin;
  readonly path: string;
  /** Kind and detail of the verdict. */
  attempt(name: string, password: string, source?: string, at?: number): Promise<string>;
}

async function withUsers(
  users: readonly UserRecord[],
  limits: LoginLimits,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "vpntest-" });
  try {
    const path = `${directory}/users.json`;
    await new UserFile(path).update(() => users);
    const login = new UserLogin(await UserDirectory.open(path), limits);
    await body({
      login,
      path,
      attempt: async (username, given, source = "192.0.2.1", at = now) => {
        const verdict = await login.decide({ username, password: given, source }, at);
        return verdict.kind === "refused" ? `refused: ${verdict.detail}` : verdict.kind;
      },
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const alice = userRecord("alice", { password: hash });
const disabled = userRecord("disabled", { password: hash, disabled: true });
const totp = userRecord("totp", { password: hash, totp: { secret, lastUsed: 0 } });

Deno.test("a password lets its user in, and no other", async () => {
  await withUsers([alice, disabled], {}, async ({ login, attempt }) => {
    assert.equal(await attempt("alice", password), "accepted");
    assert.equal(await attempt("alice", staticResponse(password, "")), "accepted");
    assert.equal(await attempt("alice", "wrong horse"), "refused: wrong password");
    assert.equal(await attempt("alice", ""), "refused: wrong password");
    assert.equal(await attempt("mallory", password), "refused: no such user");
    assert.equal(await attempt("", ""), "refused: no such user");
    assert.equal(await attempt("disabled", "wrong horse"), "refused: wrong password");
    assert.equal(await attempt("disabled", password), "refused: disabled");
    // Whoever doesn't know the password isn't told why.
    for (const name of ["alice", "mallory", "disabled"]) {
      const verdict = await login.decide({ username: name, password: "x", source: "::1" }, now);
      assert.ok(verdict.kind === "refused" && verdict.reason === undefined);
    }
  });
});

Deno.test("a code goes with the password, once", async () => {
  await withUsers([totp], {}, async ({ attempt }) => {
    assert.equal(
      await attempt("totp", staticResponse(password, "000000")),
      "refused: wrong or used one-time code",
    );
    assert.equal(
      await attempt("totp", staticResponse("wrong", code())),
      "refused: wrong password",
    );
    assert.equal(await attempt("totp", staticResponse(password, code())), "accepted");
    assert.match(await attempt("totp", staticResponse(password, code())), /used one-time code/);
    assert.equal(await attempt("totp", staticResponse(password, code(1))), "accepted");
  });
});

Deno.test("a code is asked for, and the answer counts once and for three minutes", async () => {
  const other = { ...totp, name: "other" };
  await withUsers([totp, alice, other], {}, async ({ login, attempt }) => {
    const ask = async () => {
      const verdict = await login.decide({ username: "totp", password, source: "::1" }, now);
      assert.ok(verdict.kind === "challenge");
      assert.equal(verdict.challenge.username, "totp");
      return verdict.challenge.state;
    };
    const state = await ask();
    assert.match(await attempt("totp", dynamicResponse(state, "000000")), /wrong or used/);
    assert.match(await attempt("alice", dynamicResponse(state, code())), /no challenge/);
    assert.match(await attempt("nobody", dynamicResponse(state, code())), /no challenge/);
    assert.match(
      await attempt("totp", dynamicResponse(state, code()), "::1", now + 180_000),
      /too late/,
    );
    // The last of its 40 bytes is in the last two characters.
    const forged = state.slice(0, -4) + (state.endsWith("AAAA") ? "BBBB" : "AAAA");
    assert.match(await attempt("totp", dynamicResponse(forged, code())), /no challenge/);
    assert.match(await attempt("other", dynamicResponse(state, code())), /no challenge/);
    assert.match(await attempt("totp", dynamicResponse("", code())), /no challenge/);
    assert.equal(await attempt("totp", dynamicResponse(state, code())), "accepted");
    assert.match(await attempt("totp", dynamicResponse(state, code())), /used one-time code/);
  });
});

Deno.test("a code that can't be marked as used is not taken", async () => {
  await withUsers([totp], {}, async ({ attempt, path }) => {
    // No directory to write into any more.
    await Deno.remove(path);
    await Deno.rename(path.replace(/\/[^/]*$/, ""), `${path.replace(/\/[^/]*$/, "")}-moved`);
    try {
      assert.equal(await attempt("totp", staticResponse(password, code())), "later");
    } finally {
      await Deno.rename(`${path.replace(/\/[^/]*$/, "")}-moved`, path.replace(/\/[^/]*$/, ""));
    }
  });
});

Deno.test("a source that was wrong too often has to wait, whatever it says then", async () => {
  const limits = { source: { failures: 2 } };
  await withUsers([alice], limits, async ({ attempt }) => {
    assert.match(await attempt("alice", "a"), /refused/);
    assert.match(await attempt("bob", "b"), /refused/);
    assert.equal(await attempt("alice", password), "later");
    assert.equal(await attempt("alice", password, "192.0.2.2"), "accepted");
  });
});

Deno.test("a name that was guessed at too often has to wait, except where its owner is", async () => {
  const limits = { name: { failures: 2 } };
  await withUsers([alice], limits, async ({ attempt }) => {
    assert.equal(await attempt("alice", password, "2001:db8::1"), "accepted");
    assert.match(await attempt("alice", "a", "192.0.2.1"), /refused/);
    assert.match(await attempt("alice", "b", "192.0.2.2"), /refused/);
    assert.equal(await attempt("alice", password, "192.0.2.3"), "later");
    assert.equal(await attempt("alice", password, "2001:db8::2"), "accepted");
  });
});

Deno.test("a flood of log-ins is bounded: some at once, some wait, the rest come later", async () => {
  await withUsers([alice], { atOnce: 1, waiting: 2 }, async ({ attempt }) => {
    const verdicts = await Promise.all(
      Array.from({ length: 10 }, (_, i) => attempt("alice", password, `192.0.2.${i}`)),
    );
    assert.equal(verdicts.filter((kind) => kind === "accepted").length, 3);
    assert.equal(verdicts.filter((kind) => kind === "later").length, 7);
  });
});

Deno.test("a burst from one source gets no more guesses than its limit", async () => {
  const limits = { atOnce: 1, waiting: 20, source: { failures: 2 } };
  await withUsers([alice], limits, async ({ attempt }) => {
    const verdicts = await Promise.all(
      Array.from({ length: 10 }, (_, i) => attempt("alice", `wrong${i}`)),
    );
    assert.equal(verdicts.filter((kind) => kind === "later").length, 8);
  });
});

Deno.test("a name that nobody has costs a hash like any other", async () => {
  const directory = await Deno.makeTempDir({ prefix: "vpntest-" });
  try {
    const path = `${directory}/users.json`;
    await new UserFile(path).update(() => [alice]);
    const hashes: string[] = [];
    const login = new UserLogin(await UserDirectory.open(path), {}, (_password, hash) => {
      hashes.push(hash);
      return Promise.resolve(false);
    });
    for (const username of ["alice", "nobody"]) {
      await login.decide({ username, password, source: "192.0.2.1" }, now);
    }
    assert.equal(hashes[0], hash);
    // The same cost: what stands between the first dollar signs.
    assert.equal(hashes[1].split("$")[2], hash.split("$")[2]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("who is disabled or changes the password meanwhile can't answer any more", async () => {
  const changes: [Partial<UserRecord>, string][] = [
    [{ disabled: true }, "refused: disabled"],
    [{ password: await hashPassword("another one") }, "refused: an answer to no challenge"],
  ];
  for (const [change, expected] of changes) {
    const directory = await Deno.makeTempDir({ prefix: "vpntest-" });
    const path = `${directory}/users.json`;
    const file = new UserFile(path);
    await file.update(() => [totp]);
    const users = await UserDirectory.open(path);
    try {
      const login = new UserLogin(users);
      const source = "192.0.2.1";
      const asked = await login.decide({ username: "totp", password, source }, now);
      assert.ok(asked.kind === "challenge");
      let reloads = 0;
      users.watch({ revoked: () => {}, reloaded: () => reloads++, unusable: () => {} });
      await file.update(() => [{ ...totp, ...change }]);
      await until(() => reloads > 0);
      const answer = dynamicResponse(asked.challenge.state, code());
      const verdict = await login.decide({ username: "totp", password: answer, source }, now);
      assert.ok(verdict.kind === "refused");
      assert.ok(`refused: ${verdict.detail}`.startsWith(expected), verdict.detail);
    } finally {
      await users.close();
      await Deno.remove(directory, { recursive: true });
    }
  }
});
