import assert from "node:assert/strict";
import { VpnError } from "../../../lib/base/errors.ts";
import type { DataCipher } from "../../../lib/crypto/engine.ts";
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

async function pair(
  engine: (typeof engines)[number],
  cipher: string,
  auth: string,
): Promise<[DataCipher, DataCipher]> {
  return [
    await engine.createCipher("seal", material(cipher, auth)),
    await engine.createCipher("open", material(cipher, auth)),
  ];
}

/**
 * How many resources Deno holds. A cipher of `node:crypto` is one until it is finished, and Deno
 * 2.9's test sanitizer does not count them.
 */
function openResources(): number {
  const symbol = (Deno as unknown as { internal: symbol }).internal;
  const internal: unknown = Reflect.get(Deno, symbol);
  const { core } = internal as { core: { resources(): Record<string, string> } };
  return Object.keys(core.resources()).length;
}

for (const engine of engines) {
  for (const [cipher, auth] of algorithms) {
    const isCbc = cipher.endsWith("CBC");
    const name = `${engine.name} ${cipher}`;

    Deno.test(`${name}: every flipped bit is refused, good packets among them come out`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const text = someText(32);
      const plain = plainPackets(cipher, auth, [text]);
      await apply(sealer, "seal", plain);
      const good = plain.packet(0);
      const wire = [];
      for (let bit = 0; bit < good.length * 8; bit++) {
        const bad = good.slice();
        bad[bit >> 3] ^= 1 << (bit & 7);
        wire.push(bad);
        if (bit % 5 === 0) wire.push(good);
      }
      // One by one, in small batches, and all at once: the built-in engine has a way for each.
      for (const batch of [1, 20, wire.length]) {
        const packets = wirePackets(cipher, auth, wire);
        packets.authentic.fill(1);
        for (let first = 0; first < wire.length; first += batch) {
          await apply(opener, "open", packets, first, Math.min(first + batch, wire.length));
        }
        assert.ok(packets.guardsIntact);
        wire.forEach((packet, i) => {
          assert.equal(packets.authentic[i], packet === good ? 1 : 0, `packet ${i}`);
          if (packet === good) assert.deepEqual(packets.text(i), text);
        });
      }
      sealer.destroy();
      opener.destroy();
    });

    Deno.test(`${name}: another key opens nothing`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const keys = material(cipher, auth, 2);
      const otherMac = { ...material(cipher, auth), hmacKey: keys.hmacKey };
      for (const wrong of [keys, otherMac]) {
        const packets = plainPackets(cipher, auth, [someText(32), someText(160)]);
        await apply(sealer, "seal", packets);
        const other = await engine.createCipher("open", wrong);
        await apply(other, "open", packets);
        assert.deepEqual([...packets.authentic], [0, 0]);
        other.destroy();
      }
      sealer.destroy();
      opener.destroy();
    });

    Deno.test(`${name}: a packet cut or lengthened is refused without an error`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const plain = plainPackets(cipher, auth, [someText(48)]);
      await apply(sealer, "seal", plain);
      const good = plain.packet(0);
      const header = headerLength(cipher, auth);
      const wire = [];
      for (let length = header; length < good.length + 33; length++) {
        const packet = new Uint8Array(length);
        packet.set(good.subarray(0, length));
        wire.push(packet);
      }
      const packets = wirePackets(cipher, auth, wire);
      await apply(opener, "open", packets);
      wire.forEach((packet, i) =>
        assert.equal(packets.authentic[i], packet.length === good.length ? 1 : 0)
      );
      assert.ok(packets.guardsIntact);
      sealer.destroy();
      opener.destroy();
    });

    Deno.test(`${name}: a text that does not fit into the memory is refused`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const packets = plainPackets(cipher, auth, [someText(32), someText(32), someText(32)]);
      const { bytes } = packets.memory;
      const header = headerLength(cipher, auth);
      const good = packets.offset[1];
      const places: [offset: number, length: number][] = [
        [good, -1],
        [good, -16],
        [good, -(2 ** 31)],
        [header - 1, 32],
        [0, 32],
        [-1, 32],
        [bytes.length - 16, 32],
        [bytes.length, 16],
        [2 ** 31 - 16, 16],
        [good, bytes.length],
        [good, 2 ** 31 - 16],
      ];
      if (isCbc) places.push([good, 0], [good, 1], [good, 15], [good, 17], [good, 31]);
      for (const [offset, length] of places) {
        packets.offset[1] = offset;
        packets.length[1] = length;
        packets.authentic.fill(1);
        await apply(opener, "open", packets);
        assert.deepEqual([...packets.authentic], [0, 0, 0]);
        await assert.rejects(() => apply(sealer, "seal", packets, 1, 2), RangeError);
        assert.ok(packets.guardsIntact);
      }
      sealer.destroy();
      opener.destroy();
    });

    Deno.test(`${name}: a destroyed key seals and opens nothing`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const packets = plainPackets(cipher, auth, [someText(32)]);
      await apply(sealer, "seal", packets);
      sealer.destroy();
      sealer.destroy();
      opener.destroy();
      await apply(opener, "open", packets);
      assert.equal(packets.authentic[0], 0);
      await assert.rejects(() => apply(sealer, "seal", packets), VpnError);
    });

    Deno.test(`${name}: a destroyed key is no key of zeros`, async () => {
      const keys = material(cipher, auth);
      const zeros = {
        ...keys,
        cipherKey: new Uint8Array(keys.cipherKey.length),
        hmacKey: new Uint8Array(keys.hmacKey.length),
      };
      const sealer = await engine.createCipher("seal", zeros);
      const opener = await engine.createCipher("open", zeros);
      const packets = plainPackets(cipher, auth, [someText(32)]);
      await apply(sealer, "seal", packets);
      opener.destroy();
      await apply(opener, "open", packets);
      assert.equal(packets.authentic[0], 0);
      sealer.destroy();
    });

    Deno.test(`${name}: nothing is left open in Deno, by forged packets neither`, async () => {
      const before = openResources();
      const [sealer, opener] = await pair(engine, cipher, auth);
      const packets = plainPackets(cipher, auth, [1, 2, 3].map((seed) => someText(32, seed)));
      await apply(sealer, "seal", packets);
      packets.header(1)[8] ^= 1;
      await apply(opener, "open", packets);
      assert.deepEqual([...packets.authentic], [1, 0, 1]);
      sealer.destroy();
      opener.destroy();
      assert.equal(openResources(), before);
    });

    Deno.test(`${name}: keys of a wrong length make no cipher`, async () => {
      const keys = material(cipher, auth);
      for (
        const wrong of [
          { cipherKey: keys.cipherKey.slice(1) },
          { cipherKey: new Uint8Array([...keys.cipherKey, 1]) },
          { cipherKey: new Uint8Array() },
          { hmacKey: keys.hmacKey.slice(1) },
          { hmacKey: new Uint8Array([...keys.hmacKey, 1]) },
        ]
      ) {
        await assert.rejects(
          async () => await engine.createCipher("open", { ...keys, ...wrong }),
          VpnError,
        );
      }
    });

    if (isCbc) continue;
    Deno.test(`${name}: an empty text is sealed, opened and refused like any other`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const packets = plainPackets(cipher, auth, [new Uint8Array()]);
      // Also where nothing follows in the memory.
      packets.memory.bytes.copyWithin(packets.memory.bytes.length - 24, packets.offset[0] - 24);
      packets.offset[0] = packets.memory.bytes.length;
      await apply(sealer, "seal", packets);
      await apply(opener, "open", packets);
      assert.equal(packets.authentic[0], 1);
      packets.header(0)[8] ^= 1;
      await apply(opener, "open", packets);
      assert.equal(packets.authentic[0], 0);
      sealer.destroy();
      opener.destroy();
    });

    Deno.test(`${name}: associated data without room for a packet-id is an error`, async () => {
      const [sealer, opener] = await pair(engine, cipher, auth);
      const packets = plainPackets(cipher, auth, [someText(32)]);
      await assert.rejects(async () => await sealer.seal(packets, 0, 1, 3), RangeError);
      await assert.rejects(async () => await opener.open(packets, 0, 1, 3), RangeError);
      sealer.destroy();
      opener.destroy();
    });
  }

  Deno.test(`${engine.name}: what is not supported is said`, async () => {
    assert.equal(engine.supports("AES-256-CBC", "SHA256"), true);
    assert.equal(engine.supports("AES-256-GCM", "none"), true);
    for (
      const [cipher, auth] of [["BF-CBC", "SHA1"], ["AES-256-CBC", "none"], ["AES-256-CBC", ""]]
    ) {
      assert.equal(engine.supports(cipher, auth), false);
      const keys = { ...material("AES-256-CBC", "SHA1"), cipher, auth };
      await assert.rejects(async () => await engine.createCipher("seal", keys), VpnError);
    }
  });
}
