import assert from "node:assert/strict";
import { burstCapacity, type CbcHmacContext, type IpsecMbAeadContext } from "deno-tun";
import { VpnError } from "../../../lib/base/errors.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { IpsecMbEngine } from "../../../lib/crypto/ipsec_mb.ts";
import { IpsecMbAeadCipher } from "../../../lib/crypto/ipsec_mb_aead.ts";
import { IpsecMbCbcHmac } from "../../../lib/crypto/ipsec_mb_cbc.ts";
import {
  algorithms,
  apply,
  headerLength,
  ipsecMb,
  material,
  plainPackets,
  someText,
  wirePackets,
} from "./engine_case.ts";

const openssl = selectEngine("openssl");

/** Skipped, and counted, without the library (Debian: libipsec-mb1). */
function test(name: string, run: (engine: IpsecMbEngine) => Promise<void>): void {
  const engine = ipsecMb;
  if (engine instanceof IpsecMbEngine) Deno.test(name, () => run(engine));
  else Deno.test({ name, ignore: true, fn: () => {} });
}

/** Lengths from one byte to an Ethernet frame's, and now and then to a jumbo frame's. */
function mixedLength(i: number, isCbc: boolean): number {
  const length = i % 11 === 10 ? 9000 - i : (i * 389) % 1501;
  return isCbc ? 16 + length - length % 16 : length;
}

const digests = ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"];
const cases = [
  ...algorithms.filter(([cipher]) => !cipher.endsWith("CBC")),
  ...digests.map((auth, i) => [`AES-${[128, 192, 256][i % 3]}-CBC`, auth] as const),
];

for (const [cipher, auth] of cases) {
  const isCbc = cipher.endsWith("CBC");

  test(`ipsec-mb ${cipher} ${auth}: batches of 1 to 64 and more, bad packets among them`, async (engine) => {
    const keys = material(cipher, auth);
    const [sealer, opener] = [engine.createCipher("seal", keys), engine.createCipher("open", keys)];
    const otherSealer = await openssl.createCipher("seal", keys);
    const otherOpener = await openssl.createCipher("open", keys);
    const sizes = Array.from({ length: burstCapacity + 2 }, (_, i) => i + 1);
    for (const size of [...sizes, 2 * burstCapacity, 3 * burstCapacity + 7]) {
      const texts = Array.from(
        { length: size },
        (_, i) => someText(mixedLength(i + size, isCbc), i),
      );
      const ours = plainPackets(cipher, auth, texts);
      await apply(sealer, "seal", ours);
      assert.ok(ours.guardsIntact);
      const theirs = plainPackets(cipher, auth, texts);
      await apply(otherSealer, "seal", theirs);
      for (const [sealed, by] of [[ours, otherOpener], [theirs, opener]] as const) {
        const packets = wirePackets(cipher, auth, texts.map((_, i) => sealed.packet(i)));
        const isBad = (i: number) => (i + size) % 5 === 0 || (i + size) % 5 === 1;
        texts.forEach((_, i) => {
          // Its last byte: of the text, or of the tag where the text is empty.
          const end = packets.offset[i] + packets.length[i] - 1;
          if (isBad(i)) packets.memory.bytes[end] ^= 1;
          // One that is too short for what is in front of it.
          if ((i + size) % 10 === 1) packets.length[i] = -1;
        });
        packets.authentic.fill(7);
        await apply(by, "open", packets);
        assert.ok(packets.guardsIntact);
        texts.forEach((text, i) => {
          assert.equal(packets.authentic[i], isBad(i) ? 0 : 1, `packet ${i} of ${size}`);
          if (!isBad(i)) assert.deepEqual(packets.text(i), text);
        });
      }
    }
    for (const each of [sealer, opener, otherSealer, otherOpener]) each.destroy();
  });
}

test("ipsec-mb: keys and ciphers take turns with the same slots", async (engine) => {
  const ciphers = await Promise.all(
    cases.flatMap(([cipher, auth]) =>
      [1, 2].map(async (seed) => {
        const keys = material(cipher, auth, seed);
        return {
          cipher,
          auth,
          sealer: engine.createCipher("seal", keys),
          opener: await openssl.createCipher("open", keys),
          back: engine.createCipher("open", keys),
        };
      })
    ),
  );
  for (let round = 0; round < 30; round++) {
    for (const { cipher, auth, sealer, opener, back } of ciphers) {
      const texts = Array.from({ length: 1 + (round * 7) % 20 }, (_, i) => someText(64, i));
      const packets = plainPackets(cipher, auth, texts);
      await apply(sealer, "seal", packets);
      await apply(round % 2 === 0 ? opener : back, "open", packets);
      texts.forEach((text, i) => {
        assert.equal(packets.authentic[i], 1);
        assert.deepEqual(packets.text(i), text);
      });
    }
    // A key that goes takes nothing from those that stay.
    if (round === 15) {
      for (const gone of ciphers.splice(1, 3)) {
        gone.sealer.destroy();
        gone.opener.destroy();
        gone.back.destroy();
      }
    }
  }
  for (const { sealer, opener, back } of ciphers) {
    for (const each of [sealer, opener, back]) each.destroy();
  }
});

