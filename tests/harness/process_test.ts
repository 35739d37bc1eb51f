import assert from "node:assert/strict";
import { ManagedProcess } from "./process.ts";

Deno.test("waits for a line of stdout or stderr, already written or still to come", async () => {
  await using process = ManagedProcess.spawn(["sh", "-c", "echo one; echo two 22 >&2; exec cat"]);
  const match = await process.waitForLine(/two (\d+)/);
  assert.equal(match[1], "22");
  assert.equal((await process.waitForLine(/^one$/))[0], "one");
});

Deno.test("fails at once, with the output, when the process ends before the line comes", async () => {
  await using process = ManagedProcess.spawn(["sh", "-c", "echo the reason; exit 3"]);
  await assert.rejects(
    process.waitForLine(/never/, { timeoutMs: 60_000 }),
    /ended early \(exit status 3.*\n.*the reason/,
  );
});

Deno.test("fails when the line doesn't come in time", async () => {
  await using process = ManagedProcess.spawn(["sleep", "60"]);
  await assert.rejects(process.waitForLine(/never/, { timeoutMs: 50 }), /in 50 ms/);
});

Deno.test("a line before the mark doesn't count", async () => {
  await using process = ManagedProcess.spawn(["sh", "-c", "echo up; sleep 60"]);
  await process.waitForLine(/up/);
  const mark = process.lineCount;
  await assert.rejects(process.waitForLine(/up/, { after: mark, timeoutMs: 50 }), /in 50 ms/);
});

Deno.test("stop escalates to SIGKILL when a signal is ignored", async () => {
  // An ignored signal stays ignored across exec.
  await using process = ManagedProcess.spawn(["sh", "-c", "trap '' TERM; echo set; exec sleep 60"]);
  await process.waitForLine(/set/);
  assert.equal((await process.stop("SIGTERM", 100)).signal, "SIGKILL");
});

Deno.test("leaving the scope ends the process", async () => {
  let pid = 0;
  {
    await using process = ManagedProcess.spawn(["sleep", "60"]);
    pid = process.pid;
  }
  assert.throws(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound);
});

Deno.test("a grandchild that holds the output doesn't hold the end", async () => {
  await using process = ManagedProcess.spawn(["sh", "-c", "sleep 20 & echo up"]);
  const start = performance.now();
  assert.equal((await process.ended).code, 0);
  assert.ok(performance.now() - start < 15_000);
  assert.deepEqual(process.lines(), ["up"]);
});
