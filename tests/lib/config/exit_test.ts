import assert from "node:assert/strict";
import { client, refusal, server } from "./profile.ts";

Deno.test("exit-node: the server, its clients, for whom, and instead", () => {
  assert.equal(server().exit, undefined);
  assert.deepEqual(server("exit-node", "exit-out eth0").exit, {
    server: true,
    out: "eth0",
    rules: [],
  });
  const { exit } = server(
    "setenv opt exit-node",
    "exit-node paris for alice bob fallback server",
    "exit-node rome fallback server",
    "exit-node oslo",
    "exit-choices /state/choices",
  );
  assert.deepEqual(exit, {
    server: true,
    rules: [
      { name: "paris", clients: ["alice", "bob"], fallback: "server" },
      { name: "rome", fallback: "server" },
      { name: "oslo", fallback: "drop" },
    ],
    choices: "/state/choices",
  });
});

Deno.test("exit-choices: in the state directory unless said otherwise", () => {
  assert.equal(server("state /state").exit?.choices, "/state/exit-choices");
  assert.equal(server("state /state", "exit-choices /other").exit?.choices, "/other");
});

Deno.test("exit-node: what makes no sense is refused", () => {
  const wrong: [string, RegExp][] = [
    ["exit-node server", /"exit-node" alone/],
    ["exit-node paris for", /names no client/],
    // "fallback server" at the end is no pair of clients.
    ["exit-node\nexit-node paris for fallback server", /names no client/],
    ["exit-node paris alice", /expects "for"/],
    ["exit-node paris fallback rome", /expects server/],
    ["exit-node paris fallback server", /falls back to a server that is no exit node/],
    ["exit-out eth0", /without "exit-node"/],
    ["exit-node\nexit-out eth0;x", /name of a network interface/],
    ["advertise-exit", /is for clients/],
  ];
  for (const [line, problem] of wrong) {
    assert.match(refusal(() => server(...line.split("\n"))) ?? "", problem, line);
  }
});

Deno.test("advertise-exit: for clients, who have no exit nodes of their own", () => {
  assert.equal(client().advertiseExit, undefined);
  assert.deepEqual(client("advertise-exit").advertiseExit, {});
  assert.deepEqual(client("advertise-exit", "exit-out wlan0").advertiseExit, { out: "wlan0" });
  assert.match(refusal(() => client("exit-node")) ?? "", /is for servers/);
  assert.match(refusal(() => client("exit-choices x")) ?? "", /is for servers/);
  assert.match(refusal(() => client("exit-out x")) ?? "", /without "advertise-exit"/);
});
