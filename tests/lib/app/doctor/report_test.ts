import assert from "node:assert/strict";
import { reportLines } from "../../../../lib/app/doctor/report.ts";
import { Check } from "../../../../lib/doctor/finding.ts";

const findings = [
  new Check("TUN device").ok("/dev/net/tun can be opened"),
  new Check("port").problem("UDP 1194 is taken", "kill 7"),
  new Check("path MTU").skipped("no ping"),
];

Deno.test("doctor: a report for people", () => {
  assert.deepEqual(reportLines(findings, false), [
    "ok       TUN device  /dev/net/tun can be opened",
    "problem  port        UDP 1194 is taken",
    "                     → kill 7",
    "skipped  path MTU    no ping",
    "",
    "1 problem, 0 warnings.",
  ]);
  assert.equal(reportLines(findings.slice(0, 1), false).at(-1), "Nothing is wrong.");
  assert.ok(reportLines(findings, true)[1].startsWith("\x1b[31mproblem\x1b[0m  port"));
});
