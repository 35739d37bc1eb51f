/** What goes wrong with `vpn pki`: exit code 1, one line with file and remedy, the state as before. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Authority } from "../../../../lib/pki/authority.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { run, tryRun } from "../../../harness/command.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { vpnCommand } from "../../../harness/program.ts";
import { testWith } from "../../../harness/requirements.ts";

const vpn = [...vpnCommand, "pki"];
const quick = ["--key", "ec:p256"];

async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(directory)) {
    found[name] = (await Deno.readFile(join(directory, name))).toHex();
  }
  return found;
}

await testWith("damaged and foreign files, wrong passphrases, bad requests", async () => {
  await using directory = await TemporaryDirectory.create();
  const cwd = directory.path;
  const state = join(cwd, "vpn-data");
  const path = (name: string) => join(cwd, name);
  await Deno.writeTextFile(path("right"), "correct horse\n");
  await Deno.writeTextFile(path("wrong"), "another passphrase\n");
  const right = ["--passphrase-file", "right"];
  await run([...vpn, "init", ...quick, "--encrypt", ...right], { cwd });
  await run([...vpn, "issue", "alice", ...quick, ...right], { cwd });
  const refused = async (args: readonly string[], message: RegExp) => {
    const before = await contents(state);
    const result = await tryRun([...vpn, ...args], { cwd });
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.match(result.stderr, message);
    assert.equal(result.stderr.trim().split("\n").length, 1, result.stderr);
    assert.doesNotMatch(result.stderr, /correct horse|another passphrase/);
    assert.deepEqual(await contents(state), before);
  };
  await refused(
    ["issue", "bob", ...quick],
    /ca\.key is encrypted: give a file with its passphrase/,
  );
  await refused(
    ["issue", "bob", ...quick, "--passphrase-file", "wrong"],
    /ca\.key: the passphrase is wrong, or the key is damaged/,
  );
  await refused(["revoke", "alice", "--passphrase-file", "wrong"], /the passphrase is wrong/);
  await refused(["issue", "bob", "--passphrase-file", "none"], /cannot read none/);

  // A request whose signature is of another key.
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  for (const name of ["one", "two"]) {
    // deno-fmt-ignore -- one option per word
    await run(["openssl", "req", "-new", ...ec, "-keyout", `${name}.key`, "-subj", "/CN=device",
      "-outform", "DER", "-out", `${name}.csr`], { cwd });
  }
  const request = await Deno.readFile(path("one.csr"));
  request[request.length - 1] ^= 1;
  await Deno.writeFile(path("bad.csr"), request);
  await refused(["sign", "bad.csr", ...right], /signature of the certificate request .*device/);
  await refused(["sign", "none.csr", ...right], /cannot read none\.csr/);

  // Another authority's list in the place of ours.
  const other = join(cwd, "other");
  await run([...vpn, "init", ...quick, "--state", other], { cwd });
  const list = await Deno.readTextFile(join(state, "crl.pem"));
  await Deno.copyFile(join(other, "crl.pem"), join(state, "crl.pem"));
  await refused(["revoke", "alice", ...right], /crl\.pem: .*is not of .*: delete it.*vpn pki crl/);
  await Deno.writeTextFile(join(state, "crl.pem"), list);

  const index = await Deno.readFile(join(state, "pki.db"));
  for (const damage of [index.slice(0, index.length / 2), new Uint8Array(9000).fill(7)]) {
    await Deno.writeFile(join(state, "pki.db"), damage);
    for (const args of [["list"], ["issue", "bob", ...quick, ...right]]) {
      await refused(args, /pki\.db is damaged: restore it from a backup/);
    }
  }
  await Deno.copyFile(join(other, "pki.db"), join(state, "pki.db"));
  await refused(["list"], /pki\.db is the index of another authority/);
  await Deno.writeFile(join(state, "pki.db"), index);
  await run([...vpn, "revoke", "alice", ...right], { cwd });
}, ["openssl"]);

await testWith("commands at once: all are done, but a name is taken once", async () => {
  await using directory = await TemporaryDirectory.create();
  const state = join(directory.path, "state");
  {
    using authority = await createStateAuthority(state, { keyType: "ec:p256" });
    for (const name of ["x", "y"]) await authority.issue({ name, keyType: "ec:p256" });
  }
  const start = (...args: string[]) => tryRun([...vpn, ...args, "--state", state]);
  const results = await Promise.all([
    start("issue", "a", ...quick),
    start("issue", "b", ...quick),
    start("revoke", "x"),
    start("revoke", "y"),
    start("issue", "same", ...quick),
    start("issue", "same", ...quick),
  ]);
  const output = results.map(({ stderr }) => stderr).join("");
  assert.deepEqual(results.slice(0, 4).map(({ code }) => code), [0, 0, 0, 0], output);
  assert.deepEqual(results.slice(4).map(({ code }) => code).sort(), [0, 1], output);
  assert.match(output, /same has a valid certificate/);
  using authority = await Authority.open(state);
  assert.equal((await authority.list()).length, 5);
  assert.equal((await authority.revocations.current())?.revoked.size, 2);
  assert.deepEqual(await authority.revocations.maintain(Date.now()), []);
}, []);

await testWith("a full disk: an error, the state as before, and then it goes on", async () => {
  await using directory = await TemporaryDirectory.create();
  const state = join(directory.path, "state");
  {
    using authority = await createStateAuthority(state, { keyType: "ec:p256" });
    await authority.issue({ name: "alice", keyType: "ec:p256" });
  }
  const full = join(directory.path, "full");
  await Deno.mkdir(full);
  const command = vpn.map((word) => `'${word}'`).join(" ");
  // In a mount namespace of its own: nobody else sees this disk.
  const script = `
    set -e
    mount -t tmpfs -o size=512k,mode=0700 tmpfs '${full}'
    cp -a '${state}/.' '${full}/'
    before=$(cd '${full}' && cat ca.key ca.crt pki.db crl.pem | sha256sum)
    dd if=/dev/zero of='${full}/filler' bs=4k 2>/dev/null || true
    for args in "issue bob --key ec:p256" "revoke alice" "crl"; do
      if ${command} $args --state '${full}'; then echo "$args: no error"; else echo "code $?"; fi
    done
    after=$(cd '${full}' && cat ca.key ca.crt pki.db crl.pem | sha256sum)
    [ "$before" = "$after" ] && echo "as before"
    [ -z "$(ls '${full}'/*-journal '${full}'/.*.tmp 2>/dev/null)" ] && echo "nothing left"
    rm '${full}/filler'
    ${command} issue bob --key ec:p256 --state '${full}'
    ${command} revoke alice --state '${full}'
  `;
  const { stdout, stderr, code } = await tryRun(["unshare", "--mount", "sh", "-c", script]);
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stdout, /no error/);
  assert.equal(stdout.match(/^code 1$/gm)?.length, 3, stdout + stderr);
  assert.match(stdout, /as before\nnothing left\nIssued .*bob.*\n(.*\n)*Revoked .*alice/);
  const lines = stderr.trim().split("\n");
  assert.equal(lines.length, 3, stderr);
  for (const line of lines) {
    assert.match(line, /cannot write .*full\/pki\.db.*make room on the disk/);
  }
}, ["root", "unshare"]);
