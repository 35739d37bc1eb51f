import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import {
  certificatePem,
  parseCertificate,
  parseCertificates,
} from "../../../lib/pki/certificate.ts";
import { parseRevocationList, parseRevocationLists } from "../../../lib/pki/crl.ts";
import { contextTag, DerCursor, readDer, Tag } from "../../../lib/pki/der.ts";
import { formatName } from "../../../lib/pki/distinguished_name.ts";
import { CertificateError } from "../../../lib/pki/errors.ts";
import { createAuthority, issueCertificate } from "../../../lib/pki/issue.ts";
import { issueRevocationList } from "../../../lib/pki/crl_writer.ts";
import { generateKeyPair } from "../../../lib/pki/keys.ts";
import { readPem, writePem } from "../../../lib/pki/pem.ts";
import { verifyPeerCertificate } from "../../../lib/pki/verify_chain.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const now = Date.now();
const keys = await generateKeyPair("ec:p256");
const authority = await createAuthority({ commonName: "CA", keys, now });
const leaf = await issueCertificate(authority, {
  commonName: "leaf",
  purpose: "server",
  publicKey: keys.publicKey,
  alternativeNames: ["vpn.example", "192.0.2.1"],
  now,
});
const list = await issueRevocationList(authority, {
  revoked: new Map([["01", { date: now, reason: 4 }]]),
  number: 1n,
  now,
});

/** The subjects of these tests, written by OpenSSL with every kind of string and attribute. */
const subjects = [
  "/C=KG/ST=NA/L=Bishkek/O=Test/OU=VPN/CN=Server-1/emailAddress=a@b.example",
  "/DC=example/DC=vpn/UID=u1/CN=Ünï ☃",
  "/CN=two+OU=in one/O=x",
  '/CN=back\\\\slash "quotes" , \\+ ; < > #',
  "/CN=tab\tand\x7fdel",
  "/serialNumber=7/GN=g/SN=s/initials=i/title=t/pseudonym=p/name=n/dnQualifier=q/street=st/CN=c",
  "/1.2.3.4.5=unknown/CN=c",
];

Deno.test("certificates read as openssl reads them", async () => {
  await inTemporaryDirectory(async (directory) => {
    const key = join(directory, "key");
    // deno-fmt-ignore -- one option per word
    await openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521", "-out", key);
    for (const subject of subjects) {
      const path = join(directory, "crt");
      // deno-fmt-ignore -- one option per word
      await openssl("req", "-x509", "-new", "-utf8", "-key", key, "-subj", subject, "-days", "30",
        "-addext", "subjectAltName=DNS:a.example,IP:2001:db8::1,email:a@b.example,URI:http://x/",
        "-addext", "extendedKeyUsage=serverAuth,1.2.3", "-addext", "keyUsage=decipherOnly,keyAgreement",
        "-out", path);
      const [certificate] = parseCertificates(await Deno.readTextFile(path));
      // The options are those that OpenVPN prints subjects with (ssl_verify_openssl.c).
      // deno-fmt-ignore -- one option per word
      const text = await openssl("x509", "-in", path, "-noout", "-serial", "-dates", "-subject",
        "-nameopt", "sep_comma_plus_space,sname,utf8,esc_ctrl", "-fingerprint", "-sha256");
      const field = (name: string) =>
        text.split("\n").find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
      assert.equal(formatName(certificate.subject), field("subject"));
      assert.equal(certificate.serial, field("serial"));
      assert.equal(certificate.notBefore, Date.parse(field("notBefore") ?? ""));
      assert.equal(certificate.notAfter, Date.parse(field("notAfter") ?? ""));
      assert.deepEqual(
        certificate.subjectAltNames?.map(({ kind, value }) => [kind, value]),
        [["dns", "a.example"], ["ip", "2001:db8::1"], ["email", "a@b.example"], [
          "uri",
          "http://x/",
        ]],
      );
      assert.deepEqual(certificate.extendedKeyUsage, ["1.3.6.1.5.5.7.3.1", "1.2.3"]);
      assert.deepEqual([...certificate.keyUsage ?? []], ["keyAgreement", "decipherOnly"]);
      assert.equal(certificate.publicKey.curve, "P-521");
      assert.equal(certificate.version, 3);
      assert.ok(Object.isFrozen(certificate));
    }
  });
});

Deno.test("a certificate does not change with the bytes it was read from", () => {
  const bytes = leaf.raw.slice();
  const certificate = parseCertificate(bytes);
  bytes.fill(0);
  assert.deepEqual(certificate.raw, leaf.raw);
});

/** Whatever it is given, a parser either returns or throws a CertificateError. */
function onlyCertificateErrors(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    assert.ok(error instanceof CertificateError, String(error));
    return false;
  }
}

Deno.test("random bytes are refused, never anything but a CertificateError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.ok(!onlyCertificateErrors(() => parseCertificate(bytes)));
    assert.ok(!onlyCertificateErrors(() => parseRevocationList(bytes)));
    onlyCertificateErrors(() => parseRevocationLists(bytes));
  }));
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    onlyCertificateErrors(() => readPem(text));
    assert.ok(!onlyCertificateErrors(() => parseCertificates(text)));
  }));
});

