/** `vpn pki …` as a user runs it: results, exit codes, one line for an error. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { run, tryRun } from "../../../harness/command.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { vpnCommand } from "../../../harness/program.ts";
import { testWith } from "../../../harness/requirements.ts";

const vpn = [...vpnCommand, "pki"];
const quick = ["--key", "ec:p256"];

async function refused(cwd: string, args: readonly string[], message: RegExp): Promise<void> {
  const result = await tryRun([...vpn, ...args], { cwd });
  assert.equal(result.code, 1, result.stdout + result.stderr);
  assert.match(result.stderr, message);
  assert.equal(result.stderr.trim().split("\n").length, 1, result.stderr);
  assert.equal(result.stdout, "");
}

await testWith("from an authority to a profile, by commands", async () => {
  await using directory = await TemporaryDirectory.create();
  const cwd = directory.path;
  const pki = (...args: string[]) => run([...vpn, ...args], { cwd });
  await refused(
    cwd,
    ["list"],
    /no state directory .*vpn-data: start with vpn serve or vpn pki init/,
  );
  await pki("init", ...quick, "--url", "http://vpn.example:8080/");
  await refused(cwd, ["init"], /has a certification authority already/);
  assert.match(await pki("list"), /Nothing was issued yet/);
  assert.match(await pki("issue", "alice", ...quick, "--days", "20"), /valid until .*in 20 days/);
  await refused(cwd, ["issue", "alice"], /alice has a valid certificate: choose another name/);
  await pki("issue", "bob", ...quick);
  assert.match(await pki("revoke", "bob", "--reason", "superseded"), /bob.*superseded/);
  const table = await pki("list");
  assert.match(table, /^alice +client +ec:p256 +ends soon/m);
  assert.match(table, /^bob +client +ec:p256 +revoked: superseded/m);
  assert.ok(!table.includes("\x1b"));
  const [alice, bob] = JSON.parse(await pki("list", "--json"));
  assert.equal(alice.state, "ending");
  assert.equal(bob.reason, "superseded");
  assert.equal(JSON.parse(await pki("show", alice.serial, "--json")).subject, "CN=alice");
  assert.equal(JSON.parse(await pki("crl", "--json")).revoked[0].serial, bob.serial);
  const text = await run(["openssl", "x509", "-noout", "-text"], {
    input: await pki("show", "alice", "--pem"),
  });
  assert.match(text, /CRL Distribution Points:[^]*URI:http:\/\/vpn\.example:8080\/crl\.der/);
  assert.match(text, /OCSP - URI:http:\/\/vpn\.example:8080\/ocsp/);
  assert.match(text, /CA Issuers - URI:http:\/\/vpn\.example:8080\/ca\.der/);

  await refused(
    cwd,
    ["export", "alice"],
    /address of the server is not known: give it with --remote/,
  );
  const profile = ["export", "alice", "--remote", "[2001:db8::1]:443"];
  assert.match(await pki(...profile, "--out", "-"), /^remote 2001:db8::1 443$/m);
  await pki(...profile);
  assert.equal(((await Deno.stat(join(cwd, "alice.ovpn"))).mode ?? 0) & 0o777, 0o600);
  await refused(cwd, profile, /alice\.ovpn is there already/);
  await pki(...profile, "--force");
  await refused(cwd, ["export", "bob", "--remote", "a"], /certificate of bob is revoked/);
  await refused(cwd, [...profile, "--format", "p12"], /no terminal to ask.*--p12-passphrase-file/);
  await refused(cwd, ["link", "alice"], /nobody knows where links lead/);
  await refused(cwd, ["settings", "--link-url", "http://a"], /is not HTTPS/);
  await pki("settings", "--link-url", "https://vpn.example:8443", "--remote", "vpn.example");
  const { url } = JSON.parse(await pki("link", "alice", "--json", "--png", "qr.png"));
  assert.match(url, /^https:\/\/vpn\.example:8443\/get\/[A-Za-z0-9_-]{43}$/);
  assert.equal(((await Deno.stat(join(cwd, "qr.png"))).mode ?? 0) & 0o777, 0o600);
}, ["openssl"]);

await testWith("the keys of vpn pki key are openvpn's", async () => {
  await using directory = await TemporaryDirectory.create();
  const cwd = directory.path;
  const pki = (...args: string[]) => run([...vpn, ...args], { cwd });
  for (const kind of ["tls-auth", "tls-crypt"]) {
    const file = `${kind}.key`;
    await pki("key", kind, "--out", file);
    await run(["openvpn", "--genkey", "secret", `theirs-${file}`], { cwd });
    const shape = async (name: string) =>
      (await Deno.readTextFile(join(cwd, name))).replace(/^[0-9a-f]{32}$/gm, "hex");
    assert.equal(await shape(file), await shape(`theirs-${file}`));
    await refused(cwd, ["key", kind, "--out", file], /is there already/);
    await refused(cwd, ["key", kind, "--metadata", "x"], /neither a server's key nor metadata/);
  }
  await pki("key", "tls-crypt-v2-server", "--out", "server.key");
  await refused(cwd, ["key", "tls-crypt-v2-client"], /--server-key/);
  const wrapping = ["--server-key", "server.key"];
  await pki("key", "tls-crypt-v2-client", ...wrapping, "--out", "client.key");
  assert.match(
    await pki("key", "tls-crypt-v2-client", ...wrapping, "--metadata", "of alice"),
    /^-----BEGIN OpenVPN tls-crypt-v2 client key-----/,
  );
  // OpenVPN unwraps each key that it makes; it has to take our server key for that.
  // deno-fmt-ignore -- one option per word
  await run(["openvpn", "--tls-crypt-v2", "server.key", "--genkey", "tls-crypt-v2-client",
    "theirs.key"], { cwd });
}, ["openvpn"]);
