/** Whom a request seems to come from: for its allowance, and nothing else. */
import assert from "node:assert/strict";
import { TemporaryDirectory } from "../../harness/directory.ts";
import { apiTokenPath, ApiTokens } from "../../../lib/portal/api_tokens.ts";
import { recognizer } from "../../../lib/portal/recognize.ts";
import { sessionCookie, Sessions } from "../../../lib/portal/sessions.ts";
import type { UserRecord } from "../../../lib/users/mod.ts";

const alice = { name: "alice", passwordSet: 1 } as UserRecord;

Deno.test("a session is recognised by its cookie, does not count as used, and ends", async () => {
  await using directory = await TemporaryDirectory.create();
  let now = 0;
  const sessions = new Sessions({ idle: 1000 }, () => now);
  const recognize = recognizer(sessions, new ApiTokens(apiTokenPath(directory.path)));
  const { id } = sessions.begin(alice);
  const other = "x".repeat(43);
  for (
    const [cookie, expected] of [
      [`${sessionCookie}=${id}`, "session alice"],
      [`a=1; ${sessionCookie}=${id}; b=2`, "session alice"],
      [`${sessionCookie}=${other}`, undefined],
      [`x${sessionCookie}=${id}`, undefined],
      [`${sessionCookie}=${id}x`, undefined],
      [undefined, undefined],
    ] as const
  ) {
    assert.equal(recognize({ cookie }), expected, cookie);
  }
  now = 999;
  assert.equal(recognize({ cookie: `${sessionCookie}=${id}` }), "session alice");
  now = 1000;
  assert.equal(recognize({ cookie: `${sessionCookie}=${id}` }), undefined);
});

Deno.test("a token is recognised once it was good for something; a wrong one never", async () => {
  await using directory = await TemporaryDirectory.create();
  const tokens = new ApiTokens(apiTokenPath(directory.path));
  const recognize = recognizer(new Sessions(), tokens);
  const { text } = await tokens.add({ name: "ci", scopes: ["read"] });
  assert.equal(recognize({ authorization: `Bearer ${text}` }), undefined);
  await tokens.find(text);
  assert.equal(recognize({ authorization: `Bearer ${text}` }), "token ci");
  for (
    const wrong of [text.slice(0, -1), `${text}x`, `vpnt_${"x".repeat(43)}`, "", text.slice(5)]
  ) {
    assert.equal(recognize({ authorization: `Bearer ${wrong}` }), undefined, wrong);
  }
  assert.equal(recognize({ authorization: `Basic ${text}` }), undefined);
});
