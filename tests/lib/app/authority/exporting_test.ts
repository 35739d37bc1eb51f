/** A profile takes over what the server's configuration says. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { exportProfile } from "../../../../lib/app/authority/exporting.ts";
import { key } from "../../../../lib/app/authority/control_keys.ts";
import { parseRemote } from "../../../../lib/app/authority/remote.ts";
import { generateStaticKey } from "../../../../lib/crypto/static_key.ts";
import {
  formatTlsCryptV2ServerKey,
  parseTlsCryptV2ClientKey,
  TlsCryptV2ServerKey,
} from "../../../../lib/crypto/tls_crypt_v2_key.ts";
import { Authority } from "../../../../lib/pki/authority.ts";
import { openStateDirectory } from "../../../../lib/pki/state_directory.ts";
import { hashPassword, UserFile, userFilePath } from "../../../../lib/users/mod.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";

Deno.test("places, ciphers, resolvers, passwords, the control channel's key", async () => {
  await using directory = await TemporaryDirectory.create();
  const state = join(directory.path, "state");
  const { files } = await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: "192.0.2.1",
    keyType: "ec:p256",
    authorityKeyType: "ec:p256",
  });
  using authority = await Authority.open(state);
  const original = await Deno.readTextFile(files.serverConfiguration);
  const profile = async (change: (text: string) => string, remote?: string) => {
    await Deno.writeTextFile(files.serverConfiguration, change(original));
    const [{ content }] = await exportProfile(authority, {
      nameOrSerial: "client",
      system: "windows",
      remote: remote === undefined ? undefined : parseRemote(remote),
    });
    return String(content);
  };
  const plain = await profile((text) => text);
  assert.match(plain, /^proto udp\nremote 192\.0\.2\.1 1194$/m);
  assert.match(plain, /^key-direction 1\n<tls-auth>$/m);
  assert.doesNotMatch(plain, /auth-user-pass|block-outside-dns/);
  assert.match(await profile((text) => text, "vpn.example:443"), /^remote vpn\.example 443$/m);

  const changed = await profile((text) =>
    text.replace(/^port 1194$/m, "port 4444").replace(/^proto udp$/m, "proto tcp")
      .replace(/^data-ciphers .*$/m, "data-ciphers AES-256-GCM:AES-256-CBC")
      .replace(/^auth .*$/m, "auth SHA512").replace(/^explicit-exit-notify.*$/m, "")
      .replace("tls-auth ta.key 0", "tls-crypt ta.key") +
    'push "dhcp-option DNS 192.0.2.53"\nscript-security 2\nauth-user-pass-verify /bin/true via-file\n'
  );
  assert.match(changed, /^proto tcp\nremote 192\.0\.2\.1 4444$/m);
  assert.match(changed, /^auth SHA512\ndata-ciphers AES-256-GCM:AES-256-CBC$/m);
  assert.match(changed, /^<tls-crypt>$/m);
  assert.match(changed, /^auth-user-pass$/m);
  assert.match(changed, /^setenv opt block-outside-dns$/m);
  assert.doesNotMatch(changed, /explicit-exit-notify|key-direction|tls-auth/);

  const several = await profile((text) =>
    text.replace(/^port 1194$/m, "local 0.0.0.0 1194 udp\nlocal 0.0.0.0 443 tcp\n")
      .replace(/^proto udp$/m, "").replace(/^explicit-exit-notify.*$/m, "")
  );
  assert.match(several, /^remote 192\.0\.2\.1 1194 udp\nremote 192\.0\.2\.1 443 tcp$/m);

  // A client's key of its own, under the server's that the configuration names.
  const v2 = TlsCryptV2ServerKey.generate();
  await Deno.writeTextFile(join(state, "v2.key"), formatTlsCryptV2ServerKey(v2), { mode: 0o600 });
  const own = await profile((text) => text.replace("tls-auth ta.key 0", "tls-crypt-v2 v2.key"));
  const out = join(directory.path, "client-v2.key");
  await key({
    action: "pki",
    operation: "key",
    state,
    kind: "tls-crypt-v2-client",
    serverKey: undefined,
    metadata: undefined,
    out,
    force: false,
  });
  for (const text of [/<tls-crypt-v2>([^<]*)/.exec(own)?.[1], await Deno.readTextFile(out)]) {
    const { wrapped, key } = parseTlsCryptV2ClientKey(text ?? "");
    assert.deepEqual(v2.unwrap(wrapped)?.key.bytes(), key.bytes());
  }

  // The state directory's users log in with passwords.
  const password = await hashPassword("a password");
  await new UserFile(userFilePath(state)).update(() => [{
    name: "alice",
    role: "user",
    disabled: false,
    password,
    passwordSet: 0,
  }]);
  assert.match(await profile((text) => text), /^auth-user-pass$/m);
});

Deno.test("addresses as users write them", () => {
  assert.deepEqual(parseRemote("vpn.example"), { host: "vpn.example", port: undefined });
  assert.deepEqual(parseRemote("192.0.2.1:443"), { host: "192.0.2.1", port: 443 });
  assert.deepEqual(parseRemote("2001:db8::1"), { host: "2001:db8::1", port: undefined });
  assert.deepEqual(parseRemote("[2001:db8::1]:443"), { host: "2001:db8::1", port: 443 });
  for (const bad of ["", ":1", "a:0", "a:65536", "a b", "[::1", "a:b"]) {
    assert.throws(() => parseRemote(bad), /is no server's address/, bad);
  }
});
