import assert from "node:assert/strict";
import { groups, plan, rowId } from "../../../scripts/bench/plan.ts";

function rows(filter?: RegExp): string[] {
  return plan(filter).flatMap(({ sessions }) =>
    sessions.flatMap(({ group, contender, metrics }) =>
      metrics.map((metric) => rowId(group.id, contender.id, metric))
    )
  );
}

Deno.test("without a filter all is measured, each row once", () => {
  const all = rows();
  assert.equal(new Set(all).size, all.length);
  const expected = groups.flatMap(({ sessions }) => sessions.flatMap(([, metrics]) => metrics));
  assert.equal(all.length, expected.length);
});

Deno.test("what OpenVPN is compared with is measured of it as well, and no more", () => {
  assert.deepEqual(rows(/^udp\/AES-256-GCM\/ours-openssl\/(tcp1-up|udp64)$/), [
    ...["udp/AES-256-GCM/openvpn/tcp1-up", "udp/AES-256-GCM/openvpn/udp64"],
    ...["udp/AES-256-GCM/ours-openssl/tcp1-up", "udp/AES-256-GCM/ours-openssl/udp64"],
  ]);
});

Deno.test("a filter may match OpenVPN alone, or nothing", () => {
  assert.deepEqual(rows(/^sessions\/openvpn\/connect$/), ["sessions/openvpn/connect"]);
  assert.deepEqual(rows(/nothing/), []);
});

Deno.test("OpenVPN comes first in each round", () => {
  for (const { group, sessions } of plan()) {
    if (group.id !== "none") assert.equal(sessions[0].contender.id, "openvpn");
  }
});
