import assert from "node:assert/strict";
import { apiTokenPath, ApiTokens } from "../../../lib/portal/api_tokens.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";

Deno.test("tokens are found by their text alone, and the file does not have it", async () => {
  await using directory = await TemporaryDirectory.create();
  let now = 1000;
  const tokens = new ApiTokens(apiTokenPath(directory.path), () => now);
  const { text, token } = await tokens.add({ name: "ci", scopes: ["settings", "read"] });
  assert.deepEqual(token.scopes, ["read", "settings"]);
  const content = await Deno.readTextFile(tokens.path);
  assert.ok(!content.includes(text.slice(5)));
  assert.equal((await Deno.stat(tokens.path)).mode! & 0o777, 0o600);
  assert.equal((await tokens.find(text))?.name, "ci");
  assert.equal(await tokens.find(token.digest), undefined);
  assert.equal(await tokens.find(`${text}x`), undefined);
  assert.equal(await tokens.find(`vpnt_${"A".repeat(43)}`), undefined);

  const short = await tokens.add({ name: "short", scopes: ["read"], expires: 2000 });
  assert.ok(await tokens.find(short.text));
  now = 2000;
  assert.equal(await tokens.find(short.text), undefined);

  // Another program takes it out.
  assert.ok(await new ApiTokens(tokens.path).revoke("ci"));
  assert.equal(await tokens.find(text), undefined);
  assert.ok(!await tokens.revoke("ci"));
});

Deno.test("a token needs a name of its own and a scope", async () => {
  await using directory = await TemporaryDirectory.create();
  const tokens = new ApiTokens(apiTokenPath(directory.path));
  await tokens.add({ name: "ci", scopes: ["read"] });
  await assert.rejects(tokens.add({ name: "ci", scopes: ["read"] }), /already/);
  await assert.rejects(tokens.add({ name: "x", scopes: [] }), /scope/);
  await assert.rejects(tokens.add({ name: "a b", scopes: ["read"] }), /name/);
  await Deno.writeTextFile(tokens.path, "{}");
  await assert.rejects(tokens.list(), /damaged/);
});
