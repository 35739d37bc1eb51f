import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatIpv4,
  ipv4Bytes,
  netmaskPrefixLength,
  parseIpv4,
  prefixLengthNetmask,
} from "../../../lib/base/ipv4.ts";

Deno.test("any address comes back from its text and from its bytes", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (address) => {
    const text = formatIpv4(address);
    assert.equal(parseIpv4(text), address);
    assert.equal([...ipv4Bytes(address)].join("."), text);
  }));
});

Deno.test("what is no dotted decimal is no address", () => {
  for (
    const text of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "1.2.3.a",
      " 1.2.3.4",
      "1..2.3",
    ]
  ) {
    assert.equal(parseIpv4(text), undefined, text);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    const address = parseIpv4(text);
    if (address !== undefined) assert.equal(formatIpv4(address), text);
  }));
});

Deno.test("netmasks are prefixes, and nothing else is a netmask", () => {
  for (let length = 0; length <= 32; length++) {
    assert.equal(netmaskPrefixLength(prefixLengthNetmask(length)), length);
  }
  assert.equal(netmaskPrefixLength(parseIpv4("255.255.255.0")!), 24);
  for (const text of ["255.0.255.0", "0.0.0.1", "255.255.255.253"]) {
    assert.equal(netmaskPrefixLength(parseIpv4(text)!), undefined, text);
  }
});
