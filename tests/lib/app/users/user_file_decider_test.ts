import assert from "node:assert/strict";
import { AdmissionRefusal } from "../../../../lib/app/server/admission.ts";
import { UserFileDecider } from "../../../../lib/app/users/user_file_decider.ts";
import { openLog } from "../../../../lib/base/log.ts";
import type { VerifiedPeer } from "../../../../lib/pki/mod.ts";
import { parseChallenge } from "../../../../lib/users/mod.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { eventually } from "../../../harness/eventually.ts";
import { makeUsers, userPassword } from "../../../harness/users.ts";
import { testCandidate } from "./candidate.ts";

const login = (username: string, password: string) => ({ username, password, variables: {} });

async function answer(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof AdmissionRefusal);
    return error.answer ?? "";
  }
  return "in";
}

Deno.test("the file of users decides, and ends sessions when it changes", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/users.json`;
  const file = await makeUsers(path, { plain: ["alice", "bob"], totp: ["carol"] });
  const decider = await UserFileDecider.open(path, openLog(0, () => {}));
  try {
    const alice = testCandidate("alice", userPassword);
    const bob = testCandidate("bob", userPassword);
    assert.deepEqual(await decider.decide(login("alice", userPassword), alice), { once: false });
    assert.equal(await answer(decider.decide(login("bob", "wrong horse"), bob)), "");
    // By a token from now on.
    const now = Math.floor(Date.now() / 1000);
    assert.ok(decider.stillValid("bob", now, bob));
    assert.ok(!decider.stillValid("nobody", now, bob));
    const carol = testCandidate("carol", userPassword);
    const asked = await answer(decider.decide(login("carol", userPassword), carol));
    assert.equal(parseChallenge(asked)?.username, "carol");

    await file.update((users) => users.filter(({ name }) => name !== "alice"));
    await eventually("alice is dismissed", () => alice.dismissals.length === 1);
    assert.deepEqual(bob.dismissals, []);
    assert.ok(!decider.stillValid("alice", now, alice));
    bob.leave();
    await file.update((users) => users.map((user) => ({ ...user, passwordSet: now + 10 })));
    await eventually("older tokens don't count", () => !decider.stillValid("bob", now, bob));
    await file.update((users) => users.map((user) => ({ ...user, disabled: true })));
    await eventually("nobody is let in", () => !decider.stillValid("bob", now + 20, bob));
    // Who has left is not looked for.
    assert.deepEqual(bob.dismissals, []);
  } finally {
    await decider.close();
  }
});

Deno.test("without a user name only a certificate lets in", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/users.json`;
  await makeUsers(path, { plain: ["alice"] });
  const decider = await UserFileDecider.open(path, openLog(0, () => {}));
  try {
    assert.equal(await answer(decider.decide(login("", ""), testCandidate("", ""))), "");
    const certificate = { commonName: "device" } as VerifiedPeer;
    const device = testCandidate("", "", { certificate });
    assert.equal(await answer(decider.decide(login("", ""), device)), "in");
  } finally {
    await decider.close();
  }
});

Deno.test("too many wrong passwords are told how long to wait, as far as they understand", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/users.json`;
  await makeUsers(path, { plain: ["alice"] });
  const decider = await UserFileDecider.open(path, openLog(0, () => {}));
  try {
    for (let i = 0; i < 10; i++) {
      const wrong = testCandidate("alice", "wrong");
      assert.equal(await answer(decider.decide(login("alice", "wrong"), wrong)), "");
    }
    const right = login("alice", userPassword);
    assert.match(
      await answer(decider.decide(right, testCandidate("alice", userPassword))),
      /^TEMP\[backoff \d+,advance no\]:too many wrong passwords$/,
    );
    const old = testCandidate("alice", userPassword, { peerInfo: new Map() });
    assert.equal(await answer(decider.decide(right, old)), "");
  } finally {
    await decider.close();
  }
});
