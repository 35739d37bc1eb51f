import assert from "node:assert/strict";
import { drawChart } from "../../../scripts/bench/chart.ts";
import { benchmarkPage } from "../../../scripts/bench/page.ts";
import { plan } from "../../../scripts/bench/plan.ts";
import { parseReport, Recorder, type Report } from "../../../scripts/bench/report.ts";
import { tableMarkdown, tablesOf, tableText } from "../../../scripts/bench/tables.ts";

const machine = {
  ...{ processor: "A <fast> & good processor", cores: 2, memory: 25e9, system: "Debian 12" },
  ...{ kernel: "6.1.0", congestionControl: "cubic", load: 0.1, commit: "abc1234" },
  versions: { Deno: "2.9.6", OpenVPN: "2.6.14" },
};

/** Two rounds: one target reached, one missed, one never measured. */
function example(): Report {
  const sessions = plan(/udp\/AES-256-GCM\/ours-(openssl|ipsec-mb)\/(tcp1-up|rtt-idle)$/)
    .flatMap((group) => group.sessions);
  const recorder = new Recorder(2, sessions);
  const [openvpn, openssl, ipsecMb] = sessions;
  recorder.add(openvpn, "tcp1-up", 0, 700);
  recorder.add(openvpn, "tcp1-up", 1, 600);
  recorder.add(openvpn, "rtt-idle", 0, 0.2);
  recorder.add(openssl, "tcp1-up", 0, 3500);
  recorder.add(openssl, "tcp1-up", 1, 3000);
  recorder.add(openssl, "rtt-idle", 0, 0.3);
  recorder.miss(openssl, "rtt-idle", "failed: no | answer");
  recorder.miss(openssl, "rtt-idle", "failed: later");
  for (const metric of ipsecMb.metrics) recorder.miss(ipsecMb, metric, "not installed");
  // Neither was planned.
  recorder.add(openssl, "udp64", 0, 1);
  recorder.add(openssl, "tcp1-up", 2, 1);
  return {
    format: 1,
    date: "2026-11-21T04:00:00.000Z",
    machine,
    settings: { runs: 2, seconds: 5, clients: 100, executable: false },
    complete: true,
    rows: recorder.rows(),
  };
}

Deno.test("rows have medians, ratios, targets and reasons", () => {
  const { rows } = example();
  assert.equal(rows.length, 6);
  const find = (contender: string, metric: string) => {
    const row = rows.find((each) => each.contender === contender && each.metric === metric);
    assert.ok(row !== undefined);
    return row;
  };
  const rate = find("ours-openssl", "tcp1-up");
  assert.deepEqual(
    [rate.median, rate.minimum, rate.maximum, rate.ratio, rate.reached, rate.missing],
    [3250, 3000, 3500, 5, true, undefined],
  );
  const time = find("ours-openssl", "rtt-idle");
  assert.deepEqual(time.samples, [0.3, null]);
  assert.deepEqual([time.reached, time.missing], [false, "failed: no | answer"]);
  const absent = find("ours-ipsec-mb", "tcp1-up");
  assert.deepEqual([absent.median, absent.reached, absent.missing], [
    ...[undefined, undefined, "not installed"],
  ]);
  const other = find("openvpn", "tcp1-up");
  assert.deepEqual([other.ratio, other.target], [undefined, undefined]);
});

Deno.test("a row that nothing is known of says that the run ended", () => {
  const sessions = plan(/sessions\/ours-auto\/connect/).flatMap((group) => group.sessions);
  assert.equal(new Recorder(1, sessions).rows()[0].missing, "the run ended before that");
});

Deno.test("a report read back gives the same tables, page and chart", () => {
  const report = example();
  const again = parseReport(JSON.stringify(report));
  assert.deepEqual(tablesOf(again), tablesOf(report));
  assert.equal(benchmarkPage(again, "a.svg"), benchmarkPage(report, "a.svg"));
  assert.equal(drawChart(again), drawChart(report));
  assert.throws(() => parseReport('{"format": 0, "rows": []}'), /not a report/);
  assert.throws(() => parseReport("null"), /not a report/);
});

Deno.test("the tables show figures, ratios, marks and what is missing", () => {
  const text = tablesOf(example()).map(tableText).join("\n");
  assert.match(text, /one TCP stream up, Mbit\/s +650 +3,250 \(5\.00 ×\) ✓ +–\n/);
  assert.match(text, /round-trip time, idle, ms +0\.200 +0\.300 \(1\.50 ×\) ✗ +–\n/);
  assert.match(text, /ours, ipsec-mb: not measured: not installed\n/);
  assert.match(text, /\(round-trip time, idle\): some rounds are missing: failed: no \| answer\n/);
  assert.match(text, /650 +3,250 +3,000 +3,500 +5\.00 × +at least 4\.5 × +✓\n/);
  // Of four: idle times and rates of two engines.
  assert.match(text, /1 of 4 targets reached, 1 missed, 2 not measured\./);
  const widths = tableText(tablesOf(example())[0]).split("\n").slice(1, 4)
    .map((line) => line.length);
  assert.equal(new Set(widths.slice(1)).size, 1, "columns are aligned");
});

Deno.test("what means something to Markdown is escaped in its tables", () => {
  const markdown = tablesOf(example()).map(tableMarkdown).join("\n");
  assert.match(markdown, /failed: no \\\| answer/);
  assert.match(markdown, /^\| {2}\| OpenVPN \| ours, openssl \| ours, ipsec-mb \|$/m);
  assert.match(markdown, /^\| --- \| ---: \| ---: \| ---: \|$/m);
});

Deno.test("the page describes machine, versions and run", () => {
  const page = benchmarkPage(example(), "benchmarks.svg");
  assert.match(
    page,
    /A \\<fast\\> & good processor, 2 cores, 25 GB of memory; Debian 12, Linux 6\.1\.0/,
  );
  assert.match(page, /Deno 2\.9\.6, OpenVPN 2\.6\.14; this project at abc1234, run from source/);
  assert.match(page, /!\[[^\]]+\]\(benchmarks\.svg\)/);
  assert.doesNotMatch(benchmarkPage(example()), /!\[/);
  assert.match(benchmarkPage({ ...example(), complete: false }), /interrupted/);
  assert.doesNotMatch(page, /Others were at work/);
  const busy = { ...example(), machine: { ...machine, load: 4.6 } };
  assert.match(benchmarkPage(busy), /Others were at work on this machine \(load average 4\.6/);
});
