import assert from "node:assert/strict";
import { tryRun } from "../../harness/command.ts";
import { ManagedProcess } from "../../harness/process.ts";

const program = new URL("../../../scripts/bench/udp_program.ts", import.meta.url).pathname;
const deno = [Deno.execPath(), "run", "--quiet", "--allow-ffi", program];
const port = "52020";

Deno.test("what is sent over the loopback interface is counted, by length", async () => {
  await using receiver = ManagedProcess.spawn([...deno, "receive", "127.0.0.1", port, "64"]);
  await receiver.waitForLine(/^listening$/);
  const send = (length: string) =>
    tryRun([...deno, "send", "127.0.0.1", port, length, "2000", "0.25"]);
  // Side by side: the receiver ends when nothing comes any more.
  const [right, wrong] = await Promise.all([send("64"), send("65")]);
  const [, sent, seconds] = right.stdout.match(/^sent (\d+) in ([\d.]+) s\n$/) ?? [];
  assert.match(wrong.stdout, /^sent \d+ in/);
  // A busy machine may send less than it was asked for, never more.
  assert.ok(Number(sent) > 0 && Number(sent) <= 502, sent);
  assert.ok(Number(seconds) >= 0.25, seconds);
  const [, received] = await receiver.waitForLine(/^received (\d+) in [\d.]+ s$/);
  assert.equal(received, sent);
});
