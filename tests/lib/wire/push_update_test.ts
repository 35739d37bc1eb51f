import assert from "node:assert/strict";
import fc from "fast-check";
import { applyPushUpdate, isUpdatable, parsePushChange } from "../../../lib/wire/push_update.ts";

const current = [
  "route 10.1.0.0 255.255.0.0",
  "route 10.2.0.0 255.255.0.0",
  "route-gateway 10.8.0.1",
  "dns server 1 address 10.8.0.1",
  "redirect-gateway def1",
  "ping 10",
  "ping-restart 60",
  "ifconfig 10.8.0.2 255.255.255.0",
  "peer-id 0",
];

function updated(...update: string[]): readonly string[] {
  const outcome = applyPushUpdate(current, update);
  assert.equal(outcome.kind, "updated");
  return outcome.kind === "updated" ? outcome.options : [];
}

Deno.test("the first route takes the place of all, those behind it are added", () => {
  const routes = updated("route 10.3.0.0 255.255.0.0", "route 10.4.0.0 255.255.0.0")
    .filter((option) => option.startsWith("route "));
  assert.deepEqual(routes, ["route 10.3.0.0 255.255.0.0", "route 10.4.0.0 255.255.0.0"]);
  assert.ok(updated("route 10.3.0.0").includes("route-gateway 10.8.0.1"));
});

Deno.test("an option is taken away by its name alone", () => {
  assert.deepEqual(
    updated("-route", "-redirect-gateway", "-dns"),
    ["route-gateway 10.8.0.1", ...current.slice(5)],
  );
  assert.equal(applyPushUpdate(current, ["-route 10.1.0.0"]).kind, "refused");
  assert.deepEqual(updated("-block-ipv6"), current);
});

Deno.test("the last one of an option that there is once counts", () => {
  const options = updated("ifconfig 10.8.0.9 255.255.255.0", "ifconfig 10.8.0.10 255.255.255.0");
  assert.deepEqual(options.filter((option) => option.startsWith("ifconfig ")), [
    "ifconfig 10.8.0.10 255.255.255.0",
  ]);
  assert.ok(!updated("redirect-private local").includes("redirect-gateway def1"));
  assert.deepEqual(updated("keepalive 5 30").filter((option) => option.startsWith("ping")), [
    "ping 5",
    "ping-restart 30",
  ]);
});

Deno.test("what can't be changed refuses the update, unless it may be left out", () => {
  for (const text of ["cipher AES-256-GCM", "peer-id 5", "?-route", "-?", "", "-", "--route"]) {
    assert.deepEqual(applyPushUpdate(current, ["-dns", text]), {
      kind: "refused",
      offending: text,
    });
  }
  for (const text of ["?cipher AES-256-GCM", "-?peer-id"]) {
    assert.deepEqual(applyPushUpdate(current, [text]), {
      kind: "updated",
      options: current,
      ignored: [text],
    });
  }
  assert.deepEqual(parsePushChange("-?dns"), {
    remove: true,
    optional: true,
    name: "dns",
    option: "dns",
  });
});

Deno.test("whatever is updated, options that can't be stay as they are", () => {
  const change = fc.oneof(
    fc.constantFrom("-route", "?foo", "-?dns", "route 1.2.3.4", "keepalive 1 2", "-keepalive"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(change), (update) => {
    const outcome = applyPushUpdate(current, update);
    if (outcome.kind === "refused") return;
    const fixed = (options: readonly string[]) =>
      options.filter((option) => {
        const [name] = option.split(" ");
        return !isUpdatable(name) && !name.startsWith("ping");
      });
    assert.deepEqual(fixed(outcome.options), fixed(current));
  }));
});
