import assert from "node:assert/strict";
import { findUser } from "../../ffi/mod.ts";
import { run } from "../harness/command.ts";
import { testWith } from "../harness/requirements.ts";

const program = new URL("privileges_program.ts", import.meta.url).pathname;
const none = "0000000000000000";
const netAdmin = "0000000000001000";

await testWith("all threads become the user; one keeps the capability", async () => {
  const report = JSON.parse(await run([Deno.execPath(), "run", "-A", program]));
  const { uid, gid } = findUser("nobody")!;
  assert.ok(report.threads.length > 3);
  for (const thread of report.threads) {
    assert.deepEqual(thread.Uid.split("\t"), Array(4).fill(String(uid)));
    assert.deepEqual(thread.Gid.split("\t"), Array(4).fill(String(gid)));
    assert.equal(thread.Groups.trim(), String(gid));
    assert.equal(thread.CapEff, thread.main ? netAdmin : none);
    assert.equal(thread.CapPrm, thread.main ? netAdmin : none);
    assert.equal(thread.nice, "3");
  }
  assert.equal(report.child.CapEff, none);
  assert.equal(report.kept.CapEff, netAdmin);
  assert.equal(report.rootAgain, false);
}, ["root"]);
