import assert from "node:assert/strict";
import fc from "fast-check";
import { invitationDigest, makeInvitation } from "../../../lib/users/invitation.ts";
import {
  addUser,
  changeUsers,
  isAdministrator,
  requireAdministrator,
  stillToSet,
  withInvitation,
  withPassword,
  withTotp,
} from "../../../lib/users/user_changes.ts";
import { formatUsers, parseUsers, type UserRecord } from "../../../lib/users/user_record.ts";
import { userRecord } from "./user_record.ts";

const totp = { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", lastUsed: 7 };
const both = { password: true, totp: true };

Deno.test("who is invited has neither the former password nor the former codes, and keeps the rest", () => {
  const user = userRecord("alice", { role: "admin", totp, created: 5 });
  const { text, invitation } = makeInvitation(both, 100);
  const invited = withInvitation(user, invitation, 50);
  assert.notEqual(invited.password, user.password);
  assert.equal(invited.passwordSet, 50);
  // Not none: the password would be enough.
  assert.ok(invited.totp !== undefined && invited.totp.secret !== totp.secret);
  assert.deepEqual([invited.name, invited.role, invited.created], ["alice", "admin", 5]);
  assert.equal(invited.invitation?.digest, invitationDigest(text));
  assert.ok(!JSON.stringify(invited).includes(text));
  // Through the file and back.
  assert.deepEqual(parseUsers(formatUsers([invited])), [invited]);
});

Deno.test("an invitation for the one leaves the other as it is", () => {
  const user = userRecord("alice", { totp });
  const codes = withInvitation(
    user,
    makeInvitation({ password: false, totp: true }, 9).invitation,
    1,
  );
  assert.equal(codes.password, user.password);
  const word = withInvitation(
    user,
    makeInvitation({ password: true, totp: false }, 9).invitation,
    1,
  );
  assert.deepEqual(word.totp, totp);
});

Deno.test("what is set otherwise is taken out of the invitation, the last part with it", () => {
  const invited = withInvitation(userRecord("alice"), makeInvitation(both, 100).invitation, 1);
  const half = withPassword(invited, "hash", 2);
  assert.deepEqual(half.invitation, { ...invited.invitation!, password: false });
  assert.equal(withTotp(half, totp).invitation, undefined);
  assert.deepEqual(stillToSet(half, { password: true, totp: false }), both);
});

Deno.test("tokens are long, different, and of one form", () => {
  const texts = Array.from({ length: 50 }, () => makeInvitation(both, 1).text);
  assert.equal(new Set(texts).size, texts.length);
  for (const text of texts) assert.match(invitationDigest(text) ?? "", /^[0-9a-f]{64}$/);
  for (const bad of ["", "x", texts[0].slice(1), `${texts[0]}A`, `${texts[0].slice(1)}/`]) {
    assert.equal(invitationDigest(bad), undefined);
  }
});

Deno.test("a file with half an invitation is refused", () => {
  const invited = withInvitation(userRecord("alice"), makeInvitation(both, 100).invitation, 1);
  const good = formatUsers([invited]);
  for (
    const [from, to] of [
      [invited.invitation!.digest, "x"],
      ['"expires": 100', '"expires": -1'],
      ['"expires": 100', '"expires": "soon"'],
      ['"password": true', '"password": 1'],
      ['"invitation": {', '"invitation": 3, "other": {'],
    ]
  ) {
    const text = good.replace(from, to);
    assert.notEqual(text, good);
    assert.throws(() => parseUsers(text), /"invitation" is wrong/);
  }
});

const user = fc.record({
  role: fc.constantFrom("user" as const, "admin" as const),
  disabled: fc.boolean(),
  codes: fc.boolean(),
  invited: fc.boolean(),
}, { noNullPrototype: true });

function usersOf(
  given: readonly {
    role: UserRecord["role"];
    disabled: boolean;
    codes: boolean;
    invited: boolean;
  }[],
) {
  return given.map(({ role, disabled, codes, invited }, index) =>
    userRecord(`u${index}`, {
      role,
      disabled,
      ...codes && { totp },
      ...invited && { invitation: makeInvitation(both, 1).invitation },
    })
  );
}

Deno.test("no change takes away the last administrator; every other one may be made", () => {
  fc.assert(fc.property(fc.array(user), fc.array(user), (before, after) => {
    const [former, next] = [usersOf(before), usersOf(after)];
    const last = former.some(isAdministrator) && !next.some(isAdministrator);
    const check = () => requireAdministrator(former, next);
    if (last) assert.throws(check, /last administrator/);
    else check();
  }));
});

Deno.test("a name is there once; changes are of those that are named", () => {
  const users = ["a", "b", "c"].map((name) => userRecord(name));
  assert.throws(() => addUser(users, userRecord("b")), /already/);
  assert.equal(addUser(users, userRecord("d")).length, 4);
  const changed = changeUsers(
    users,
    new Set(["a", "c"]),
    (one) => one.name === "a" ? undefined : { ...one, disabled: true },
  );
  assert.deepEqual(changed, [users[1], { ...users[2], disabled: true }]);
});
