/** What the writer writes, the strict reader reads; and openssl's forms of the same. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DerCursor,
  readObjectIdentifier,
  readOctetBits,
  readTime,
  readUnsigned,
  Tag,
} from "../../../lib/pki/der.ts";
import {
  derBits,
  derElement,
  derInteger,
  derObjectIdentifier,
  derOctets,
  derSequence,
  derTime,
} from "../../../lib/pki/der_writer.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const only = (bytes: Uint8Array) => new DerCursor(bytes, 0, bytes.length, "test").any();

Deno.test("lengths, integers, times, identifiers come back as they went in", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65535, 65536, 70000]) {
    const bytes = derOctets(new Uint8Array(length).fill(9));
    const element = only(bytes);
    assert.equal(element.content.length, length);
    assert.equal(element.end, bytes.length);
  }
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 160n }), (value) => {
    const octets = readUnsigned(only(derInteger(value.toString(16))), "test");
    assert.equal(BigInt(`0x${octets.toHex()}`), value);
  }));
  const [from, to] = [Date.UTC(1950, 0, 1), Date.UTC(9999, 11, 31)];
  fc.assert(fc.property(fc.integer({ min: from / 1000, max: to / 1000 }), (seconds) => {
    assert.equal(readTime(only(derTime(seconds * 1000)), "test"), seconds * 1000);
  }));
  fc.assert(fc.property(
    fc.nat(2),
    fc.nat(39),
    fc.array(fc.nat(), { maxLength: 8 }),
    (first, second, rest) => {
      const dotted = [first, second, ...rest].join(".");
      assert.equal(readObjectIdentifier(only(derObjectIdentifier(dotted)), "test"), dotted);
    },
  ));
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (parts) => {
    const children = only(derSequence(...parts.map(derBits))).children("test").rest();
    assert.deepEqual(children.map((child) => readOctetBits(child, "test")), parts);
  }));
});

Deno.test("openssl reads the same", async () => {
  await inTemporaryDirectory(async (directory) => {
    const file = `${directory}/der`;
    const bytes = derSequence(
      derInteger("FF"),
      derInteger("0"),
      derInteger("0123"),
      derObjectIdentifier("1.2.840.113549.1.1.11"),
      derObjectIdentifier("2.16.840.1.101.3.4.2.1"),
      derTime(Date.UTC(2049, 11, 31, 23, 59, 59)),
      derTime(Date.UTC(2050, 0, 1)),
      derElement(Tag.ENUMERATED, Uint8Array.of(1)),
    );
    await Deno.writeFile(file, bytes);
    const text = await openssl("asn1parse", "-inform", "DER", "-in", file);
    const values = [...text.matchAll(/prim: (\S+)\s+:(.*)/g)].map((match) => match.slice(1));
    assert.deepEqual(values, [
      ["INTEGER", "FF"],
      ["INTEGER", "00"],
      ["INTEGER", "0123"],
      ["OBJECT", "sha256WithRSAEncryption"],
      ["OBJECT", "sha256"],
      ["UTCTIME", "491231235959Z"],
      ["GENERALIZEDTIME", "20500101000000Z"],
      ["ENUMERATED", "01"],
    ]);
  });
});
