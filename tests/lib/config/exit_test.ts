import assert from "node:assert/strict";
import { client, refusal, server } from "./profile.ts";

Deno.test("exit-node: the server", () => {
  assert.equal(server().exit, undefined);
  assert.deepEqual(server("exit-node", "exit-out eth0").exit, {
    server: true,
    out: "eth0",
    rules: [],
  });
});

Deno.test("exit-out: only with exit-node, and a device", () => {
  assert.match(refusal(() => server("exit-out eth0")) ?? "", /without "exit-node"/);
  const wrong = refusal(() => server("exit-node", "exit-out eth0/x")) ?? "";
  assert.match(wrong, /name of a network interface/);
  assert.match(refusal(() => client("exit-node")) ?? "", /is for servers/);
});
