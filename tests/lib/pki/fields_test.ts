/** Fields that are well-formed DER and still not what RFC 5280 allows. */
import assert from "node:assert/strict";
import {
  readDer,
  readNamedBits,
  readObjectIdentifier,
  readTime,
  Tag,
} from "../../../lib/pki/der.ts";
import { parseName } from "../../../lib/pki/distinguished_name.ts";
import { ExtensionType, readCertificateExtensions } from "../../../lib/pki/extensions.ts";
import { generateKeyPair } from "../../../lib/pki/keys.ts";
import { checkKeyStrength, readPublicKey } from "../../../lib/pki/public_key.ts";

const tlv = (tag: number, ...content: number[]) =>
  new Uint8Array([tag, content.length, ...content]);
const ascii = (text: string) => [...new TextEncoder().encode(text)];
const malformed = { reason: "malformed" };

Deno.test("times: in UTC with seconds, and only ones that exist", () => {
  const utc = (text: string) => {
    const bytes = tlv(Tag.UTC_TIME, ...ascii(text));
    return readTime(readDer(bytes, Tag.UTC_TIME, "time"), "time");
  };
  const general = (text: string) => {
    const bytes = tlv(Tag.GENERALIZED_TIME, ...ascii(text));
    return readTime(readDer(bytes, Tag.GENERALIZED_TIME, "time"), "time");
  };
  // RFC 5280 section 4.1.2.5.1: years from 50 are of the 20th century.
  assert.equal(utc("491231235959Z"), Date.UTC(2049, 11, 31, 23, 59, 59));
  assert.equal(utc("500101000000Z"), Date.UTC(1950, 0, 1));
  assert.equal(utc("240229000000Z"), Date.UTC(2024, 1, 29));
  assert.equal(general("20500101000000Z"), Date.UTC(2050, 0, 1));
  assert.equal(new Date(general("00010101000000Z")).getUTCFullYear(), 1);
  for (
    const bad of ["230229000000Z", "231301000000Z", "230001000000Z", "230100000000Z"]
      .concat(["230101240000Z", "230101006000Z", "230101000060Z", "2301010000Z", ""])
      .concat(["230101000000+0100", "230101000000", "230101000000Z ", "2301010000001Z"])
  ) assert.throws(() => utc(bad), malformed, bad);
  for (const bad of ["20500101000000.5Z", "205001010000Z", "20500231000000Z"]) {
    assert.throws(() => general(bad), malformed, bad);
  }
});

Deno.test("object identifiers and named bits in one form only", () => {
  const oid = (...content: number[]) => {
    const bytes = tlv(Tag.OBJECT_IDENTIFIER, ...content);
    return readObjectIdentifier(readDer(bytes, Tag.OBJECT_IDENTIFIER, "oid"), "oid");
  };
  assert.equal(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d), "1.2.840.113549");
  assert.equal(oid(0x88, 0x37), "2.999"); // X.690 section 8.19.5's example, without its last arc.
  for (
    const bad of [[], [0x80, 0x01], [0x2a, 0x86], [0x2a, 0x80, 0x01], new Array(12).fill(0xff)]
  ) {
    assert.throws(() => oid(...bad), malformed);
  }
  const bits = (...content: number[]) => {
    const bytes = tlv(Tag.BIT_STRING, ...content);
    return readNamedBits(readDer(bytes, Tag.BIT_STRING, "bits"), "bits");
  };
  assert.deepEqual(bits(7, 0x80), [0]);
  assert.deepEqual(bits(7, 0x00, 0x80), [8]);
  for (const bad of [[], [1], [8, 0], [1, 0x01]]) assert.throws(() => bits(...bad), malformed);
});

Deno.test("names: text that its kind of string cannot hold is refused", () => {
  const name = (kind: number, ...content: number[]) => {
    const pair = tlv(
      Tag.SEQUENCE,
      ...tlv(Tag.OBJECT_IDENTIFIER, 0x55, 4, 3),
      ...tlv(kind, ...content),
    );
    return parseName(tlv(Tag.SEQUENCE, ...tlv(Tag.SET, ...pair)), "name").relative[0][0].value;
  };
  assert.equal(name(Tag.PRINTABLE_STRING, ...ascii("ab")), "ab");
  assert.equal(name(Tag.UTF8_STRING, 0xc3, 0xbc), "ü");
  assert.equal(name(Tag.TELETEX_STRING, 0xfc), "ü");
  assert.equal(name(Tag.BMP_STRING, 0x26, 0x03), "☃");
  assert.equal(name(Tag.UNIVERSAL_STRING, 0, 1, 0xf6, 0), "😀");
  assert.equal(name(Tag.INTEGER, 5), "#020105");
  assert.throws(() => name(Tag.PRINTABLE_STRING, 0xc3, 0xbc), malformed);
  assert.throws(() => name(Tag.IA5_STRING, 0x80), malformed);
  assert.throws(() => name(Tag.UTF8_STRING, 0xc3), malformed);
  assert.throws(() => name(Tag.BMP_STRING, 0x26), malformed);
  assert.throws(() => name(Tag.BMP_STRING, 0xd8, 0x00), malformed);
  assert.throws(() => name(Tag.UNIVERSAL_STRING, 0, 0, 0xd8, 0), malformed);
  assert.throws(() => name(Tag.UNIVERSAL_STRING, 0, 0x11, 0, 0), malformed);
  assert.throws(() => parseName(tlv(Tag.SEQUENCE, ...tlv(Tag.SET)), "name"), malformed);
});

Deno.test("extensions: values that contradict themselves are refused", () => {
  const read = (type: string, ...value: number[]) =>
    readCertificateExtensions([{ type, critical: true, value: new Uint8Array(value) }]);
  const { BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALT_NAME } = ExtensionType;
  assert.deepEqual(read(BASIC_CONSTRAINTS, 0x30, 0).basicConstraints, { ca: false });
  assert.deepEqual(read(BASIC_CONSTRAINTS, 0x30, 6, 1, 1, 0xff, 2, 1, 3).basicConstraints, {
    ca: true,
    pathLength: 3,
  });
  assert.throws(() => read(BASIC_CONSTRAINTS, 0x30, 3, 2, 1, 0), malformed);
  assert.throws(() => read(BASIC_CONSTRAINTS, 0x30, 3, 1, 1, 1), malformed);
  assert.throws(() => read(KEY_USAGE, 3, 1, 0), malformed);
  assert.throws(() => read(EXTENDED_KEY_USAGE, 0x30, 0), malformed);
  assert.throws(() => read(SUBJECT_ALT_NAME, 0x30, 0), malformed);
  assert.throws(() => read(SUBJECT_ALT_NAME, 0x30, 5, 0x87, 3, 1, 2, 3), malformed);
  assert.throws(() => read(SUBJECT_ALT_NAME, 0x30, 3, 0x82, 1, 0), malformed);
});

Deno.test("RSA keys: an exponent that is none, and sizes out of range", async () => {
  const { publicKey } = await generateKeyPair("rsa:2048");
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const read = (bytes: Uint8Array) => readPublicKey(readDer(bytes, Tag.SEQUENCE, "key"));
  const good = read(spki);
  assert.equal(good.bits, 2048);
  checkKeyStrength(good, "it");
  const even = spki.slice();
  even[even.length - 1] = 0; // 65536
  assert.throws(() => read(even), malformed);
  for (const bits of [2047, 8193]) {
    assert.throws(() => checkKeyStrength({ ...good, bits }, "it"), { reason: "weak-key" });
  }
});
