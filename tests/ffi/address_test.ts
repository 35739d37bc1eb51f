import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import {
  decodeSockaddr,
  effectiveUserId,
  encodeSockaddr,
  formatAddress,
  isIpv4Mapped,
  parseAddress,
  SysError,
} from "../../ffi/mod.ts";

effectiveUserId();

Deno.test("address: RFC 5952's recommended forms", () => {
  // RFC 5952, sections 4.1 to 5.
  for (
    const [text, expected] of [
      ["2001:0db8::0001", "2001:db8::1"],
      ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:DB8::AbCd", "2001:db8::abcd"],
      ["::ffff:c000:0201", "::ffff:192.0.2.1"],
      ["::", "::"],
      ["1::", "1::"],
      ["::1.2.3.4", "::102:304"],
      ["0.0.0.0", "0.0.0.0"],
    ]
  ) {
    const bytes = parseAddress(text);
    assert.ok(bytes, text);
    assert.equal(formatAddress(bytes), expected);
  }
});

Deno.test("address: what node:net takes for an address is one, and nothing else", () => {
  const nearly = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[0-9a-f:.]{0,20}$/),
    fc.array(fc.oneof(fc.stringMatching(/^[0-9a-f]{0,5}$/), fc.ipV4()), { maxLength: 9 })
      .map((groups) => groups.join(":")),
    fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((parts) => parts.join(".")),
    fc.string(),
  );
  fc.assert(
    fc.property(nearly, (text) => {
      if (text.includes("%")) return; // zones belong to sockaddrs
      const version = isIP(text);
      assert.equal(parseAddress(text)?.length, { 0: undefined, 4: 4, 6: 16 }[version], text);
    }),
    { numRuns: 2000 },
  );
  for (
    const text of [
      "01.2.3.4",
      "1.2.3.4.",
      "1.2.3",
      "1:2",
      ":::",
      "1::2::3",
      "::1.2.3.4:5",
      "g::",
      "::1%lo",
    ]
  ) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

Deno.test("address: the text is what the WHATWG URL parser writes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(0xffff), (bytes, zeros) => {
      const address = bytes.map((byte, i) => (zeros >> (i & ~1)) & 1 ? 0 : byte);
      const text = formatAddress(address);
      assert.deepEqual(parseAddress(text), new Uint8Array(address));
      if (!isIpv4Mapped(address)) assert.equal(new URL(`http://[${text}]`).hostname, `[${text}]`);
    }),
  );
  assert.throws(() => formatAddress(new Uint8Array(5)), RangeError);
});

Deno.test("sockaddr: the fields are where linux/in.h and linux/in6.h have them", () => {
  assert.deepEqual(
    [...encodeSockaddr("192.0.2.1", 1194)],
    [2, 0, 4, 0xaa, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  );
  assert.deepEqual(
    [...encodeSockaddr("2001:db8::7", 443)],
    // deno-fmt-ignore -- one field to a line
    [10, 0, 1, 0xbb, 0, 0, 0, 0,
      0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
      0, 0, 0, 0],
  );
  const mapped = encodeSockaddr("192.0.2.1", 1194, 6);
  assert.equal(mapped.length, 28);
  assert.deepEqual([...mapped.subarray(18, 24)], [0xff, 0xff, 192, 0, 2, 1]);
  assert.deepEqual(decodeSockaddr(mapped), { hostname: "192.0.2.1", port: 1194 });
});

Deno.test("sockaddr: what goes in comes out", () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.nat(999999).map((zone) => `fe80::1%${zone + 1}`),
  );
  fc.assert(fc.property(address, fc.nat(65535), (hostname, port) => {
    const decoded = decodeSockaddr(encodeSockaddr(hostname, port));
    assert.equal(decoded.port, port);
    const [text, zone] = hostname.split("%");
    const bytes = parseAddress(text);
    assert.ok(bytes);
    const canonical = formatAddress(isIpv4Mapped(bytes) ? bytes.subarray(12) : bytes);
    assert.equal(decoded.hostname, zone === undefined ? canonical : `${canonical}%${zone}`);
  }));
});

Deno.test("sockaddr: a zone by its name is the interface's number", () => {
  assert.equal(decodeSockaddr(encodeSockaddr("fe80::1%lo", 1)).hostname, "fe80::1%1");
  assert.throws(
    () => encodeSockaddr("fe80::1%nosuchdevice", 1),
    (error) => error instanceof SysError && error.code === "ENODEV",
  );
});

Deno.test("sockaddr: refuses names, bad ports and IPv6 on IPv4 sockets", () => {
  for (const hostname of ["localhost", "", "1.2.3.4%lo", "1.2.3"]) {
    assert.throws(() => encodeSockaddr(hostname, 1), TypeError, hostname);
  }
  for (const port of [-1, 65536, 1.5, NaN]) {
    assert.throws(() => encodeSockaddr("1.2.3.4", port), RangeError);
  }
  assert.throws(() => encodeSockaddr("::1", 1, 4), TypeError);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    try {
      decodeSockaddr(bytes);
    } catch (error) {
      assert.ok(error instanceof TypeError);
    }
  }));
  assert.throws(() => decodeSockaddr(new Uint8Array([10, 0, ...new Uint8Array(14)])), TypeError);
});
