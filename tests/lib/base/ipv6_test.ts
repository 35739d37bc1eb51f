import assert from "node:assert/strict";
import { formatAddress, parseAddress } from "deno-tun";
import * as fc from "fast-check";
import { formatIpv6, ipv6Bytes, ipv6NetworkOf, parseIpv6 } from "../../../lib/base/ipv6.ts";

Deno.test("addresses are those that another parser reads and writes", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
    const text = formatAddress(bytes);
    const value = parseIpv6(text);
    assert.ok(value !== undefined, text);
    assert.deepEqual(ipv6Bytes(value), new Uint8Array(bytes));
    assert.deepEqual(parseAddress(formatIpv6(value)), new Uint8Array(bytes));
  }));
  assert.equal(parseIpv6("::"), 0n);
  assert.equal(parseIpv6("::ffff:1.2.3.4"), 0xffff01020304n);
  assert.equal(formatIpv6(0n), "::");
});

Deno.test("what is no address is none", () => {
  for (const text of ["", "1.2.3.4", "fe80::1%eth0", "::1::", "1:2", "::1/64"]) {
    assert.equal(parseIpv6(text), undefined, text);
  }
});

Deno.test("networks", () => {
  const value = parseIpv6("2001:db8:1:2:3:4:5:6")!;
  assert.equal(formatIpv6(ipv6NetworkOf(value, 64)), "2001:db8:1:2::");
  assert.equal(ipv6NetworkOf(value, 0), 0n);
  assert.equal(ipv6NetworkOf(value, 128), value);
});
