import assert from "node:assert/strict";
import { SessionLimits } from "../../../lib/app/session_limits.ts";

function limited(
  options: { readonly inactive?: { seconds: number; bytes: number }; readonly session?: number },
  tunnelBytes: () => number = () => 0,
) {
  const ended = Promise.withResolvers<string>();
  const limits = new SessionLimits({
    inactive: options.inactive,
    sessionTimeout: options.session ?? 0,
    tunnelBytes,
    end: ended.resolve,
  });
  return { ended: ended.promise, limits };
}

Deno.test("a session without traffic ends, and one with too little", async () => {
  let bytes = 0;
  const trickle = setInterval(() => bytes += 10, 100);
  const idle = limited({ inactive: { seconds: 1, bytes: 0 } });
  const slow = limited({ inactive: { seconds: 1, bytes: 1e9 } }, () => bytes);
  assert.deepEqual(await Promise.all([idle.ended, slow.ended]), ["inactive", "inactive"]);
  clearInterval(trickle);
});

Deno.test("a session with traffic goes on", async () => {
  let bytes = 0;
  const traffic = setInterval(() => bytes += 10, 50);
  const busy = limited({ inactive: { seconds: 30, bytes: 0 } }, () => bytes);
  const idle = limited({ inactive: { seconds: 1, bytes: 0 } });
  // Longer than the other's time, whatever the machine is doing.
  await idle.ended;
  assert.equal(await Promise.race([busy.ended, Promise.resolve("goes on")]), "goes on");
  busy.limits.close();
  clearInterval(traffic);
});

Deno.test("a session ends when its time is over, unless it has ended before", async () => {
  const [first, second] = [limited({ session: 1 }), limited({ session: 1 })];
  second.limits.close();
  assert.equal(await first.ended, "session-timeout");
  assert.equal(await Promise.race([second.ended, Promise.resolve("nothing")]), "nothing");
});

Deno.test("0 seconds mean no end, and very many are taken", () => {
  for (const session of [0, 4e9]) {
    limited({ session, inactive: { seconds: 0, bytes: 0 } }).limits.close();
  }
});
