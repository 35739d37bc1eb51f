/** Keys in files. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createKeyFiles,
  parseKeyList,
  readKeyList,
  readKeyPair,
  readPublicKey,
} from "../../../../lib/app/channel/key_files.ts";
import { readSecretFile } from "../../../../lib/app/channel/secret_file.ts";
import { VpnError } from "../../../../lib/base/errors.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";

const base = Uint8Array.of(9, ...new Uint8Array(31)).toBase64();

Deno.test("a key pair is made once and read again", async () => {
  await using directory = await TemporaryDirectory.create();
  const file = `${directory.path}/key`;
  const publicKey = await createKeyFiles(file);
  await assert.rejects(createKeyFiles(file), /is there already/);
  assert.equal((await readKeyPair(file)).publicKey.toBase64(), publicKey);
  assert.equal(readPublicKey(`${file}.pub`).toBase64(), publicKey);
  assert.equal(readPublicKey(publicKey).toBase64(), publicKey);
  await Deno.chmod(file, 0o604);
  await assert.rejects(readKeyPair(file), /is open to others \(mode 0604\)/);
  await Deno.chmod(`${file}.pub`, 0o666);
  assert.throws(() => readKeyList(`${file}.pub`), /can be written by others/);
  await assert.rejects(readKeyPair(`${file}.not`), VpnError);
});

Deno.test("a list has keys, comments and empty lines; a mistake is named by its line", () => {
  const keys = parseKeyList(`# all of us\r\n\r\n  ${base}  the base point\n${base}\n`, "clients");
  assert.deepEqual([...keys.values()].map((key) => key.toBase64()), [base]);
  const wrong = [
    "no key",
    base.slice(1),
    `${base}=`,
    "/".repeat(43) + "=", // no canonical key
    base.replace("A=", "B="), // bits beyond the last byte
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseKeyList(`${base}\n${text}\n`, "clients"),
      /clients:2: .* is no public key/,
      text,
    );
  }
});

Deno.test("any text is a list or refused", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
    try {
      parseKeyList(text, "clients");
    } catch (error) {
      assert.ok(error instanceof VpnError);
    }
  }));
});

Deno.test("a secret's file is read without its line end, and not if it is long or gone", async () => {
  await using directory = await TemporaryDirectory.create();
  const file = `${directory.path}/secret`;
  const write = (text: string) => Deno.writeTextFile(file, text, { mode: 0o600 });
  for (const end of ["", "\n", "\r\n"]) {
    await write(` a b ${end}`);
    assert.equal(readSecretFile(file, "the secret"), " a b ");
  }
  await write("x".repeat(5000));
  assert.throws(() => readSecretFile(file, "the secret"), /too long/);
  assert.throws(() => readSecretFile(`${file}.not`, "the secret"), VpnError);
});
