/** HOST:PORT in all its forms. */
import assert from "node:assert/strict";
import { formatEndpoint, parseEndpoint } from "../../../../lib/app/channel/endpoint.ts";
import { parseTunAddress } from "../../../../lib/app/channel/tun_link.ts";
import { VpnError } from "../../../../lib/base/errors.ts";

Deno.test("an endpoint is read", () => {
  const read = (text: string) => {
    const { hostname, port } = parseEndpoint(text, 32694);
    return [hostname, port];
  };
  assert.deepEqual(read("vpn.example.net:1194"), ["vpn.example.net", 1194]);
  assert.deepEqual(read("vpn.example.net"), ["vpn.example.net", 32694]);
  assert.deepEqual(read("192.0.2.1:0"), ["192.0.2.1", 0]);
  assert.deepEqual(read("[2001:db8::1]:443"), ["2001:db8::1", 443]);
  assert.deepEqual(read("[fe80::1%eth0]:443"), ["fe80::1%eth0", 443]);
  assert.deepEqual(read("[::1]"), ["::1", 32694]);
  assert.deepEqual(read("::1"), ["::1", 32694]);
  assert.deepEqual(read("1194"), [undefined, 1194]);
  assert.deepEqual(read(":1194"), [undefined, 1194]);
});

Deno.test("what is no endpoint is refused", () => {
  const wrong = [
    "",
    ":",
    "a b:1",
    "host:65536",
    "host:port",
    "[::1",
    "[::1]:x",
    "user@host:1",
    "70000",
  ];
  for (const text of wrong) assert.throws(() => parseEndpoint(text, 32694), VpnError, text);
  assert.throws(() => parseEndpoint("host"), VpnError);
});

Deno.test("an endpoint is written", () => {
  assert.equal(formatEndpoint({ hostname: "2001:db8::1", port: 1 }), "[2001:db8::1]:1");
  assert.equal(formatEndpoint({ hostname: "192.0.2.1", port: 1 }), "192.0.2.1:1");
  assert.equal(formatEndpoint({ port: 1 }), "port 1");
});

Deno.test("a device's address has a prefix", () => {
  assert.deepEqual(parseTunAddress("10.9.0.1/24"), { address: "10.9.0.1", prefixLength: 24 });
  assert.deepEqual(parseTunAddress("fd09::1/64"), { address: "fd09::1", prefixLength: 64 });
  for (const text of ["10.9.0.1", "10.9.0.1/33", "fd09::1/129", "host/24", "10.9.0.1/-1"]) {
    assert.throws(() => parseTunAddress(text), VpnError, text);
  }
});
