import assert from "node:assert/strict";
import { KeyVolume } from "../../../lib/app/key_volume.ts";
import { RateLimit } from "../../../lib/app/server/rate_limit.ts";

function traffic(bytesIn: number, bytesOut: number, packetsIn = 0, packetsOut = 0) {
  return { bytesIn, bytesOut, packetsIn, packetsOut, lastReceived: 0, tunnelBytes: 0, lastSent: 0 };
}

Deno.test("reneg-bytes counts both directions since the last key", () => {
  const volume = new KeyVolume({ renegBytes: 1000, renegPkts: 0 });
  assert.ok(!volume.exceeded(traffic(500, 499)));
  assert.ok(volume.exceeded(traffic(500, 500)));
  volume.keyChanged(traffic(500, 500), "AES-256-CBC");
  assert.ok(!volume.exceeded(traffic(900, 900)));
  assert.ok(volume.exceeded(traffic(1000, 1000)));
});

Deno.test("reneg-pkts counts packets, and 0 is no limit", () => {
  const volume = new KeyVolume({ renegBytes: undefined, renegPkts: 10 });
  assert.ok(!volume.exceeded(traffic(1e9, 1e9, 5, 4)));
  assert.ok(volume.exceeded(traffic(0, 0, 5, 5)));
  const unlimited = new KeyVolume({ renegBytes: 0, renegPkts: 0 });
  assert.ok(!unlimited.exceeded(traffic(1e12, 1e12, 1e9, 1e9)));
});

Deno.test("AES-GCM has a usage limit for each direction, in messages and blocks", () => {
  const volume = new KeyVolume({ renegBytes: 0, renegPkts: 0 });
  const start = traffic(1e15, 1e15, 1e10, 1e10);
  // 2^36 - 1, of which 2^30 messages and as many last blocks.
  const bytes = (2 ** 36 - 1 - 2 * 2 ** 30) * 16;
  const after = (extra: number, direction: "in" | "out") =>
    direction === "in"
      ? traffic(1e15 + bytes + extra, 1e15, 1e10 + 2 ** 30, 1e10)
      : traffic(1e15, 1e15 + bytes + extra, 1e10, 1e10 + 2 ** 30);
  for (const cipher of ["AES-128-GCM", "AES-256-GCM"]) {
    volume.keyChanged(start, cipher);
    for (const direction of ["in", "out"] as const) {
      assert.ok(!volume.exceeded(after(0, direction)));
      assert.ok(volume.exceeded(after(16, direction)));
    }
    // Both directions together are not what counts.
    assert.ok(!volume.exceeded(traffic(1e15 + bytes / 2, 1e15 + bytes / 2, 1e10, 1e10)));
  }
  volume.keyChanged(start, "CHACHA20-POLY1305");
  assert.ok(!volume.exceeded(after(1e12, "in")));
});

Deno.test("connect-freq lets so many pass in each window", () => {
  const limit = new RateLimit({ count: 2, seconds: 10 });
  const allowed = [0, 1, 2, 9999, 10_000, 10_001, 10_002].map((now) => limit.allow(now));
  assert.deepEqual(allowed, [true, true, false, false, true, true, false]);
  const none = new RateLimit(undefined);
  assert.ok([0, 0, 0].every((now) => none.allow(now)));
});
