import assert from "node:assert/strict";
import fastCheck from "fast-check";
import { addReports, exitStatus, parseJUnit, summaryLine } from "../../scripts/junit.ts";

/** As deno 2.9.6 writes it; the failure's text holds what could be taken for elements. */
const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.074">
    <testsuite name="./a_test.ts" tests="6" disabled="2" errors="0" failures="2">
        <testcase name="a" classname="./a_test.ts" time="0.001" line="1" col="6">
        </testcase>
        <testcase name="b [skipped: needs root]" classname="./a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="c" classname="./a_test.ts" time="0.001" line="3" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="d &lt;&amp;&gt;" classname="./a_test.ts" time="0.000" line="4" col="6">
            <failure message="Uncaught Error: ]]&gt; x">Error: &lt;testcase name=&quot;x&quot;&gt;
    at file:///a_test.ts:4:32</failure>
        </testcase>
        <testcase name="a &gt; s1" classname="./a_test.ts" time="0.000" line="1" col="37">
        </testcase>
        <testcase name="a &gt; s2" classname="./a_test.ts" time="0.000" line="1" col="65">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>
`;

Deno.test("passed, failed and skipped tests of a report are told apart", () => {
  const parsed = parseJUnit(report);
  assert.deepEqual(parsed, {
    passed: 2,
    failed: ["c", "d <&>"],
    skipped: ["b [skipped: needs root]", "a > s2"],
  });
  assert.equal(summaryLine(addReports(parsed, parsed)), "4 passed, 4 failed, 4 skipped");
});

Deno.test("a report that doesn't hold what it says is refused", () => {
  assert.throws(() => parseJUnit(report.replace('tests="6" failures', 'tests="7" failures')));
  assert.throws(() => parseJUnit(""));
  fastCheck.assert(fastCheck.property(fastCheck.nat(report.length), (length) => {
    // Cut anywhere it is either refused or lacks nothing that counts.
    try {
      assert.deepEqual(parseJUnit(report.slice(0, length)), parseJUnit(report));
    } catch (error) {
      assert.match(String(error), /JUnit/);
    }
  }));
});

Deno.test("the exit status is 0 only when tests ran and none failed", () => {
  const none = { passed: 0, failed: [], skipped: [] };
  assert.equal(exitStatus(none, false), 1);
  assert.equal(exitStatus({ ...none, skipped: ["a"] }, false), 1);
  assert.equal(exitStatus({ ...none, passed: 1 }, true), 0);
  assert.equal(exitStatus({ ...none, passed: 1, failed: ["a"] }, false), 1);
  assert.equal(exitStatus({ ...none, passed: 1, skipped: ["a"] }, false), 0);
  assert.equal(exitStatus({ ...none, passed: 1, skipped: ["a"] }, true), 1);
});