Deno.test("changed, cut and lengthened encodings: refused or read, and never trusted", async () => {
  const trusted = { authorities: [authority.certificate], purpose: "server" as const, now };
  const change = fc.record({
    at: fc.nat({ max: leaf.raw.length - 1 }),
    to: fc.integer({ min: 1, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, to }) => {
      const bytes = leaf.raw.slice();
      bytes[at] ^= to;
      await assert.rejects(verifyPeerCertificate([bytes], trusted), CertificateError);
    }),
    { numRuns: 300 },
  );
  for (let bit = 0; bit < list.raw.length * 8; bit++) {
    const bytes = list.raw.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    onlyCertificateErrors(() => parseRevocationList(bytes));
  }
  for (const whole of [leaf.raw, list.raw]) {
    const parse = whole === leaf.raw ? parseCertificate : parseRevocationList;
    for (let length = 0; length < whole.length; length++) {
      assert.ok(!onlyCertificateErrors(() => parse(whole.slice(0, length))));
    }
    assert.ok(!onlyCertificateErrors(() => parse(new Uint8Array([...whole, 0]))));
  }
});

Deno.test("what BER allows and DER forbids is refused", () => {
  const read = (...bytes: number[]) => new DerCursor(new Uint8Array(bytes), 0, bytes.length, "x");
  const cases: Record<string, number[]> = {
    "indefinite length": [0x30, 0x80, 0, 0],
    "length in more octets than needed": [0x04, 0x81, 0x01, 0],
    "length with a leading zero": [0x04, 0x82, 0x00, 0x80, ...new Array(128).fill(0)],
    "length beyond the end": [0x04, 0x02, 0],
    "length in five octets": [0x04, 0x85, 1, 0, 0, 0, 0],
    "long tag": [0x1f, 0x01, 0x00],
    "nothing": [],
  };
  for (const [name, bytes] of Object.entries(cases)) {
    assert.throws(() => read(...bytes).any(), { reason: "malformed" }, name);
  }
  const bytes = new Uint8Array([0x30, 0x00, 0x00]);
  assert.throws(() => readDer(bytes, Tag.SEQUENCE, "x"), { reason: "malformed" });
  assert.equal(contextTag(3, true), 0xa3);
});

Deno.test("fields that must agree, or may come once, are held to it", () => {
  const patch = (from: number[], to: number[], occurrence: "first" | "last") => {
    const hex = (bytes: Iterable<number>) =>
      [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = hex(leaf.raw);
    const at = occurrence === "first" ? text.indexOf(hex(from)) : text.lastIndexOf(hex(from));
    assert.ok(at >= 0);
    const bytes = leaf.raw.slice();
    bytes.set(to, at / 3);
    return bytes;
  };
  const refused = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => parseCertificate(bytes), (error) => {
      assert.ok(error instanceof CertificateError && error.reason === "malformed");
      assert.match(error.message, message);
      return true;
    });
  // ecdsa-with-SHA256 outside, ecdsa-with-SHA384 inside.
  const ecdsa = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
  refused(patch([...ecdsa, 2], [...ecdsa, 3], "first"), /two different signature algorithms/);
  // Subject key identifier turned into a second authority key identifier.
  refused(patch([0x55, 0x1d, 0x0e], [0x55, 0x1d, 0x23], "first"), /twice/);
  // Version 4, version 2 with extensions, and the default version spelt out.
  refused(patch([0xa0, 3, 2, 1, 2], [0xa0, 3, 2, 1, 3], "first"), /version 4/);
  refused(patch([0xa0, 3, 2, 1, 2], [0xa0, 3, 2, 1, 1], "first"), /extensions in version 2/);
  refused(patch([0xa0, 3, 2, 1, 2], [0xa0, 3, 2, 1, 0], "first"), /version 1/);
  // A negative serial number.
  const serial = Number.parseInt(leaf.serial.slice(0, 2), 16);
  refused(patch([0x02, 0x10, serial], [0x02, 0x10, serial | 0x80], "first"), /serial number/);
});

Deno.test("PEM: bundles with text around, line ends of every system, and damage", () => {
  const one = certificatePem(leaf);
  const two = certificatePem(authority.certificate);
  const bundle = `Certificate:\n  Data: x\n${one}\nsome words\n${two.replaceAll("\n", "\r\n")}`;
  assert.deepEqual(parseCertificates(bundle).map(({ serial }) => serial), [
    leaf.serial,
    authority.certificate.serial,
  ]);
  assert.equal(parseCertificates(`\ufeff${one}`.slice(1).replaceAll("\n", "\r")).length, 1);
  const damaged = [
    "",
    "no PEM",
    one.replace("-----END CERTIFICATE-----", ""),
    one.replace("-----BEGIN CERTIFICATE-----", ""),
    one.replace("END CERTIFICATE", "END X509 CRL"),
    one.replace("\n", "\n!"),
    one.replace("\n", "\nA"),
    one.split("\n").toSpliced(2, 1).join("\n"),
    one.replace("-----END", "-----BEGIN CERTIFICATE-----\n-----END"),
    writePem("PRIVATE KEY", leaf.raw),
  ];
  for (const text of damaged) {
    assert.throws(() => parseCertificates(text), { reason: "malformed" }, text);
  }
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
    const [block] = readPem(writePem("X", bytes));
    assert.deepEqual([...block.bytes], [...bytes]);
    assert.equal(block.label, "X");
  }));
});

Deno.test("revocation lists are read from PEM and from DER", () => {
  const pem = writePem("X509 CRL", list.raw);
  for (const file of [pem, new TextEncoder().encode(pem), list.raw]) {
    const [read] = parseRevocationLists(file);
    assert.equal(read.revoked.get("01")?.reason, 4);
    assert.equal(read.number, "01");
  }
  assert.throws(() => parseRevocationLists(certificatePem(leaf)), { reason: "malformed" });
});
