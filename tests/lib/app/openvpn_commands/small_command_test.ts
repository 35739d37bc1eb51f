import assert from "node:assert/strict";
import { createServer as createTcpServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { isSmallCommand } from "../../../../lib/app/openvpn_commands/small_command.ts";
import {
  tls12CipherSuites,
  tls13CipherSuites,
  tlsGroups,
} from "../../../../lib/app/openvpn_commands/show.ts";
import { parseStaticKey } from "../../../../lib/crypto/static_key.ts";
import {
  parseTlsCryptV2ClientKey,
  parseTlsCryptV2ServerKey,
} from "../../../../lib/crypto/tls_crypt_v2_key.ts";
import { parseTokenSecret } from "../../../../lib/users/auth_token.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { vpnCommand } from "../../../harness/program.ts";
import { connectMachine, ip } from "../../net/machine.ts";

/** Runs our program. */
async function vpn(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...vpnCommand.slice(1), ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("each of them is known by its word", () => {
  for (const word of ["genkey", "mktun", "rmtun", "version", "help", "show-tls", "show-gateway"]) {
    assert.ok(isSmallCommand(`--${word}`), word);
  }
  for (const word of ["genkey", "--config", "--show", "--version2"]) {
    assert.ok(!isSmallCommand(word), word);
  }
});

Deno.test("--genkey makes each kind of key, for its owner's eyes only", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = (name: string) => `${directory}/${name}`;
    const keys: readonly (readonly [type: string, parse: (text: string) => unknown])[] = [
      ["secret", parseStaticKey],
      ["tls-crypt", parseStaticKey],
      ["auth-token", parseTokenSecret],
      ["tls-crypt-v2-server", parseTlsCryptV2ServerKey],
    ];
    await Promise.all(keys.map(async ([type, parse]) => {
      const { code, stderr } = await vpn("--genkey", type, file(type));
      assert.equal(code, 0, stderr);
      parse(await Deno.readTextFile(file(type)));
      assert.equal((await Deno.stat(file(type))).mode! & 0o777, 0o600);
    }));
    const server = parseTlsCryptV2ServerKey(await Deno.readTextFile(file("tls-crypt-v2-server")));
    const client = ["--genkey", "tls-crypt-v2-client", file("client"), btoa("alice")];
    const made = await vpn("--tls-crypt-v2", file("tls-crypt-v2-server"), ...client);
    assert.equal(made.code, 0, made.stderr);
    const { wrapped } = parseTlsCryptV2ClientKey(await Deno.readTextFile(file("client")));
    const metadata = server.unwrap(wrapped)!.metadata!;
    assert.equal(new TextDecoder().decode(metadata.value), "alice");
    // As OpenVPN 2.4 has it, and without a file.
    assert.equal((await vpn("--genkey", "--secret", file("old"))).code, 0);
    parseStaticKey(await Deno.readTextFile(file("old")));
    parseStaticKey((await vpn("--genkey")).stdout);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("what can't be done is one line and exit code 1", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["--genkey", "nonsense"], /unknown --genkey type: nonsense: use one of secret,/],
    [["--genkey", "tls-crypt-v2-client"], /needs the server's key/],
    [["--genkey", "secret", "f", "YQ=="], /takes no metadata/],
    [["--genkey", "--show-tls"], /are two commands/],
    [["--show-nonsense"], /there is no --show-nonsense/],
    [["--show-gateway", "here"], /"here" is no address/],
    [["--mktun"], /needs a device/],
    [["--mktun", "--dev", "tap0"], /only TUN devices/],
    [["--mktun", "--dev", "tun77", "--user", "no-such-user-here"], /there is no user/],
    [["--rmtun", "--dev", "tun4321"], /there is no device tun4321/],
  ];
  await Promise.all(cases.map(async ([args, pattern]) => {
    const { code, stdout, stderr } = await vpn(...args);
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, pattern);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
    assert.equal(stdout, "");
  }));
});

