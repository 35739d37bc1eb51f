import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import fc from "fast-check";
import {
  algorithms,
  apply,
  engines,
  headerLength,
  material,
  plainPackets,
  someText,
  wirePackets,
} from "./engine_case.ts";

/** Lengths of a batch: short ones often, so that both of the built-in engine's ways are taken. */
const lengths = fc.oneof(
  fc.array(fc.nat(1500), { minLength: 1, maxLength: 4 }),
  fc.array(fc.nat(1500), { minLength: 1, maxLength: 40 }),
);

for (const [cipher, auth] of algorithms) {
  const isCbc = cipher.endsWith("CBC");

  Deno.test(`${cipher}: what one engine seals, any engine opens`, async () => {
    const sealers = await Promise.all(
      engines.map((engine) => engine.createCipher("seal", material(cipher, auth))),
    );
    const openers = await Promise.all(
      engines.map((engine) => engine.createCipher("open", material(cipher, auth))),
    );
    await fc.assert(
      fc.asyncProperty(lengths, fc.nat(), async (drawn, seed) => {
        const texts = drawn.map((length, i) =>
          someText(isCbc ? 16 + length - length % 16 : length, seed + i)
        );
        const sealed = [];
        for (const sealer of sealers) {
          const packets = plainPackets(cipher, auth, texts);
          await apply(sealer, "seal", packets);
          assert.ok(packets.guardsIntact);
          sealed.push(texts.map((_, i) => packets.packet(i)));
        }
        // AEAD is the same byte for byte; CBC has random IVs.
        if (!isCbc) { for (const other of sealed) assert.deepEqual(other, sealed[0]); }
        for (const wire of sealed) {
          for (const opener of openers) {
            // Any order: a packet's chain must not depend on its neighbours.
            const packets = wirePackets(cipher, auth, wire.toReversed());
            await apply(opener, "open", packets);
            assert.ok(packets.guardsIntact);
            texts.toReversed().forEach((text, i) => {
              assert.equal(packets.authentic[i], 1);
              assert.deepEqual(packets.text(i), text);
            });
          }
        }
      }),
      { numRuns: 12 },
    );
    for (const each of [...sealers, ...openers]) each.destroy();
  });

  for (const engine of engines) {
    Deno.test(`${engine.name} ${cipher}: only the packets from first to end are touched`, async () => {
      const texts = [48, 16, 32, 64, 16].map(someText);
      const packets = plainPackets(cipher, auth, texts);
      const sealer = await engine.createCipher("seal", material(cipher, auth));
      await apply(sealer, "seal", packets, 1, 3);
      for (const i of [0, 3, 4]) assert.deepEqual(packets.text(i), texts[i]);
      for (const i of [1, 2]) assert.notDeepEqual(packets.text(i), texts[i]);
      const opener = await engine.createCipher("open", material(cipher, auth));
      packets.authentic.fill(7);
      await apply(opener, "open", packets, 1, 3);
      assert.deepEqual([...packets.authentic], [7, 1, 1, 7, 7]);
      texts.forEach((text, i) => assert.deepEqual(packets.text(i), text));
      await apply(sealer, "seal", packets, 2, 2);
      await apply(opener, "open", packets, 2, 2);
      sealer.destroy();
      opener.destroy();
    });

    Deno.test(`${engine.name} ${cipher}: the caller may wipe the keys at once`, async () => {
      const keys = material(cipher, auth);
      const pending = engine.createCipher("seal", keys);
      keys.cipherKey.fill(0);
      keys.hmacKey.fill(0);
      const sealer = await pending;
      const packets = plainPackets(cipher, auth, [someText(32)]);
      await apply(sealer, "seal", packets);
      const opener = await engine.createCipher("open", material(cipher, auth));
      await apply(opener, "open", packets);
      assert.equal(packets.authentic[0], 1);
      sealer.destroy();
      opener.destroy();
    });

    if (!isCbc) continue;
    // Single packets, a batch that stays in node:crypto, and one that goes to WebCrypto.
    Deno.test(`${engine.name} ${cipher}: no two IVs and no two ciphertexts are the same`, async () => {
      const sealer = await engine.createCipher("seal", material(cipher, auth));
      const seen = new Set<string>();
      let sealed = 0;
      for (const batch of [1, 1, 8, 400, 400]) {
        const packets = plainPackets(cipher, auth, Array(batch).fill(someText(48)));
        await apply(sealer, "seal", packets);
        const header = headerLength(cipher, auth);
        for (let i = 0; i < batch; i++) {
          seen.add(packets.packet(i).subarray(header - 16, header).toHex());
          seen.add(packets.text(i).subarray(0, 16).toHex());
        }
        sealed += batch;
      }
      assert.equal(seen.size, 2 * sealed);
      sealer.destroy();
    });

    Deno.test(`${engine.name} ${cipher}: each IV is the encryption of a random block`, async () => {
      const keys = material(cipher, auth);
      const sealer = await engine.createCipher("seal", keys);
      for (const batch of [8, 400]) {
        const packets = plainPackets(cipher, auth, Array(batch).fill(someText(48)));
        await apply(sealer, "seal", packets);
        const mode = cipher.toLowerCase().replace("cbc", "ecb");
        const blocks = new Set<string>();
        for (let i = 1; i < batch; i++) {
          const decipher = createDecipheriv(mode, keys.cipherKey, null).setAutoPadding(false);
          const opened = decipher.update(packets.header(i).subarray(-16));
          decipher.final();
          // Chained to the last block of the packet before.
          const before = packets.text(i - 1).subarray(-16);
          blocks.add(opened.map((byte, j) => byte ^ before[j]).toHex());
        }
        assert.equal(blocks.size, batch - 1);
      }
      sealer.destroy();
    });
  }
}