test("ipsec-mb: a CBC packet that the library's lanes cannot count is refused", async (engine) => {
  const keys = material("AES-256-CBC", "SHA256");
  const sealer = engine.createCipher("seal", keys);
  const opener = engine.createCipher("open", keys);
  const other = await openssl.createCipher("seal", keys);
  const longest = plainPackets("AES-256-CBC", "SHA256", [someText(65504)]);
  await apply(sealer, "seal", longest);
  await apply(opener, "open", longest);
  assert.equal(longest.authentic[0], 1);
  assert.deepEqual(longest.text(0), someText(65504));
  for (const length of [65520, 65536, 131072]) {
    const texts = [someText(32), someText(length), someText(48)];
    const packets = plainPackets("AES-256-CBC", "SHA256", texts);
    await assert.rejects(() => apply(sealer, "seal", packets), RangeError);
    const sealed = plainPackets("AES-256-CBC", "SHA256", texts);
    await apply(other, "seal", sealed);
    await apply(opener, "open", sealed);
    assert.deepEqual([...sealed.authentic], [1, 0, 1]);
  }
  for (const each of [sealer, opener, other]) each.destroy();
});

test("ipsec-mb: only authentic CBC packets are decrypted", async (engine) => {
  const keys = material("AES-128-CBC", "SHA256");
  const sealer = engine.createCipher("seal", keys);
  const opener = engine.createCipher("open", keys);
  const texts = Array.from({ length: 20 }, (_, i) => someText(64, i));
  const packets = plainPackets("AES-128-CBC", "SHA256", texts);
  await apply(sealer, "seal", packets);
  const bad = [0, 3, 4, 11, 19];
  for (const i of bad) packets.header(i)[0] ^= 1;
  const before = texts.map((_, i) => packets.packet(i));
  await apply(opener, "open", packets);
  texts.forEach((text, i) => {
    if (bad.includes(i)) assert.deepEqual(packets.packet(i), before[i]);
    else assert.deepEqual(packets.text(i), text);
    assert.equal(packets.authentic[i], bad.includes(i) ? 0 : 1);
  });
  sealer.destroy();
  opener.destroy();
});

const header = headerLength("AES-128-CBC", "SHA1");

/** A context whose calls all succeed, with a MAC of zeros, but for the failing one. */
function contextFailing(failing: string): CbcHmacContext & IpsecMbAeadContext {
  const mac = new Uint8Array(64);
  const calls = ["encrypt", "decrypt", "authenticate", "run"].map(
    (name) => [name, () => name !== failing] as const,
  );
  const context: unknown = {
    ...Object.fromEntries(calls),
    macLength: 20,
    put: () => {},
    mac: () => mac,
    tag: () => mac,
    close: () => {},
  };
  return context as CbcHmacContext & IpsecMbAeadContext;
}

Deno.test("ipsec-mb: what the library does not finish is neither sent nor authentic", () => {
  const run = (failing: string) => {
    const packets = plainPackets("AES-128-CBC", "SHA1", [someText(32), someText(32)]);
    packets.memory.bytes.fill(0);
    return { packets, context: contextFailing(failing), end: packets.offset.length };
  };
  for (const failing of ["encrypt", "authenticate", ""]) {
    const { packets, context, end } = run(failing);
    const seal = () => new IpsecMbCbcHmac(context).seal(packets, 0, end);
    if (failing === "") seal();
    else assert.throws(seal, VpnError);
  }
  for (const failing of ["authenticate", "decrypt", ""]) {
    const { packets, context, end } = run(failing);
    new IpsecMbCbcHmac(context).open(packets, 0, end);
    assert.deepEqual([...packets.authentic], failing === "" ? [1, 1] : [0, 0]);
  }
  for (const failing of ["run", ""]) {
    const { packets, context, end } = run(failing);
    const cipher = new IpsecMbAeadCipher(context);
    assert.ok(header >= 8 + cipher.macLength);
    if (failing === "") cipher.seal(packets, 0, end, 8);
    else assert.throws(() => cipher.seal(packets, 0, end, 8), VpnError);
    cipher.open(packets, 0, end, 8);
    assert.deepEqual([...packets.authentic], failing === "" ? [1, 1] : [0, 0]);
  }
});
