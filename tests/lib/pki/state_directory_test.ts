import assert from "node:assert/strict";
import { join } from "node:path";
import { VpnError } from "../../../lib/base/errors.ts";
import { generateStaticKey } from "../../../lib/crypto/static_key.ts";
import { parseRevocationLists } from "../../../lib/pki/crl.ts";
import { DAY } from "../../../lib/pki/issue.ts";
import { Authority } from "../../../lib/pki/authority.ts";
import {
  openStateDirectory,
  type StateDirectoryOptions,
} from "../../../lib/pki/state_directory.ts";
import { stateFiles } from "../../../lib/pki/state_files.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const options: StateDirectoryOptions = {
  createIfMissing: true,
  tlsAuthKey: generateStaticKey,
  remote: "192.0.2.1",
  // Quick to make; the default kinds have a test of their own.
  keyType: "ec:p256",
  authorityKeyType: "ec:p256",
};

async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(directory)) {
    found[name] = await Deno.readTextFile(join(directory, name));
  }
  return found;
}

/** The file with its tables overwritten, its header left as it is. */
function damagedTables(file: Uint8Array): Uint8Array {
  const damaged = file.slice();
  damaged.fill(0x55, 4096);
  return damaged;
}

const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

Deno.test("the first start makes everything with RSA, the second uses it", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "deep", "vpn-data");
    const { keyType: _, authorityKeyType: __, ...defaults } = options;
    const umask = Deno.umask(0o777);
    let first;
    try {
      await Deno.mkdir(join(parent, "deep"), { mode: 0o700 });
      await Deno.chmod(join(parent, "deep"), 0o700);
      first = await openStateDirectory(directory, defaults);
    } finally {
      Deno.umask(umask);
    }
    const { files } = first;
    assert.ok(first.created);
    assert.deepEqual(first.notices, []);
    assert.equal(await modeOf(directory), 0o700);
    for (const [name, path] of Object.entries(files)) {
      const secret = /key$|profile|index/i.test(name);
      assert.equal(await modeOf(path), secret ? 0o600 : 0o644, name);
    }
    // deno-fmt-ignore -- one option per word
    await openssl("verify", "-x509_strict", "-crl_check", "-CAfile", files.caCertificate,
      "-CRLfile", files.revocationList, "-purpose", "sslserver", files.serverCertificate);
    const profile = await Deno.readTextFile(files.clientProfile);
    const clientCertificate = join(parent, "client.crt");
    await Deno.writeTextFile(clientCertificate, /<cert>([^<]*)/.exec(profile)?.[1] ?? "");
    // deno-fmt-ignore -- one option per word
    await openssl("verify", "-x509_strict", "-crl_check", "-CAfile", files.caCertificate,
      "-CRLfile", files.revocationList, "-purpose", "sslclient", clientCertificate);
    assert.equal(first.authority.publicKey.bits, 3072);
    assert.equal(first.server.publicKey.bits, 2048);
    for (const file of ["caCertificate", "tlsAuthKey"] as const) {
      assert.ok(profile.includes((await Deno.readTextFile(files[file])).trim()), file);
    }
    assert.match(profile, /^remote 192\.0\.2\.1 1194$/m);

    const before = await contents(directory);
    const second = await openStateDirectory(directory, { ...defaults, createIfMissing: false });
    assert.ok(!second.created);
    assert.deepEqual(second.notices, []);
    assert.deepEqual(await contents(directory), before);
  });
});

Deno.test("a first start that was cut off anywhere is taken up where it ended", async () => {
  await inTemporaryDirectory(async (parent) => {
    const whole = join(parent, "whole");
    await openStateDirectory(whole, options);
    const order = Object.values(stateFiles("")).map((path) => path.replace(/^\//, ""));
    for (let written = 0; written < order.length; written++) {
      const directory = join(parent, `after-${written}`);
      await Deno.mkdir(directory, { mode: 0o700 });
      for (const name of order.slice(0, written)) {
        await Deno.copyFile(join(whole, name), join(directory, name));
        await Deno.chmod(join(directory, name), 0o600);
      }
      // What a write that was cut off leaves behind.
      const remains = join(directory, `.${order[written]}.${crypto.randomUUID()}.tmp`);
      await Deno.writeTextFile(remains, "half");
      await assert.rejects(
        openStateDirectory(directory, { ...options, createIfMissing: false }),
        /no finished state directory/,
      );
      const state = await openStateDirectory(directory, options);
      assert.ok(state.created);
      const after = await contents(directory);
      const before = await contents(whole);
      assert.deepEqual(Object.keys(after).sort(), Object.keys(before).sort());
      for (const name of order.slice(0, written)) {
        if (name !== "pki.db") assert.equal(after[name], before[name], name);
      }
      // deno-fmt-ignore -- one option per word
      await openssl("verify", "-crl_check", "-CAfile", state.files.caCertificate, "-CRLfile",
        state.files.revocationList, state.files.serverCertificate);
    }
  });
});

Deno.test("two first starts at once make one directory", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    const [one, two] = await Promise.all([
      openStateDirectory(directory, options),
      openStateDirectory(directory, options),
    ]);
    assert.equal(one.authority.serial, two.authority.serial);
    assert.equal(one.server.serial, two.server.serial);
    assert.equal([one, two].filter(({ created }) => created).length, 1);
  });
});

