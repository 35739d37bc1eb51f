import assert from "node:assert/strict";
import {
  inspectFiles,
  loadFiles,
  MissingFileError,
  parseUserPass,
} from "../../../lib/config/mod.ts";
import { client, memoryHost, server } from "./profile.ts";

const files = { ca: "CA", c: "CERT", k: "KEY", ta: "STATIC", crl: "CRL", up: "me\nsecret\n" };

Deno.test("all files of a client", () => {
  const config = client("tls-auth ta 1", "crl-verify crl", "auth-user-pass up");
  const loaded = loadFiles(config, memoryHost(files));
  const { tls, connections, authUserPass } = config;
  assert.ok(tls.ca && tls.key && tls.crlVerify && connections[0].controlKey);
  assert.equal(loaded.text(tls.ca), "CA");
  assert.equal(loaded.text(tls.key), "KEY");
  assert.equal(loaded.text(tls.crlVerify), "CRL");
  assert.equal(loaded.text(connections[0].controlKey.key), "STATIC");
  assert.ok(authUserPass && authUserPass.source !== "prompt");
  assert.deepEqual(parseUserPass(loaded.text(authUserPass)), {
    username: "me",
    password: "secret",
  });
  assert.deepEqual(loaded.notices, []);
});

Deno.test("inline contents come as they stand", () => {
  const config = client(
    "<ca>",
    "INLINE",
    "</ca>",
    "<auth-user-pass>",
    "u",
    "p",
    "</auth-user-pass>",
  );
  const loaded = loadFiles(config, memoryHost(files));
  assert.ok(config.tls.ca);
  assert.equal(loaded.text(config.tls.ca), "INLINE\n");
  assert.ok(config.authUserPass?.source === "inline");
  assert.deepEqual(parseUserPass(loaded.text(config.authUserPass)), {
    username: "u",
    password: "p",
  });
});

Deno.test("a missing file names option, line and path", () => {
  const config = server("tls-auth missing.key 0");
  assert.throws(
    () => loadFiles(config, memoryHost(files)),
    (error) =>
      error instanceof MissingFileError &&
      error.line === `test.conf:7: can't read "missing.key" of "tls-auth" (it doesn't exist): ` +
          "create it or correct the path",
  );
  const { missing } = inspectFiles(client(), memoryHost({}));
  assert.deepEqual(missing.map((error) => error.position?.option), ["ca", "cert", "key"]);
});

Deno.test("a secret that others may read is said; a certificate isn't secret", () => {
  const host = memoryHost(files, { k: 0o640, ta: 0o604, c: 0o644, ca: 0o644 });
  const { notices } = loadFiles(server("tls-auth ta 0"), host);
  assert.deepEqual(notices.map((n) => n.message), [
    `test.conf:6: group or others may use the secret file "k": chmod 600`,
    `test.conf:7: group or others may use the secret file "ta": chmod 600`,
  ]);
});

Deno.test("the real file system", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text, { mode: 0o600 });
    }
    const config = client(`cd ${directory}`);
    const loaded = loadFiles(config);
    assert.ok(config.tls.key);
    assert.equal(loaded.text(config.tls.key), "KEY");
    await Deno.remove(`${directory}/k`);
    await Deno.mkdir(`${directory}/k`);
    assert.match(inspectFiles(config).missing[0].line, /it is a directory/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("user name and password", () => {
  assert.deepEqual(parseUserPass("me\r\nse cret \r\nmore"), {
    username: "me",
    password: "se cret ",
  });
  assert.deepEqual(parseUserPass("me\n"), { username: "me" });
  assert.deepEqual(parseUserPass(""), { username: "" });
});
