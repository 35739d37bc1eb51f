import assert from "node:assert/strict";
import fc from "fast-check";
import { PinnedMemory } from "deno-tun";
import {
  foldSum,
  type InternetChecksum,
  pseudoHeaderSumIpv4,
  pseudoHeaderSumIpv6,
  ScalarChecksum,
  subtractSum,
  updateChecksum,
} from "../../../lib/data/internet_checksum.ts";
import { createInternetChecksum, SimdChecksum } from "../../../lib/data/internet_checksum_wasm.ts";
import { run } from "../../harness/command.ts";
import { checksumOf, patternBytes } from "./packet_model.ts";

const memory = new PinnedMemory(512 * 1024);
const { bytes, view } = memory;
const half = bytes.length / 2;
bytes.set(patternBytes(bytes.length));

const implementations: Record<string, InternetChecksum> = {
  scalar: new ScalarChecksum(memory),
  simd: new SimdChecksum(memory),
};

for (const [name, checksum] of Object.entries(implementations)) {
  Deno.test(`checksum: ${name}, examples of RFCs`, () => {
    // RFC 1071, section 3: 00 01 f2 03 f4 f5 f6 f7 sum to ddf2.
    bytes.set([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], 64);
    assert.equal(checksum.sum(64, 8, 0), 0xddf2);
    // RFC 1624, section 4: the rest of the header sums to cd7a, the word is 3285.
    bytes.set([0xcd, 0x7a, 0x32, 0x85], 64);
    assert.equal(checksum.sum(64, 4, 0), 0xffff);
    // Read as three little-endian words of 32 bits, these add up to 0x2_0000_ffff: many carries.
    bytes.set([...new Array(8).fill(0xff), 1, 0, 1, 0], 64);
    assert.equal(checksum.sum(64, 12, 0), 0x0200);
    assert.equal(checksum.sum(64, 0, 0), 0);
    assert.equal(checksum.sum(64, 0, 0x1_0001), 2);
  });

  Deno.test(`checksum: ${name} is the sum of RFC 1071 for any bytes, offset and length`, () => {
    fc.assert(fc.property(
      fc.integer({ min: 0, max: 70_000 }),
      fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 65_575 })),
      fc.integer({ min: 0, max: 0xff_ffff }),
      (offset, length, initial) => {
        const part = bytes.slice(offset, offset + length);
        const expected = 0xffff - checksumOf([
          ...(length % 2 === 0 ? part : [...part, 0]),
          ...[0, initial >>> 16, initial >>> 8 & 255, initial & 255],
        ]);
        assert.equal(checksum.sum(offset, length, initial), expected);
      },
    ));
  });

  Deno.test(`checksum: ${name} carries where all bits are set`, () => {
    bytes.fill(0xff, 0, 131_072);
    for (const length of [1, 2, 3, 15, 16, 17, 64, 1400, 65_575, 131_072]) {
      const expected = length === 1 ? 0xff00 : length % 2 === 0 ? 0xffff : 0xff00;
      assert.equal(checksum.sum(0, length, 0), expected, `${length}`);
      assert.equal(checksum.sum(0, length, 0xffff), expected, `${length}`);
      const carried = expected === 0xffff ? 1 : expected + 1;
      assert.equal(checksum.sum(0, length, 0x1_0000), carried, `${length}`);
    }
    bytes.fill(0, 0, 131_072);
    assert.equal(checksum.sum(0, 131_072, 0), 0);
    bytes.set(patternBytes(131_072));
  });

  Deno.test(`checksum: ${name} copies exactly what it sums`, () => {
    fc.assert(fc.property(
      fc.integer({ min: 0, max: 70_000 }),
      fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 3000 })),
      fc.integer({ min: 1, max: 70_000 }),
      (source, length, place) => {
        const target = half + place;
        bytes.fill(0xa5, target - 1, target + length + 64);
        const sum = checksum.copyAndSum(target, source, length, 7);
        assert.equal(sum, checksum.sum(source, length, 7));
        assert.deepEqual(
          bytes.subarray(target, target + length),
          bytes.subarray(source, source + length),
        );
        assert.equal(bytes[target - 1], 0xa5);
        assert.ok(bytes.subarray(target + length, target + length + 64).every((b) => b === 0xa5));
      },
    ));
  });
}

Deno.test("checksum: WebAssembly does not leave the memory", () => {
  const { size } = memory;
  const { simd } = implementations;
  assert.equal(typeof simd.sum(size - 1400, 1400, 0), "number");
  for (let length = 1; length < 100; length++) simd.sum(size - length, length, 0);
  assert.throws(() => simd.sum(size - 1399, 1400, 0), WebAssembly.RuntimeError);
  assert.throws(() => simd.copyAndSum(size - 15, 0, 16, 0), WebAssembly.RuntimeError);
});

Deno.test("checksum: SIMD where there is any, JavaScript elsewhere", async () => {
  assert.ok(createInternetChecksum(memory) instanceof SimdChecksum);
  if (Deno.build.arch !== "x86_64") return; // elsewhere SIMD can't be switched off
  const url = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
  const program = `
    import { PinnedMemory } from ${url("ffi/mod.ts")};
    import { createInternetChecksum } from ${url("lib/data/internet_checksum_wasm.ts")};
    console.log(createInternetChecksum(new PinnedMemory(1)).constructor.name);`;
  const output = await run([
    ...[Deno.execPath(), "run", "--no-check", "--v8-flags=--no-enable-sse4-1"],
    ...["-A", `data:application/typescript,${encodeURIComponent(program)}`],
  ]);
  assert.equal(output.trim(), ScalarChecksum.name);
});

Deno.test("checksum: pseudo headers", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 40, maxLength: 40 }),
    fc.integer({ min: 0, max: 0xffff }),
    fc.constantFrom(6, 17),
    (packet, length, protocol) => {
      bytes.set(packet, 4096);
      const tail = [length >>> 8, length & 255];
      assert.equal(
        pseudoHeaderSumIpv4(view, 4096, protocol, length),
        0xffff - checksumOf([...packet.slice(12, 20), 0, protocol, ...tail]),
      );
      assert.equal(
        pseudoHeaderSumIpv6(view, 4096, protocol, length),
        0xffff - checksumOf([...packet.slice(8, 40), 0, 0, ...tail, 0, 0, 0, protocol]),
      );
    },
  ));
});

Deno.test("checksum: incremental update", () => {
  // RFC 1624, section 4: the case that RFC 1141's equation got wrong.
  assert.equal(updateChecksum(0xdd2f, 0x5555, 0x3285), 0x0000);
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 4, maxLength: 60 }).filter((data) => data.some((x) => x !== 0)),
    fc.integer({ min: 0, max: 0xffff }),
    (data, after) => {
      const even = [...data, ...new Array(data.length % 2).fill(0)];
      const changed = [after >>> 8, after & 255, ...even.slice(2)];
      const updated = updateChecksum(checksumOf(even), even[0] * 256 + even[1], after);
      // 0 and 0xffff are one number in ones' complement.
      assert.equal(updated % 0xffff, checksumOf(changed) % 0xffff);
      const without = subtractSum(0xffff - checksumOf(even), even[0] * 256 + even[1]);
      assert.equal(foldSum(without) % 0xffff, (0xffff - checksumOf(even.slice(2))) % 0xffff);
    },
  ));
});

Deno.test("checksum: folding", () => {
  for (const [sum, folded] of [[0, 0], [0xffff, 0xffff], [0x1_0000, 1], [0xffff_ffff, 0xffff]]) {
    assert.equal(foldSum(sum), folded);
  }
});