Deno.test("permissions: closed where they are ours, refused where they are not", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    const { files } = await openStateDirectory(directory, options);
    await Deno.chmod(directory, 0o755);
    await Deno.chmod(files.serverKey, 0o640);
    const { notices } = await openStateDirectory(directory, options);
    assert.equal(notices.length, 2);
    assert.match(notices[0], /state was open to other users/);
    assert.match(notices[1], /server\.key could be read by other users/);
    assert.equal(await modeOf(directory), 0o700);
    assert.equal(await modeOf(files.serverKey), 0o600);
    if (Deno.uid() === 0) {
      await Deno.chown(directory, 65534, 65534);
      await assert.rejects(openStateDirectory(directory, options), /belongs to another user/);
      await Deno.chown(directory, 0, 0);
    }
    await Deno.writeTextFile(join(parent, "file"), "");
    await assert.rejects(openStateDirectory(join(parent, "file"), options), /no directory/);
    await assert.rejects(
      openStateDirectory(join(parent, "none"), { ...options, createIfMissing: false }),
      /there is no state directory/,
    );
  });
});

Deno.test("what is missing or damaged later: the file and the remedy", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    const { files } = await openStateDirectory(directory, options);
    const other = await openStateDirectory(join(parent, "other"), options);
    const refused = async (
      path: string,
      replacement: string | undefined,
      remedy: RegExp,
      named = path,
    ) => {
      const original = await Deno.readTextFile(path);
      if (replacement === undefined) await Deno.remove(path);
      else await Deno.writeTextFile(path, replacement);
      const before = await contents(directory);
      await assert.rejects(openStateDirectory(directory, options), (error) => {
        assert.ok(error instanceof VpnError, String(error));
        assert.ok(error.message.includes(named), error.message);
        assert.match(error.line, remedy);
        assert.doesNotMatch(error.line, /PRIVATE/);
        return true;
      });
      assert.deepEqual(await contents(directory), before);
      await Deno.writeTextFile(path, original);
    };
    await refused(files.caCertificate, undefined, /missing: restore/);
    await refused(files.serverKey, undefined, /or delete .*server\.crt/);
    await refused(files.tlsAuthKey, undefined, /copy it out of a client's profile/);
    await refused(files.caCertificate, "x", /no PEM certificate/);
    await refused(files.caKey, "x", /cannot be read/);
    await refused(files.serverCertificate, "", /delete it to have it issued again/);
    await refused(files.serverKey, "-----BEGIN PRIVATE KEY-----", /cannot be read/);
    await refused(files.revocationList, "x", /no revocation list.*vpn pki crl/);
    await refused(files.tlsAuthKey, "x", /no static key/);
    // Another installation's files.
    const foreign = (name: keyof typeof files) => Deno.readTextFile(other.files[name]);
    await refused(files.caKey, await foreign("caKey"), /does not belong/);
    await refused(files.serverKey, await foreign("serverKey"), /does not belong/);
    await refused(files.revocationList, await foreign("revocationList"), /is not of/);
    const foreignIndex = await Deno.readFile(other.files.index);
    const ownIndex = await Deno.readFile(files.index);
    await Deno.writeFile(files.index, foreignIndex);
    await assert.rejects(openStateDirectory(directory, options), /index of another authority/);
    for (const damaged of [new Uint8Array(5000).fill(120), damagedTables(ownIndex)]) {
      await Deno.writeFile(files.index, damaged);
      await assert.rejects(
        openStateDirectory(directory, options),
        (error) =>
          error instanceof VpnError &&
          error.line === `the index ${files.index} is damaged: restore it from a backup`,
      );
    }
    await Deno.writeFile(files.index, ownIndex);
    const foreignAuthority = await foreign("caCertificate");
    await refused(files.caCertificate, foreignAuthority, /does not belong/, files.caKey);

    // The server's own certificate can be made again, as the remedy promises.
    const written = await Deno.readTextFile(files.serverCertificate);
    await Deno.remove(files.serverCertificate);
    const again = await openStateDirectory(directory, options);
    assert.match(again.notices.join(), /server\.crt was missing: written again/);
    assert.equal(await Deno.readTextFile(files.serverCertificate), written);
    await Deno.remove(files.serverCertificate);
    await Deno.remove(files.serverKey);
    await openStateDirectory(directory, options);
    // A client's profile that was taken away is not made again.
    await Deno.remove(files.clientProfile);
    await openStateDirectory(directory, options);
    await assert.rejects(Deno.stat(files.clientProfile), Deno.errors.NotFound);
    // The index has the list.
    const list = await Deno.readTextFile(files.revocationList);
    await Deno.remove(files.revocationList);
    await openStateDirectory(directory, options);
    assert.equal(await Deno.readTextFile(files.revocationList), list);
    // Without both, nobody knows any more who is revoked.
    await Deno.remove(files.revocationList);
    await Deno.remove(files.index);
    await assert.rejects(
      openStateDirectory(directory, options),
      /crl\.pem is missing, and so is the index/,
    );
    await assert.rejects(Authority.open(directory), /crl\.pem is missing, and so is the index/);
  });
});

