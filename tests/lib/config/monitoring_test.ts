import assert from "node:assert/strict";
import { client, refusal, server } from "./profile.ts";

Deno.test("metrics are at this machine unless the address says otherwise", () => {
  assert.equal(server().metrics, undefined);
  assert.deepEqual(server("metrics 9100").metrics, {
    address: { host: "127.0.0.1", port: 9100 },
    allow: [],
  });
  assert.deepEqual(server("metrics [::1]:9100").metrics?.address, { host: "::1", port: 9100 });
});

Deno.test("whoever opens them to a network says who may read", () => {
  assert.match(refusal(() => server("metrics 0.0.0.0:9100"))!, /metrics-allow/);
  assert.match(refusal(() => server("metrics mon.example:9100"))!, /metrics-allow/);
  const { metrics } = server("metrics 0.0.0.0:9100", "metrics-allow 10.0.0.5 2001:db8::/32");
  assert.deepEqual(metrics?.allow, [
    { network: "10.0.0.5", prefixLength: 32, family: "ipv4" },
    { network: "2001:db8::", prefixLength: 32, family: "ipv6" },
  ]);
  for (
    const wrong of ["10.0.0.0/33", "host", "10.0.0.0/8/8", "::/129", "fe80::1%eth0", "1.2.3.4/"]
  ) {
    assert.match(refusal(() => server("metrics 9100", `metrics-allow ${wrong}`))!, /an address or/);
  }
  assert.match(refusal(() => server("metrics-allow 10.0.0.1"))!, /without "metrics"/);
});

Deno.test("the control socket is in the state directory, where it is told, or nowhere", () => {
  assert.equal(server().controlSocket, undefined);
  assert.deepEqual(server("state /var/lib/vpn").controlSocket, {
    path: "/var/lib/vpn/control.sock",
    required: false,
  });
  assert.deepEqual(server("control-socket /run/vpn/a.sock").controlSocket, {
    path: "/run/vpn/a.sock",
    required: true,
  });
  assert.equal(server("state /var/lib/vpn", "control-socket none").controlSocket, undefined);
});

Deno.test("these are a server's", () => {
  for (const line of ["metrics 9100", "metrics-allow 10.0.0.1", "control-socket /run/a"]) {
    assert.match(refusal(() => client(line))!, /is for servers/);
  }
});
