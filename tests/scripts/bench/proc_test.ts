import assert from "node:assert/strict";
import process from "node:process";
import {
  cpuSeconds,
  memoryOf,
  parseSmapsRollup,
  parseStatTicks,
} from "../../../scripts/bench/proc.ts";

Deno.test("user and system time are added, whatever the program is called", () => {
  // A process of ours, with a name that holds what separates fields.
  const stat = "8200 (a) S 1 (b) S 8163 8160 29129 0 -1 4194560 25522 0 1 0 31 10 0 0 20 0 8 0 " +
    "416842 19597574144 29447 18446744073709551615 93855237296128 93855301208944 0 0";
  assert.equal(parseStatTicks(stat), 41);
});

Deno.test("what is no /proc/PID/stat is refused", () => {
  assert.throws(() => parseStatTicks(""), /not the text/);
  assert.throws(() => parseStatTicks("1 (init) S 0 1"), /not the text/);
});

Deno.test("memory is read in bytes", () => {
  // As Linux 6.18 prints it, shortened.
  const rollup = `555b9e1c5000-7ffd5d1f2000 ---p 00000000 00:00 0                          [rollup]
Rss:              104012 kB
Pss:               66010 kB
Pss_Dirty:         51232 kB
Shared_Clean:      40960 kB
`;
  assert.deepEqual(parseSmapsRollup(rollup), { rss: 104012 * 1024, pss: 66010 * 1024 });
  assert.throws(() => parseSmapsRollup("Rss: 1 kB\n"), /no Pss/);
});

Deno.test("this process's own figures agree with Deno's", async () => {
  // In seconds: /proc counts in ticks of 0.01 s, and time goes by between the two calls.
  const { user, system } = process.cpuUsage();
  const seconds = await cpuSeconds(Deno.pid);
  assert.ok(Math.abs(seconds - (user + system) / 1e6) < 0.5, `${seconds} s`);
  const { rss, pss } = await memoryOf(Deno.pid);
  assert.ok(pss > 0 && pss <= rss);
  const other = Deno.memoryUsage().rss;
  assert.ok(rss > other / 2 && rss < other * 2, `${rss} bytes`);
});