Deno.test("the revocation list is issued again before it ends, with what it holds", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    const now = Date.now();
    const { files } = await openStateDirectory(directory, { ...options, now });
    const read = async () => parseRevocationLists(await Deno.readTextFile(files.revocationList))[0];
    const first = await read();
    assert.equal(first.revoked.size, 0);
    assert.equal(first.number, "01");
    using authority = await Authority.open(directory);
    assert.deepEqual(await authority.revocations.maintain(now + 89 * DAY), []);
    assert.equal((await read()).number, "01");
    assert.match((await authority.revocations.maintain(now + 91 * DAY))[0], /issued again/);
    const second = await read();
    assert.equal(second.number, "02");
    assert.ok((second.nextUpdate ?? 0) > (first.nextUpdate ?? 0));
    const later = await openStateDirectory(directory, { ...options, now: now + 200 * DAY });
    assert.match(later.notices.join(), /crl\.pem would have ended/);
    assert.equal((await read()).number, "03");
    // openssl adds a certificate; ours keeps it.
    await Deno.writeTextFile(join(directory, "index.txt"), "");
    await Deno.writeTextFile(join(directory, "crlnumber"), "10\n");
    await Deno.writeTextFile(
      join(directory, "ca.cnf"),
      `[ca]\ndefault_ca=c\n[c]\ndatabase=${directory}/index.txt\ncrlnumber=${directory}/crlnumber\n`,
    );
    const ca = ["ca", "-batch", "-config", join(directory, "ca.cnf"), "-md", "sha256"];
    const signer = ["-cert", files.caCertificate, "-keyfile", files.caKey];
    await openssl(
      ...ca,
      ...signer,
      "-revoke",
      files.serverCertificate,
      "-crl_reason",
      "superseded",
    );
    await openssl(...ca, ...signer, "-gencrl", "-crldays", "30", "-out", files.revocationList);
    const [[serial]] = (await read()).revoked;
    const taken = await openStateDirectory(directory, { ...options, now });
    assert.match(taken.notices.join(), /crl\.pem was changed by another program/);
    const renewed = await read();
    assert.equal(renewed.number, "11");
    assert.equal(renewed.revoked.get(serial)?.reason, 4);
    // Without the authority's key it can only be said.
    await Deno.remove(files.caKey);
    const said = await openStateDirectory(directory, { ...options, now: now + 100 * DAY });
    assert.match(said.notices.join(), /WARNING: .*crl\.pem ends on .*ca\.key/);
  });
});

Deno.test("certificates near their end and a directory that moved are spoken of", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    const now = Date.now();
    await openStateDirectory(directory, { ...options, now });
    const late = await openStateDirectory(directory, { ...options, now: now + 800 * DAY });
    assert.match(late.notices.join(), /WARNING: .*server\.crt ends on/);
    await assert.rejects(
      openStateDirectory(directory, { ...options, now: now + 826 * DAY }),
      (error) =>
        error instanceof VpnError &&
        /server\.crt: .*ended at .*delete it to have it issued again/.test(error.line),
    );
    const moved = join(parent, "moved");
    await Deno.rename(directory, moved);
    const { notices } = await openStateDirectory(moved, { ...options, now });
    assert.match(notices.join(), /WARNING: .*change its line cd/);
  });
});
