import assert from "node:assert/strict";
import { KeyVolume } from "../../../lib/app/key_volume.ts";
import { RateLimit } from "../../../lib/app/server/rate_limit.ts";

function traffic(bytesIn: number, bytesOut: number, packetsIn = 0, packetsOut = 0) {
  return { bytesIn, bytesOut, packetsIn, packetsOut, lastReceived: 0, tunnelBytes: 0, lastSent: 0 };
}

Deno.test("reneg-bytes counts both directions since the last key", () => {
  const volume = new KeyVolume({ renegBytes: 1000, renegPkts: 0 });
  assert.ok(volume.limited);
  assert.ok(!volume.exceeded(traffic(500, 499)));
  assert.ok(volume.exceeded(traffic(500, 500)));
  volume.keyChanged(traffic(500, 500));
  assert.ok(!volume.exceeded(traffic(900, 900)));
  assert.ok(volume.exceeded(traffic(1000, 1000)));
});

Deno.test("reneg-pkts counts packets, and 0 is no limit", () => {
  const volume = new KeyVolume({ renegBytes: undefined, renegPkts: 10 });
  assert.ok(!volume.exceeded(traffic(1e9, 1e9, 5, 4)));
  assert.ok(volume.exceeded(traffic(0, 0, 5, 5)));
  const unlimited = new KeyVolume({ renegBytes: 0, renegPkts: 0 });
  assert.ok(!unlimited.limited);
  assert.ok(!unlimited.exceeded(traffic(1e12, 1e12, 1e9, 1e9)));
});

Deno.test("connect-freq lets so many pass in each window", () => {
  const limit = new RateLimit({ count: 2, seconds: 10 });
  const allowed = [0, 1, 2, 9999, 10_000, 10_001, 10_002].map((now) => limit.allow(now));
  assert.deepEqual(allowed, [true, true, false, false, true, true, false]);
  const none = new RateLimit(undefined);
  assert.ok([0, 0, 0].every((now) => none.allow(now)));
});
