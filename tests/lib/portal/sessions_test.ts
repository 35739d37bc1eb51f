import assert from "node:assert/strict";
import { Sessions } from "../../../lib/portal/sessions.ts";
import type { UserRecord } from "../../../lib/users/mod.ts";

const user: UserRecord = {
  name: "root",
  role: "admin",
  disabled: false,
  password: "",
  passwordSet: 1,
};
const find = () => user;

Deno.test("a session ends when it is idle, and after its longest life in any case", () => {
  let now = 0;
  const sessions = new Sessions({ idle: 100, absolute: 250 }, () => now);
  const { id } = sessions.begin(user);
  for (now = 90; now < 250; now += 90) assert.ok(sessions.find(id, find), String(now));
  now = 250;
  assert.equal(sessions.find(id, find), undefined);
  const second = sessions.begin(user);
  now += 100;
  assert.equal(sessions.find(second.id, find), undefined);
  assert.equal(sessions.size, 0);
});

Deno.test("a user who is gone, disabled, or has another password, role or codes has no session", () => {
  for (
    const changed of [
      () => undefined,
      () => ({ ...user, disabled: true }),
      () => ({ ...user, passwordSet: 2 }),
      () => ({ ...user, password: "other" }),
      () => ({ ...user, role: "user" as const }),
      () => ({ ...user, totp: { secret: "AAAA", lastUsed: 0 } }),
    ]
  ) {
    const sessions = new Sessions();
    const { id } = sessions.begin(user);
    assert.ok(sessions.find(id, find));
    assert.equal(sessions.find(id, changed), undefined);
    assert.equal(sessions.find(id, find), undefined);
  }
});

Deno.test("a code that was used ends no session", () => {
  const sessions = new Sessions();
  const totp = { secret: "AAAA", lastUsed: 1 };
  const { id } = sessions.begin({ ...user, totp });
  assert.ok(sessions.find(id, () => ({ ...user, totp: { ...totp, lastUsed: 2 } })));
});

Deno.test("sessions are bounded, by user and in all", () => {
  const sessions = new Sessions({ perUser: 2, total: 3 });
  const ids = [1, 2, 3].map(() => sessions.begin(user).id);
  assert.equal(sessions.size, 2);
  assert.equal(sessions.find(ids[0], find), undefined);
  assert.ok(sessions.find(ids[2], find));
  for (const name of ["a", "b", "c"]) sessions.begin({ ...user, name });
  assert.equal(sessions.size, 3);
});

Deno.test("log-out ends a session", () => {
  const sessions = new Sessions();
  const { id } = sessions.begin(user);
  sessions.end(id);
  assert.equal(sessions.find(id, find), undefined);
});
