import assert from "node:assert/strict";
import { apiTokenPath, ApiTokens } from "../../../../lib/portal/api_tokens.ts";
import { scopes } from "../../../../lib/portal/api_tokens.ts";
import { tryRun } from "../../../harness/command.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { vpnCommand } from "../../../harness/program.ts";

Deno.test("tokens are made, listed and revoked; each is shown once", async () => {
  await using directory = await TemporaryDirectory.create();
  const run = async (args: readonly string[]) =>
    await tryRun(
      [...vpnCommand, "portal", "token", ...args].concat(
        ["--state", directory.path],
      ),
    );
  const every = scopes.flatMap((scope) => ["--scope", scope]);
  const made = await run(["add", "ci", ...every, "--days", "3"]);
  assert.equal(made.code, 0, made.stderr);
  const text = made.stdout.trim();
  const tokens = new ApiTokens(apiTokenPath(directory.path));
  const token = await tokens.find(text);
  assert.equal(token?.name, "ci");
  assert.deepEqual(token.scopes, scopes);
  const list = await run(["list", "--json"]);
  assert.ok(!list.stdout.includes(text) && !list.stdout.includes(token.digest));
  assert.equal(JSON.parse(list.stdout)[0].name, "ci");
  assert.equal((await run(["revoke", "ci"])).code, 0);
  assert.equal(await tokens.find(text), undefined);
  const again = await run(["revoke", "ci"]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^vpn: there is no token ci/);
});
