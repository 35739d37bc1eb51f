import assert from "node:assert/strict";
import fc from "fast-check";
import type { Log } from "../../../../lib/base/log.ts";
import { ClientKeyPolicy } from "../../../../lib/app/control_protection/client_key_policy.ts";
import {
  LimitedLog,
  linesPerPeriod,
  period,
} from "../../../../lib/app/control_protection/limited_log.ts";
import {
  parseRevokedKeys,
  RevokedKeys,
} from "../../../../lib/app/control_protection/revoked_keys.ts";
import { VpnError } from "../../../../lib/base/errors.ts";
import {
  clientKeyFingerprint,
  generateTlsCryptV2ClientKey,
  timestampMetadata,
  TlsCryptV2ServerKey,
} from "../../../../lib/crypto/tls_crypt_v2_key.ts";

const position = { file: "server.conf", line: 1, option: "tls-crypt-v2-revoked" };

function collectingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const take = (message: string) => void lines.push(message);
  const log = {
    verb: 4,
    error: take,
    warn: take,
    at: (_: number, message: string) => take(message),
  };
  return { ...log, lines, prefixed: () => ({ ...log, prefixed: () => log as Log }) };
}

const serverKey = TlsCryptV2ServerKey.generate();
const made = generateTlsCryptV2ClientKey(serverKey);
const key = serverKey.unwrap(made.wrapped)!;
const fingerprint = clientKeyFingerprint(made.wrapped);

Deno.test("fingerprints with comments, colons and any case; a slip is an error", () => {
  const withColons = fingerprint.toUpperCase().match(/../g)!.join(":");
  const listed = parseRevokedKeys(`# a comment\n\n  ${withColons}  alice's laptop\n; another\n`);
  assert.deepEqual([...listed], [fingerprint]);
  for (const slip of ["alice", fingerprint.slice(1), `${fingerprint}00`, "sha256"]) {
    assert.throws(() => parseRevokedKeys(`${fingerprint}\n${slip}\n`), /line 2 of the list/);
  }
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      parseRevokedKeys(text);
    } catch (error) {
      assert.ok(error instanceof VpnError);
    }
  }));
});

Deno.test("the list is read again when it changes, and stays when it can't be read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/revoked`;
    await Deno.writeTextFile(path, "");
    const log = collectingLog();
    const revoked = new RevokedKeys({ source: "file", path, position }, log);
    let changes = 0;
    revoked.changed = () => void changes++;
    const refresh = (seconds: number) => revoked.refresh(performance.now() + seconds * 1000);
    assert.ok(!revoked.has(fingerprint));
    await Deno.writeTextFile(path, `${fingerprint} lost\n`);
    refresh(1);
    assert.ok(revoked.has(fingerprint));
    assert.equal(changes, 1);
    await Deno.writeTextFile(path, "no fingerprint at all");
    refresh(2);
    await Deno.remove(path);
    refresh(3);
    refresh(4);
    assert.ok(revoked.has(fingerprint));
    assert.equal(changes, 1);
    assert.equal(log.lines.filter((line) => /the former list stays/.test(line)).length, 2);
    assert.throws(
      () => new RevokedKeys({ source: "file", path, position }, log),
      /cannot be read/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a key may be used unless it is revoked, too old, or says nothing of its age", () => {
  const log = collectingLog();
  const day = 86_400;
  const policy = (revoked: string, maximumAge?: number) =>
    new ClientKeyPolicy(
      { revoked: { source: "inline", text: revoked, position }, maximumAge },
      log,
    );
  const aged = (seconds: number) => {
    const metadata = timestampMetadata(Date.now() / 1000 - seconds);
    return serverKey.unwrap(generateTlsCryptV2ClientKey(serverKey, metadata).wrapped)!;
  };
  assert.ok(policy("").accepts(key));
  assert.ok(!policy(fingerprint).accepts(key));
  assert.match(log.lines.join("\n"), new RegExp(`${fingerprint} is revoked`));
  // tls-crypt-v2-max-age
  assert.ok(policy("", 30 * day).accepts(aged(29 * day)));
  assert.ok(!policy("", 30 * day).accepts(aged(31 * day)));
  assert.ok(!policy("", 30 * day).accepts({ ...key, metadata: undefined }));
});

Deno.test("a flood fills a few lines in each period, and the rest is counted", () => {
  const log = collectingLog();
  const limited = new LimitedLog(log);
  let made = 0;
  const say = (now: number) =>
    limited.at(4, () => {
      made++;
      return "dropped";
    }, now);
  for (let i = 0; i < 1000; i++) say(i);
  assert.equal(log.lines.length, linesPerPeriod);
  assert.equal(made, linesPerPeriod);
  say(period);
  assert.deepEqual(log.lines.slice(linesPerPeriod), [
    `${1000 - linesPerPeriod} more such lines are left out`,
    "dropped",
  ]);
  limited.at(5, () => assert.fail("it isn't shown"), period);
});
