/** Signs of life. */
import assert from "node:assert/strict";
import { Keepalive } from "../../../../lib/app/channel/keepalive.ts";

Deno.test("signs are sent until none comes for too long, which is said once", async () => {
  let sent = 0;
  let missed = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  new Keepalive({ interval: 10, timeout: 100 }, () => sent++, () => {
    missed++;
    resolve();
  });
  await promise;
  const before = sent;
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(missed, 1);
  assert.equal(sent, before);
});

Deno.test("whoever hears something misses nothing", async () => {
  let missed = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0; // for longer than the time that none may come
  const keepalive = new Keepalive({ interval: 50, timeout: 2000 }, () => {
    keepalive.received();
    if (++sent === 60) resolve();
  }, () => missed++);
  await promise;
  keepalive.stop();
  assert.equal(missed, 0);
});
