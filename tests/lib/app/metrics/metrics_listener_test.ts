import assert from "node:assert/strict";
import { connect } from "node:net";
import { openLog } from "../../../../lib/base/log.ts";
import { AllowedAddresses } from "../../../../lib/app/metrics/allowed_addresses.ts";
import { openMetricsListener } from "../../../../lib/app/metrics/metrics_listener.ts";
import { serverMetrics } from "../../../../lib/app/metrics/server_metrics.ts";
import { readExposition } from "./exposition.ts";
import { countedServer } from "./figures.ts";

const local = { host: "127.0.0.1", port: 0 };

async function opened(allowed: AllowedAddresses) {
  const lines: string[] = [];
  const { figures } = countedServer();
  const registry = serverMetrics({ figures, ends: () => [] });
  const log = openLog(3, ({ text }) => lines.push(text));
  const listener = await openMetricsListener(local, allowed, registry, log);
  return { listener, lines, url: `http://127.0.0.1:${listener.port}` };
}

Deno.test("a scraper gets the text; anything else a status and nothing", async () => {
  const { listener, url, lines } = await opened(AllowedAddresses.orLoopback([]));
  await using _open = listener;
  const scraped = await fetch(`${url}/metrics?collect=all`);
  assert.equal(scraped.status, 200);
  assert.match(scraped.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  assert.ok(readExposition(await scraped.text()).has("vpn_clients"));
  const head = await fetch(`${url}/metrics`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  for (
    const [path, method, status] of [
      ["/", "GET", 404],
      ["/metrics/..%2fetc", "GET", 404],
      ["/metrics", "POST", 405],
      ["/metrics", "DELETE", 405],
    ] as const
  ) {
    lines.length = 0;
    const answer = await fetch(`${url}${path}`, { method });
    assert.equal(answer.status, status);
    assert.doesNotMatch(await answer.text(), /vpn_/);
    assert.equal(lines.length, 1, lines.join("\n"));
  }
});

Deno.test("who is not on the list gets nothing", async () => {
  const allowed = new AllowedAddresses([
    { network: "192.0.2.0", prefixLength: 24, family: "ipv4" },
  ]);
  const { listener, url, lines } = await opened(allowed);
  await using _open = listener;
  const answer = await fetch(`${url}/metrics`);
  assert.equal(answer.status, 403);
  assert.doesNotMatch(await answer.text(), /vpn_/);
  assert.ok(lines.some((line) => line.includes("127.0.0.1 GET: 403")), lines.join("\n"));
});

Deno.test("what is no HTTP ends its own connection only", async () => {
  const { listener, url } = await opened(AllowedAddresses.orLoopback([]));
  await using _open = listener;
  for (
    const bytes of [
      "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
      `GET /metrics HTTP/1.1\r\n${"a: b\r\n".repeat(9000)}`,
    ]
  ) {
    const socket = connect(listener.port, "127.0.0.1");
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.resume();
    socket.write(bytes);
    await ended;
  }
  assert.equal(
    (await fetch(`${url}/metrics`).then((answer) => (answer.text(), answer))).status,
    200,
  );
});

Deno.test("addresses are compared as addresses", () => {
  const allowed = new AllowedAddresses([
    { network: "10.1.0.0", prefixLength: 16, family: "ipv4" },
    { network: "2001:db8::", prefixLength: 32, family: "ipv6" },
  ]);
  for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8:1::5"]) {
    assert.ok(allowed.has(address), address);
  }
  for (const address of ["10.2.0.1", "110.1.2.3", "2001:db9::1", "", "10.1.2.3.4", "::1"]) {
    assert.ok(!allowed.has(address), address);
  }
  const loopback = AllowedAddresses.orLoopback([]);
  assert.ok(loopback.has("127.0.0.5") && loopback.has("::1") && loopback.has("::ffff:127.0.0.1"));
  assert.ok(!loopback.has("192.0.2.1"));
});
