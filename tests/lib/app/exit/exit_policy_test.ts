import assert from "node:assert/strict";
import {
  type ExitClient,
  ExitPolicy,
  type ExitVerdict,
} from "../../../../lib/app/exit/exit_policy.ts";
import type { ExitNodeRule } from "../../../../lib/config/mod.ts";

const paris: ExitNodeRule = { name: "paris", fallback: "drop" };
const rome: ExitNodeRule = { name: "rome", clients: ["alice", "bob"], fallback: "server" };

class Clients extends Map<number, ExitClient> {
  connect(name: string, more: Partial<ExitClient> = {}): ExitClient {
    const client = { name, offers: false, ...more };
    this.set(this.size, client);
    return client;
  }
}

function goes(verdict: ExitVerdict): string {
  return verdict.kind === "peer" ? verdict.name : verdict.kind;
}

Deno.test("exit policy: without a rule all go by the server", () => {
  const clients = new Clients();
  const policy = new ExitPolicy({ server: true, rules: [] }, clients);
  const alice = clients.connect("alice", { wish: "paris" });
  clients.connect("paris", { offers: true });
  assert.equal(goes(policy.verdict(alice)), "server");
});

Deno.test("exit policy: the first rule that fits, its fallback, and nobody by itself", () => {
  const clients = new Clients();
  const policy = new ExitPolicy({ server: true, rules: [rome, paris] }, clients);
  const alice = clients.connect("alice");
  const carol = clients.connect("carol");
  assert.equal(goes(policy.verdict(alice)), "server");
  assert.equal(goes(policy.verdict(carol)), "none");
  // A client of that name that does not offer is none.
  clients.connect("rome");
  assert.equal(goes(policy.verdict(alice)), "server");
  const exit = clients.connect("rome", { offers: true });
  assert.equal(goes(policy.verdict(alice)), "rome");
  assert.equal(goes(policy.verdict(exit)), "none");
  const other = clients.connect("paris", { offers: true });
  assert.equal(goes(policy.verdict(carol)), "paris");
  assert.equal(goes(policy.verdict(exit)), "paris");
  assert.equal(goes(policy.verdict(other)), "server");
});

Deno.test("exit policy: a choice goes before a wish, a wish before the rules if it is allowed", () => {
  const clients = new Clients();
  const policy = new ExitPolicy({ server: false, rules: [paris, rome] }, clients);
  clients.connect("paris", { offers: true });
  clients.connect("rome", { offers: true });
  clients.connect("oslo", { offers: true });
  const alice = clients.connect("alice", { wish: "rome" });
  const carol = clients.connect("carol", { wish: "rome" });
  const dave = clients.connect("dave", { wish: "server" });
  assert.equal(goes(policy.verdict(alice)), "rome");
  assert.equal(goes(policy.verdict(carol)), "paris", "rome is not for carol");
  assert.equal(goes(policy.verdict(dave)), "paris", "the server is no exit node");
  policy.choices = new Map([["alice", "oslo"], ["carol", "none"], ["dave", "server"]]);
  assert.equal(goes(policy.verdict(alice)), "oslo");
  assert.equal(goes(policy.verdict(carol)), "none");
  assert.equal(goes(policy.verdict(dave)), "server");
  assert.ok(policy.names("oslo"));
  assert.ok(policy.names("rome"));
  assert.equal(policy.names("alice"), false);
  // Chosen, and away: the rule's fallback, if it has one.
  policy.choices = new Map([["alice", "bern"], ["carol", "rome"]]);
  clients.delete(1);
  assert.equal(goes(policy.verdict(alice)), "none");
  assert.equal(goes(policy.verdict(carol)), "server");
});
