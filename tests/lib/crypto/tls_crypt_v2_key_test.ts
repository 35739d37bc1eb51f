import assert from "node:assert/strict";
import fc from "fast-check";
import { randomBytes } from "../../../lib/base/bytes.ts";
import { StaticKey } from "../../../lib/crypto/static_key.ts";
import {
  formatTlsCryptV2ClientKey,
  formatTlsCryptV2ServerKey,
  generateTlsCryptV2ClientKey,
  maximumMetadataLength,
  metadataTimestamp,
  parseTlsCryptV2ClientKey,
  parseTlsCryptV2ServerKey,
  TlsCryptV2KeyError,
  TlsCryptV2ServerKey,
  wrappedKeyLength,
} from "../../../lib/crypto/tls_crypt_v2_key.ts";
import { testClientKey, testClientKeyMetadata, testServerKey } from "./test_tls_crypt_keys.ts";

/** What OpenVPN's rand_bytes gives in its test_tls_crypt.c. */
const countedBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

Deno.test("the keys of OpenVPN's test_tls_crypt.c are read, and written as they were", () => {
  const server = parseTlsCryptV2ServerKey(testServerKey);
  assert.deepEqual(server.bytes(), countedBytes.slice(0, 128));
  assert.equal(formatTlsCryptV2ServerKey(server), testServerKey);
  for (const text of [testClientKey, testClientKeyMetadata]) {
    const client = parseTlsCryptV2ClientKey(text);
    assert.deepEqual(client.key.bytes(), countedBytes);
    assert.equal(formatTlsCryptV2ClientKey(client), text);
  }
});

Deno.test("OpenVPN's wrapped keys are unwrapped, and wrapped the same again", () => {
  const server = parseTlsCryptV2ServerKey(testServerKey);
  for (const text of [testClientKey, testClientKeyMetadata]) {
    const { wrapped } = parseTlsCryptV2ClientKey(text);
    const unwrapped = server.unwrap(wrapped)!;
    assert.deepEqual(unwrapped.key.bytes(), countedBytes);
    assert.deepEqual(server.wrap(unwrapped.key, unwrapped.metadata), wrapped);
  }
});

Deno.test("metadata: OpenVPN's own text and time are found", () => {
  const server = parseTlsCryptV2ServerKey(testServerKey);
  const metadataOf = (text: string) =>
    server.unwrap(parseTlsCryptV2ClientKey(text).wrapped)!.metadata;
  const custom = metadataOf(testClientKeyMetadata)!;
  assert.equal(custom.type, 0);
  assert.equal(custom.value.toBase64(), "AABBCCDD");
  assert.equal(metadataTimestamp(custom), undefined);
  // The test runs at its time 0.
  assert.equal(metadataTimestamp(metadataOf(testClientKey)), 0);
});

Deno.test("a new client key has the time that it was made, and any metadata comes back", () => {
  const server = TlsCryptV2ServerKey.generate();
  const made = generateTlsCryptV2ClientKey(server);
  const age = Date.now() / 1000 - metadataTimestamp(server.unwrap(made.wrapped)!.metadata)!;
  assert.ok(age >= 0 && age < 60, `${age} s`);
  fc.assert(fc.property(
    fc.option(
      fc.record({
        type: fc.nat(255),
        value: fc.uint8Array({ maxLength: maximumMetadataLength - 1 }),
      }, { noNullPrototype: true }),
      { nil: undefined },
    ),
    (metadata) => {
      const key = new StaticKey(randomBytes(256));
      const wrapped = server.wrap(key, metadata);
      assert.equal(wrappedKeyLength(wrapped), wrapped.length);
      const unwrapped = server.unwrap(wrapped)!;
      assert.deepEqual(unwrapped.key.bytes(), key.bytes());
      assert.deepEqual(unwrapped.metadata, metadata);
    },
  ));
  assert.throws(
    () => server.wrap(made.key, { type: 0, value: new Uint8Array(maximumMetadataLength) }),
    RangeError,
  );
});

Deno.test("a wrapped key with any bit changed, cut, or under another server's key is refused", () => {
  const server = TlsCryptV2ServerKey.generate();
  const { wrapped } = generateTlsCryptV2ClientKey(server);
  assert.equal(TlsCryptV2ServerKey.generate().unwrap(wrapped), undefined);
  fc.assert(fc.property(fc.nat(wrapped.length * 8 - 1), (bit) => {
    const forged = wrapped.slice();
    forged[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(server.unwrap(forged), undefined);
  }));
  fc.assert(fc.property(fc.nat(wrapped.length - 1), (length) => {
    assert.equal(server.unwrap(wrapped.slice(0, length)), undefined);
    assert.equal(server.unwrap(wrapped.slice(wrapped.length - length)), undefined);
  }));
});

Deno.test("any bytes are unwrapped to nothing, without an exception", () => {
  const server = TlsCryptV2ServerKey.generate();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
    assert.equal(server.unwrap(bytes), undefined);
    const length = wrappedKeyLength(bytes);
    assert.ok(length === undefined || length <= bytes.length);
  }));
});

Deno.test("what is no such key is refused by name, without showing what it holds", () => {
  const refused = (text: string, pattern: RegExp) => {
    for (const parse of [parseTlsCryptV2ClientKey, parseTlsCryptV2ServerKey]) {
      assert.throws(() => parse(text), (error: unknown) => {
        assert.ok(error instanceof TlsCryptV2KeyError);
        assert.match(error.line, pattern);
        assert.doesNotMatch(error.line, /AAECAwQF/);
        return true;
      });
    }
  };
  refused("", /is missing/);
  refused(testServerKey.replaceAll(/server|client/g, "other"), /is missing/);
  for (const key of [testServerKey, testClientKey]) {
    const asBoth = key +
      key.replaceAll(/server|client/g, (kind) => kind === "server" ? "client" : "server");
    refused(asBoth.replaceAll("AAECAwQF", "*AECAwQF"), /is not base64/);
    refused(asBoth.replaceAll("AAECAwQF", ""), /bytes|is not whole|base64/);
    refused(asBoth.replaceAll(/-----END.*/g, ""), /END.*is missing/);
  }
  assert.throws(() => parseTlsCryptV2ClientKey(testServerKey), /client key-----" is missing/);
});

Deno.test("CRLF, indentation and text around the block are fine", () => {
  const text = `# a key\n${testServerKey}behind it\n`;
  for (const variant of [text, text.replaceAll("\n", "\r\n"), text.replaceAll(/^/gm, "  ")]) {
    assert.equal(formatTlsCryptV2ServerKey(parseTlsCryptV2ServerKey(variant)), testServerKey);
  }
});
