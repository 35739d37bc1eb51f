/**
 * A server's metrics and its control socket, with OpenVPN at the other end: what a scraper, a
 * collector and somebody at a terminal see of a client that comes, sends and is sent away.
 */
import assert from "node:assert/strict";
import type { ServerReport } from "../../lib/app/control_socket/server_report.ts";
import { readExposition } from "../lib/app/metrics/exposition.ts";
import { debianPython } from "../../scripts/packages.ts";
import { Collector } from "../harness/collector.ts";
import { run, tryRun } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { vpnCommand } from "../harness/program.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** Fetches an address inside a network namespace. */
const fetchProgram = "const answer = await fetch(Deno.args[0]);" +
  "console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));";

await testWith(
  "a client's coming, traffic and end are seen by scraper, collector and terminal",
  async () => {
    await using scenario = await Scenario.create("metrics");
    const { namespace } = scenario.serverHost;
    const file = async (name: string, text: string) => {
      const path = `${scenario.directory}/${name}`;
      await Deno.writeTextFile(path, text);
      return path;
    };
    const fetcher = await file("fetch.ts", fetchProgram);
    const socket = `${scenario.directory}/control.sock`;
    await using collector = await Collector.start(namespace);
    await using server = await scenario.startServer({
      implementation: "ours",
      // The namespace is the test's own: nobody else has this port.
      extra: ["metrics 9100", `control-socket ${socket}`],
      env: Collector.environment,
    });
    await server.ready();
    await server.process.waitForLine(/Metrics are at http:\/\/127\.0\.0\.1:9100\/metrics/);

    const scrape = async () => {
      const command = [Deno.execPath(), "run", "-A", "--no-config", fetcher];
      const stdout = await namespace.exec([...command, "http://127.0.0.1:9100/metrics"]);
      const { status, text } = JSON.parse(stdout);
      assert.equal(status, 200);
      const families = readExposition(text);
      return (name: string, label = "") =>
        families.get(name)?.samples.find(({ labels }) =>
          label === "" || Object.values(labels).includes(label)
        )?.value;
    };
    const report = async (): Promise<ServerReport> =>
      JSON.parse(await run([...vpnCommand, "status", "--json", "--socket", socket]));

    const before = await scrape();
    assert.equal(before("vpn_clients"), 0);
    assert.equal(before("vpn_handshakes_total", "succeeded"), 0);
    assert.ok(before("vpn_certificate_end_timestamp_seconds", "server")! > Date.now() / 1000);
    await eventually(
      "the control socket answers",
      async () => (await report()).clients.length === 0,
    );

    await using client = await scenario.startClient({ implementation: "openvpn" });
    await client.ready();
    await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [1000]);
    const during = await scrape();
    assert.equal(during("vpn_clients"), 1);
    assert.equal(during("vpn_handshakes_total", "succeeded"), 1);
    assert.ok(during("vpn_received_bytes_total")! > 1000);
    assert.ok(during("vpn_sent_packets_total")! >= 1);
    assert.ok(during("vpn_device_written_bytes_total")! > 1000);
    assert.ok(during("vpn_loop_turns_total")! > before("vpn_loop_turns_total")!);
    assert.ok(during("vpn_oldest_key_age_seconds")! >= 0);
    await collector.process.waitForLine(/^metric vpn_clients 1(\.0)?$/);
    await collector.process.waitForLine(/^metric vpn_received_bytes_total [1-9]/);

    const { clients: [{ commonName, bytesReceived, virtualAddress }] } = await report();
    assert.equal(commonName, "client");
    assert.ok(bytesReceived > 1000);
    const table = await run([...vpnCommand, "status", "--socket", socket]);
    const row = new RegExp(`^client +\\S+ +${virtualAddress!.replaceAll(".", "\\.")} .*2\\.6`, "m");
    assert.match(table, row);
    // No terminal: one table, with rates.
    const top = await run([...vpnCommand, "top", "--socket", socket]);
    assert.match(top, /NAME .*IN +OUT/);
    assert.ok(!top.includes("\x1b"));
    // On one: drawn, sorted by a key, and left as it was.
    const steps = JSON.stringify([
      ...[["expect", "client "], ["type", "n"], ["expect", "sorted by name"], ["type", "q"]],
    ]);
    const onTerminal = new URL("../harness/on_terminal.py", import.meta.url).pathname;
    const live = await run([
      debianPython,
      onTerminal,
      steps,
      ...vpnCommand,
      "top",
      "--socket",
      socket,
    ]);
    assert.ok(live.lastIndexOf("\x1b[?1049l") > live.lastIndexOf("\x1b[?1049h"));

    const nobody = await tryRun([...vpnCommand, "kick", "nobody", "--socket", socket]);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /no client "nobody"/);
    await run([...vpnCommand, "kick", "client", "--socket", socket]);
    // HALT: OpenVPN ends, and does not come back.
    await eventually("the client ends", () => client.process.status !== undefined);
    await eventually(
      "it is gone from the report",
      async () => (await report()).clients.length === 0,
    );
    const after = await scrape();
    assert.equal(after("vpn_clients"), 0);
    // What it carried is not forgotten with it.
    assert.ok(after("vpn_received_bytes_total")! >= during("vpn_received_bytes_total")!);
  },
);
