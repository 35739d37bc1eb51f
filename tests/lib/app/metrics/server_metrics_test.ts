import assert from "node:assert/strict";
import fc from "fast-check";
import { serverMetrics } from "../../../../lib/app/metrics/server_metrics.ts";
import { dropReasonCount } from "../../../../lib/data/drop_reason.ts";
import { readExposition } from "./exposition.ts";
import { countedServer } from "./figures.ts";

const ends = () => [{ kind: "crl", name: "the list", ends: 1_800_000_000_000 }] as const;

Deno.test("the figures are there, under their names and labels", async () => {
  const { figures, shared, clients, counters } = countedServer();
  const registry = serverMetrics({ figures, ends });
  const read = async () => readExposition(await registry.metrics());
  const families = await read();
  const value = (name: string, labels: Record<string, string> = {}) =>
    families.get(name)?.samples.find((sample) =>
      Object.entries(labels).every(([label, text]) => sample.labels[label] === text)
    )?.value;
  assert.equal(value("vpn_clients"), 1);
  assert.equal(value("vpn_clients_limit"), 4);
  assert.equal(value("vpn_received_bytes_total"), 1000);
  assert.equal(value("vpn_received_packets_total"), 10);
  assert.equal(value("vpn_sent_bytes_total"), 2000);
  assert.equal(value("vpn_sent_packets_total"), 20);
  assert.equal(value("vpn_device_read_bytes_total"), 1500);
  assert.equal(value("vpn_device_written_bytes_total"), 0);
  assert.equal(value("vpn_dropped_packets_total", { reason: "not-authentic" }), 7);
  assert.equal(families.get("vpn_dropped_packets_total")?.samples.length, dropReasonCount);
  assert.equal(value("vpn_handshakes_total", { result: "succeeded" }), 3);
  assert.equal(value("vpn_handshakes_total", { result: "tls-error" }), 1);
  assert.equal(value("vpn_handshakes_total", { result: "rate-limited" }), 0);
  assert.equal(value("vpn_renegotiations_total", { initiator: "server" }), 2);
  assert.equal(value("vpn_renegotiations_completed_total"), 1);
  assert.equal(value("vpn_loop_busy_seconds_total"), 0.25);
  assert.equal(value("vpn_loop_turns_total"), 1);
  assert.deepEqual(families.get("vpn_client_round_trip_seconds")?.samples, []);
  assert.equal(value("vpn_info", { engine: "openssl" }), 1);
  assert.equal(value("vpn_certificate_end_timestamp_seconds", { kind: "crl" }), 1_800_000_000);
  assert.ok(value("vpn_oldest_key_age_seconds")! >= 90);
  assert.ok(value("process_resident_memory_bytes")! > 1e6);
  assert.ok(value("process_cpu_seconds_total")! > 0);

  // Read again: nothing is counted twice, and what is gone is gone.
  shared.bytesIn[2] += 500;
  counters.left(shared.peer(2));
  clients.length = 0;
  const later = await read();
  assert.equal(later.get("vpn_received_bytes_total")?.samples[0].value, 1500);
  assert.equal(later.get("vpn_clients")?.samples[0].value, 0);
  assert.deepEqual(later.get("vpn_oldest_key_age_seconds")?.samples, []);
});

Deno.test("round-trip times of all clients in three quantiles", async () => {
  const { figures, clients } = countedServer();
  // In no order; one was not measured yet.
  const times = Array.from({ length: 20 }, (_, index) => (index * 7 % 20 + 1) * 10);
  const measured = times.map((time) => ({ roundTrip: { time, measuredAt: 0 } }));
  clients.push(...measured as unknown as typeof clients);
  const text = await serverMetrics({ figures, ends }).metrics();
  const { samples } = readExposition(text).get("vpn_client_round_trip_seconds")!;
  const byShare = Object.fromEntries(
    samples.map(({ labels, value }) => [labels.share, value]),
  );
  assert.deepEqual(byShare, { "0.5": 0.1, "0.9": 0.18, "1": 0.2 });
});

Deno.test("whatever is counted, the text is well formed and counters do not fall", async () => {
  const { figures, shared } = countedServer();
  const registry = serverMetrics({ figures, ends });
  let before = readExposition(await registry.metrics());
  const reason = fc.integer({ min: 0, max: dropReasonCount - 1 });
  const increase = fc.tuple(reason, fc.nat(2 ** 31), fc.double({ min: 0, max: 1e9, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(increase, async ([reason, count, busy]) => {
      shared.drops[reason] += count;
      shared.bytesOut[2] += count;
      shared.countTurn(busy);
      const after = readExposition(await registry.metrics());
      for (const [name, { type, samples }] of after) {
        if (type !== "counter") continue;
        const former = before.get(name)!.samples;
        assert.equal(samples.length, former.length, name);
        samples.forEach((sample, i) => assert.ok(sample.value >= former[i].value, name));
      }
      before = after;
    }),
    { numRuns: 40 },
  );
});

Deno.test("the figures of one answer are of one moment", async () => {
  const { figures } = countedServer();
  let taken = 0;
  const registry = serverMetrics({ figures: () => (taken++, figures()), ends });
  await registry.metrics();
  assert.equal(taken, 1);
  await registry.metrics();
  assert.equal(taken, 2);
});

Deno.test("the dashboard asks for nothing that does not exist", async () => {
  const { figures } = countedServer();
  const families = readExposition(await serverMetrics({ figures, ends }).metrics());
  const path = new URL("../../../../docs/grafana-dashboard.json", import.meta.url);
  const dashboard = JSON.parse(await Deno.readTextFile(path));
  const expressions: string[] = dashboard.panels.flatMap((
    panel: { targets?: { expr: string }[] },
  ) => (panel.targets ?? []).map(({ expr }) => expr));
  assert.ok(expressions.length >= 12);
  const asked = new Set(
    expressions.flatMap((text) => text.match(/\b(?:vpn|process)_[a-z_]+/g) ?? []),
  );
  for (const name of asked) assert.ok(families.has(name), name);
  for (const expression of expressions) {
    assert.match(expression, /\b(?:vpn|process)_[a-z_]+/);
    // A counter is good for its rate only.
    const counter = /(\w+_total)/.exec(expression);
    if (counter !== null) assert.match(expression, /(rate|increase)\(/);
    for (const [, label] of expression.matchAll(/by \((\w+)\)/g)) {
      const metric = /\b((?:vpn|process)_[a-z_]+)/.exec(expression)![1];
      assert.ok(label in families.get(metric)!.samples[0].labels, expression);
    }
  }
  const ids = dashboard.panels.map(({ id }: { id: number }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(dashboard.uid, "vpn-server");
});
