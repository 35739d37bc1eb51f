/** libsodium's secretbox: lengths are checked before the library sees them. */
import assert from "node:assert/strict";
import { LibSodium } from "../../ffi/libsodium.ts";

const library = LibSodium.open();

Deno.test({
  name: "a box is opened, one that was changed is not, wrong lengths are refused",
  ignore: library === undefined,
  fn: () => {
    assert.ok(library);
    assert.match(library.version, /^1\.\d+\.\d+/);
    const key = new Uint8Array(32).fill(1);
    const nonce = new Uint8Array(24).fill(2);
    const text = new Uint8Array(100).map((_, i) => i);
    const box = new Uint8Array(116);
    library.secretBox(box, text, nonce, key);
    const opened = new Uint8Array(100);
    assert.equal(library.openSecretBox(opened, box, nonce, key), true);
    assert.deepEqual(opened, text);
    // In place, as records are sealed.
    const memory = new Uint8Array(116);
    memory.set(text, 16);
    library.secretBox(memory, memory.subarray(16), nonce, key);
    assert.deepEqual(memory, box);
    box[50] ^= 1;
    assert.equal(library.openSecretBox(opened, box, nonce, key), false);
    const short = (bytes: Uint8Array<ArrayBuffer>) => bytes.subarray(1);
    assert.throws(() => library.secretBox(short(box), text, nonce, key), RangeError);
    assert.throws(() => library.secretBox(box, text, short(nonce), key), RangeError);
    assert.throws(() => library.openSecretBox(opened, box, nonce, short(key)), RangeError);
    assert.throws(() => library.openSecretBox(opened, short(box), nonce, key), RangeError);
  },
});
