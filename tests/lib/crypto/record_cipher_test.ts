/** Record ciphers: every engine opens what every engine seals. */
import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import fc from "fast-check";
import { LibCrypto } from "../../../ffi/libcrypto.ts";
import { VpnError } from "../../../lib/base/errors.ts";
import { createRecordCipher, recordEngine } from "../../../lib/crypto/record_cipher.ts";

const engines = (["webcrypto", "openssl"] as const)
  .filter((engine) => engine === "webcrypto" || LibCrypto.open() !== undefined);
const newKeys = () => ({
  cipherKey: new Uint8Array(32).map((_, i) => i),
  macKey: new Uint8Array(32).map((_, i) => 100 + i),
});
const size = 4096;

for (const sealer of engines) {
  for (const opener of engines) {
    Deno.test(`${opener} opens what ${sealer} seals`, async () => {
      const sealing = await createRecordCipher(sealer, "encrypt", newKeys(), size);
      const opening = await createRecordCipher(opener, "decrypt", newKeys(), size);
      const records = fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (text) => {
        sealing.bytes.set(text, 32 + 16);
        const length = await sealing.encrypt(32, text.length);
        assert.equal(length, text.length + 16 - text.length % 16);
        const [mine, theirs] = [new Uint8Array(32), new Uint8Array(32)];
        await sealing.authenticate(32, 16 + length, mine);
        opening.bytes.set(sealing.bytes.subarray(32, 48 + length), 4);
        await opening.authenticate(4, 16 + length, theirs);
        assert.deepEqual(mine, theirs);
        const covered = sealing.bytes.subarray(32, 48 + length);
        const hmac = createHmac("sha256", newKeys().macKey).update(covered).digest();
        assert.deepEqual(mine, new Uint8Array(hmac));
        assert.equal(await opening.decrypt(4, length), text.length);
        assert.deepEqual(opening.bytes.slice(20, 20 + text.length), new Uint8Array(text));
      });
      await fc.assert(records, { numRuns: 50 });
      sealing.destroy();
      opening.destroy();
    });
  }
}

for (const engine of engines) {
  Deno.test(`${engine}: IVs differ, wrong padding is said`, async () => {
    const sealing = await createRecordCipher(engine, "encrypt", newKeys(), size);
    const ivs = new Set<string>();
    for (let i = 0; i < 100; i++) {
      await sealing.encrypt(0, 5);
      ivs.add(sealing.bytes.subarray(0, 16).toHex());
    }
    assert.equal(ivs.size, 100);
    sealing.destroy();
    const opening = await createRecordCipher(engine, "decrypt", newKeys(), size);
    for (const last of [[0], [17], [255], [1, 2], [3, 2, 3, 3]]) {
      const text = new Uint8Array(32).fill(7);
      text.set(last, 32 - last.length);
      const iv = new Uint8Array(16);
      const cipher = createCipheriv("aes-256-cbc", newKeys().cipherKey, iv).setAutoPadding(false);
      opening.bytes.set(iv);
      opening.bytes.set(cipher.update(text), 16);

      assert.equal(await opening.decrypt(0, 32), -1, String(last));
    }
    opening.destroy();
  });
}

Deno.test("an engine says what it is, and one that was destroyed seals nothing", async () => {
  assert.equal(recordEngine("webcrypto"), "webcrypto");
  assert.equal(recordEngine("auto"), engines.at(-1));
  if (!engines.includes("openssl")) return;
  const cipher = await createRecordCipher("openssl", "encrypt", newKeys(), size);
  cipher.destroy();
  assert.throws(() => cipher.encrypt(0, 16), VpnError);
});