Deno.test("lists, version and help", async () => {
  const [groups, curves, engines] = await Promise.all([
    vpn("--show-groups"),
    vpn("--show-curves"),
    vpn("--show-engines"),
  ]);
  assert.match(groups.stdout, /X25519/i);
  assert.equal(curves.stdout, groups.stdout);
  assert.match(engines.stdout, /OpenSSL engines are not used/);
  const [ciphers, digests, version, help] = await Promise.all([
    vpn("--show-ciphers"),
    vpn("--show-digests"),
    vpn("--version"),
    vpn("--config", "client.ovpn", "--help"),
  ]);
  assert.match(ciphers.stdout, /^AES-256-GCM +\(256 bit key, 128 bit block, TLS client/m);
  assert.match(digests.stdout, /^SHA256 256 bit digest size$/m);
  assert.match(version.stdout, /^vpn \S+ .*compatible with OpenVPN 2\.6/);
  assert.match(help.stdout, /^ {2}--tls-crypt FILE +Key that encrypts/m);
  for (const { code } of [ciphers, digests, version, help]) assert.equal(code, 0);
});

/** What a ClientHello offers, by the numbers of IANA's TLS registry. */
async function clientHello(): Promise<{ ciphers: number[]; groups: number[] }> {
  const hello = Promise.withResolvers<Uint8Array>();
  const server = createTcpServer((socket) => {
    socket.once("data", (bytes: Uint8Array) => {
      hello.resolve(bytes);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }).on("error", () => {});
  const bytes = await hello.promise;
  server.close();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const numbers = (offset: number, length: number) =>
    Array.from({ length: length / 2 }, (_, i) => view.getUint16(offset + 2 * i));
  // Record (5), handshake header (4), version (2), random (32), session id.
  let offset = 43 + 1 + bytes[43];
  const ciphers = numbers(offset + 2, view.getUint16(offset));
  offset += 2 + view.getUint16(offset);
  offset += 1 + bytes[offset];
  const end = offset + 2 + view.getUint16(offset);
  for (offset += 2; offset < end; offset += 4 + view.getUint16(offset + 2)) {
    const supportedGroups = 10;
    if (view.getUint16(offset) === supportedGroups) {
      return { ciphers, groups: numbers(offset + 6, view.getUint16(offset + 4)) };
    }
  }
  return { ciphers, groups: [] };
}

// IANA's "TLS Cipher Suites" and "TLS Supported Groups".
const cipherNumbers: Readonly<Record<string, number>> = {
  "TLS_AES_128_GCM_SHA256": 0x1301,
  "TLS_AES_256_GCM_SHA384": 0x1302,
  "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
  "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256": 0xc02b,
  "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384": 0xc02c,
  "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256": 0xc02f,
  "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384": 0xc030,
  "TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256": 0xcca8,
  "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256": 0xcca9,
};
const groupNumbers: Readonly<Record<string, number>> = {
  secp256r1: 23,
  secp384r1: 24,
  X25519: 29,
  X25519MLKEM768: 0x11ec,
};

Deno.test("--show-tls and --show-groups say what the TLS library offers", async () => {
  const { ciphers, groups } = await clientHello();
  // 0x00ff: the renegotiation indication of RFC 5746, no cipher suite.
  const offered = ciphers.filter((number) => number !== 0x00ff);
  const shown = [...tls13CipherSuites, ...tls12CipherSuites].map((name) => cipherNumbers[name]);
  assert.deepEqual(shown, offered);
  assert.deepEqual(tlsGroups.map((name) => groupNumbers[name]), groups);
});

await isolatedTest(
  import.meta.url,
  "--mktun makes a device that stays, --rmtun ends it",
  async () => {
    const device = async () =>
      JSON.parse(await ip("-j -d link show")).find((one: { ifname: string }) =>
        one.ifname === "tun77"
      )?.linkinfo.info_data;
    const made = await vpn("--mktun", "--dev", "tun77", "--user", "nobody");
    assert.equal(made.code, 0, made.stderr);
    const { type, persist, user } = await device();
    assert.deepEqual({ type, persist, user }, { type: "tun", persist: true, user: "nobody" });
    const removed = await vpn("--rmtun", "--dev", "tun77");
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal(await device(), undefined);
  },
);

await isolatedTest(import.meta.url, "--show-gateway says by what a packet leaves", async () => {
  await connectMachine();
  await ip("route add 198.51.100.0/24 via 192.0.2.2 dev wan0");
  const { stdout } = await vpn("--show-gateway");
  assert.match(stdout, /^ROUTE_GATEWAY 192\.0\.2\.1\/255\.255\.255\.0 IFACE=wan0$/m);
  assert.match(stdout, /^ROUTE6_GATEWAY 2001:db8::1 IFACE=wan0$/m);
  const other = await vpn("--show-gateway", "198.51.100.7");
  assert.match(other.stdout, /^ROUTE_GATEWAY 192\.0\.2\.2\/255\.255\.255\.0 IFACE=wan0\n$/);
});
