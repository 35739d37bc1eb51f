import assert from "node:assert/strict";
import { groups } from "../../../scripts/bench/plan.ts";
import { isReached, type Target, targetOf } from "../../../scripts/bench/targets.ts";

Deno.test("every target is on a row that is measured", () => {
  const found = groups.flatMap((group) =>
    group.sessions.flatMap(([contender, all]) =>
      all.filter((metric) => targetOf(group.id, contender, metric) !== undefined)
    )
  );
  // One stream: 2 directions × (2 + 3 + 2 engines, 3 ciphers × 2 mixed pairs); cost: 4 × 2 engines;
  // packets and two times: 3 × 2 engines × 3 ciphers; 4 of the server.
  assert.equal(found.length, 2 * (7 + 6) + 8 + 18 + 4);
});

Deno.test("targets are those that were set", () => {
  const bound = (group: string, contender: string, metric: Parameters<typeof targetOf>[2]) =>
    targetOf(group, contender, metric)?.bound;
  assert.equal(bound("udp/AES-256-GCM", "ours-openssl", "tcp1-up"), 4.5);
  assert.equal(bound("udp/AES-256-GCM", "ours-ipsec-mb", "tcp1-down"), 5.5);
  assert.equal(bound("udp/AES-256-CBC", "ours-openssl", "tcp1-up"), 3.5);
  assert.equal(bound("udp/AES-256-CBC", "ours-webcrypto", "tcp1-up"), 0.6);
  assert.equal(bound("udp/CHACHA20-POLY1305", "ours-openssl", "tcp1-up"), 3);
  assert.equal(bound("udp/AES-256-GCM", "ours-openssl", "cpu-down-client"), 0.25);
  assert.equal(bound("udp/AES-256-CBC", "ours-connects", "tcp1-up"), 1);
  assert.equal(bound("udp/AES-256-GCM", "openvpn", "tcp1-up"), undefined);
  assert.equal(bound("udp/AES-256-GCM", "ours-openssl", "tcp4-up"), undefined);
  assert.equal(bound("tcp/AES-256-GCM", "ours-openssl", "tcp1-up"), undefined);
  assert.equal(bound("sessions", "openvpn", "memory-one"), undefined);
});

Deno.test("a bound is held against ratio or value, its edge included or not", () => {
  const target = (of: Target["of"], comparison: Target["comparison"]) =>
    ({ of, comparison, bound: 2 }) as const;
  assert.equal(isReached(target("ratio", "at least"), { ratio: 2, median: 0 }), true);
  assert.equal(isReached(target("ratio", "at least"), { ratio: 1.999, median: 9 }), false);
  assert.equal(isReached(target("ratio", "at most"), { ratio: 2 }), true);
  assert.equal(isReached(target("ratio", "at most"), { ratio: 2.001 }), false);
  assert.equal(isReached(target("value", "below"), { median: 2 }), false);
  assert.equal(isReached(target("value", "below"), { median: 1.999 }), true);
  assert.equal(isReached(target("ratio", "at most"), { median: 1 }), undefined);
  assert.equal(isReached(target("value", "at most"), {}), undefined);
});
