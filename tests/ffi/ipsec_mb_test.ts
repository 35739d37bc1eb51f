import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import { IpsecMb } from "../../ffi/ipsec_mb.ts";
import { IpsecMbAeadContext } from "../../ffi/ipsec_mb_aead.ts";
import { CbcHmacContext, type IpsecMbDigest } from "../../ffi/ipsec_mb_cbc_hmac.ts";
import { burstCapacity, JobTable, setAddress } from "../../ffi/ipsec_mb_jobs.ts";
import { IpsecMbLibrary } from "../../ffi/ipsec_mb_library.ts";
import { Feature, ManagerOffset } from "../../ffi/ipsec_mb_layout.ts";
import { IpsecMbUnavailable } from "../../ffi/ipsec_mb_manager.ts";
import { selfTest } from "../../ffi/ipsec_mb_self_test.ts";
import { KeyMemory } from "../../ffi/key_memory.ts";
import { PinnedMemory } from "../../ffi/memory.ts";
import { opened, testWithLibrary } from "./ipsec_mb_case.ts";

const someBytes = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, i) => (i * 29 + seed * 101) ^ (i >> 4));

testWithLibrary("the library is opened once and says its version", () => {
  assert.ok(opened instanceof IpsecMb);
  assert.equal(IpsecMb.open(), opened);
  assert.match(opened.version, /^v?1\.\d+\.\d+/);
});

Deno.test("without --allow-ffi libIPSec_MB is not taken for absent", async () => {
  const address = import.meta.resolve("../../ffi/ipsec_mb.ts");
  const code = `import { IpsecMb } from ${JSON.stringify(address)};
    try { IpsecMb.open(); } catch (error) { Deno.stdout.writeSync(new TextEncoder().encode(
      String(error instanceof Deno.errors.NotCapable))); }`;
  const program = "data:text/typescript," + encodeURIComponent(code);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", program],
  });
  const { stdout, stderr } = await command.output();
  assert.equal(new TextDecoder().decode(stdout), "true", new TextDecoder().decode(stderr));
});

/** What stands in for a function: called with a pointer and, by `dladdr`, room for what it finds. */
type Replacement = (pointer: Deno.PointerObject, info: BigUint64Array<ArrayBuffer>) => unknown;

/** Opens the library anew with some of its functions replaced. */
function openWith(
  functions: Readonly<Record<string, Replacement>>,
): IpsecMbLibrary {
  const { dlopen } = Deno;
  try {
    Deno.dlopen = ((name: string, symbols: Deno.ForeignLibraryInterface) => {
      const library = dlopen(name, symbols);
      return { close: () => library.close(), symbols: { ...library.symbols, ...functions } };
    }) as typeof Deno.dlopen;
    return new IpsecMbLibrary();
  } finally {
    Deno.dlopen = dlopen;
  }
}

testWithLibrary("versions before 1.3 and after 1.5 are refused", () => {
  for (const version of [0x010200, 0x0102ff, 0x010600, 0x020000, 0x003700, 0xffffffff]) {
    assert.throws(() => openWith({ imb_get_version: () => version }), IpsecMbUnavailable);
  }
  for (const version of [0x010300, 0x0105ff]) openWith({ imb_get_version: () => version });
});

testWithLibrary("a manager that cannot be made, or reports an error, is refused", () => {
  assert.throws(() => openWith({ imb_set_pointers_mb_mgr: () => null }), IpsecMbUnavailable);
  assert.throws(() => openWith({ imb_get_errno: () => 2031 }), IpsecMbUnavailable);
  // A manager that is not initialised points nowhere.
  assert.throws(() => openWith({ init_mb_mgr_auto: () => undefined }), IpsecMbUnavailable);
  assert.throws(() => openWith({ init_mb_mgr_sse: () => undefined }), IpsecMbUnavailable);
});

testWithLibrary("a processor or a library that is not fit is refused", () => {
  // A manager with these features and nothing else.
  const withFeatures = (features: number) => ({
    imb_set_pointers_mb_mgr: (pointer: Deno.PointerObject) => {
      const manager = Deno.UnsafePointerView.getArrayBuffer(pointer, 64);
      new DataView(manager).setUint32(ManagerOffset.features, features, true);
      return pointer;
    },
    init_mb_mgr_auto: () => {},
    init_mb_mgr_sse: () => {},
  });
  const { AESNI, SELF_TEST, SELF_TEST_PASS } = Feature;
  assert.throws(() => openWith(withFeatures(0)), /AES instructions/);
  assert.throws(() => openWith(withFeatures(AESNI | SELF_TEST)), /fails its own test/);
  for (const features of [AESNI, AESNI | SELF_TEST | SELF_TEST_PASS]) {
    assert.throws(() => openWith(withFeatures(features)), /has no submit_burst/);
  }
});

testWithLibrary("functions that are not exported are refused", () => {
  assert.throws(() => openWith({ dladdr: () => 0 }), /does not export/);
  assert.throws(() => openWith({ dladdr: () => 1 }), /does not export/);
  // Finds a symbol near the address, but not there.
  const { dlopen } = Deno;
  const { dladdr } = dlopen("libc.so.6", {
    dladdr: { parameters: ["pointer", "buffer"], result: "i32" },
  }).symbols;
  const near = (pointer: Deno.PointerObject, info: BigUint64Array<ArrayBuffer>) => {
    const found = dladdr(pointer, info);
    info[3] -= 16n;
    return found;
  };
  assert.throws(() => openWith({ dladdr: near }), /does not export/);
});

testWithLibrary("a library whose functions do something else fails the vectors", () => {
  const library = new IpsecMbLibrary();
  const jobs = new JobTable(library);
  selfTest(library, jobs);
  const methods = {
    expandKey: library.expandKey.bind(library),
    expandGcmKey: library.expandGcmKey.bind(library),
    hashBlock: library.hashBlock.bind(library),
    setSession: library.setSession.bind(library),
  };
  const replaced = (parts: Record<string, unknown>): IpsecMbLibrary =>
    Object.assign(Object.create(library), methods, parts);
  selfTest(replaced({}), jobs);
  for (const name of ["expandKey", "expandGcmKey", "hashBlock"]) {
    assert.throws(() => selfTest(replaced({ [name]: () => {} }), jobs), IpsecMbUnavailable, name);
  }
  for (const name of Object.keys(library.functions)) {
    const position = name === "burst" ? 1 : 2;
    // Says that all jobs are done, and has done nothing.
    const idle = (...args: unknown[]) => args[position];
    const functions = { ...library.functions, [name]: idle };
    assert.throws(() => selfTest(replaced({ functions }), jobs), IpsecMbUnavailable, name);
  }
});

testWithLibrary("a library that fails the vectors is not opened", async () => {
  const address = import.meta.resolve("../../ffi/ipsec_mb.ts");
  const code = `import { IpsecMb } from ${JSON.stringify(address)};
    const { dlopen } = Deno;
    Deno.dlopen = (name, wanted) => {
      const { symbols } = dlopen(name, wanted);
      // Says that all jobs are done, and has done nothing.
      return { symbols: { ...symbols, wideHashBurst: (manager, jobs, count) => count } };
    };
    const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
    try { say("opened " + IpsecMb.open().version); }
    catch (error) { say(error.name + ": " + error.message); }`;
  const program = "data:text/javascript," + encodeURIComponent(code);
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", program] });
  const { stdout, stderr } = await command.output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.match(said, /^IpsecMbUnavailable: .*test vectors/);
});

const digests: readonly IpsecMbDigest[] = ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"];

// Every number of packets: narrow and wide managers, lanes full and not.
for (const digest of digests) {
  testWithLibrary(`AES-CBC and HMAC-${digest} of bursts of every size, against node:crypto`, () => {
    assert.ok(opened instanceof IpsecMb);
    const slot = 512;
    const memory = new PinnedMemory(burstCapacity * slot);
    const keyLength = digest === "SHA1" ? 16 : 32; // node:crypto of Deno has no AES-192-CBC
    const [key, hmacKey] = [someBytes(keyLength, 3), someBytes(20, 4)];
    const sealer = opened.cbcHmac("encrypt", key, digest, hmacKey);
    const opener = opened.cbcHmac("decrypt", key, digest, hmacKey);
    const { macLength } = sealer;
    assert.equal(macLength, createHmac(digest, hmacKey).digest().length);
    for (let count = 1; count <= burstCapacity; count++) {
      const length = (i: number) => 16 * (1 + (i * 7 + count) % 20);
      memory.bytes.fill(0xa5);
      const expected = memory.bytes.slice();
      for (let i = 0; i < count; i++) {
        const text = i * slot + 96 + i % 16; // at odd places too
        const iv = someBytes(16, i + count);
        const plain = someBytes(length(i), i);
        memory.bytes.set(iv, text - 16);
        memory.bytes.set(plain, text);
        sealer.put(i, memory, text, length(i));
        const cipher = createCipheriv(`aes-${8 * keyLength}-cbc`, key, iv).setAutoPadding(false);
        const sealed = cipher.update(plain);
        cipher.final();
        const mac = createHmac(digest, hmacKey).update(iv).update(sealed).digest();
        expected.set(mac, text - 16 - macLength);
        expected.set(iv, text - 16);
        expected.set(sealed, text);
      }
      assert.ok(sealer.encrypt(count) && sealer.authenticate(count));
      // Also: nothing is written outside of the packets.
      assert.ok(memory.bytes.every((byte, i) => byte === expected[i]), `${count} packets`);
      for (let i = 0; i < count; i++) {
        opener.put(i, memory, i * slot + 96 + i % 16, length(i));
      }
      assert.ok(opener.authenticate(count));
      assert.deepEqual(memory.bytes, expected);
      for (let i = 0; i < count; i++) {
        const start = i * slot + 96 + i % 16 - 16 - macLength;
        const mac = memory.bytes.subarray(start, start + macLength);
        assert.deepEqual(opener.mac(i).subarray(0, macLength), mac);
      }
      assert.ok(opener.decrypt(0, count));
      for (let i = 0; i < count; i++) {
        const text = i * slot + 96 + i % 16;
        assert.deepEqual(memory.bytes.slice(text, text + length(i)), someBytes(length(i), i));
      }
    }
    sealer.close();
    opener.close();
  });
}

testWithLibrary("a context works in its direction only, and not when it is closed", () => {
  assert.ok(opened instanceof IpsecMb);
  const memory = new PinnedMemory(1024);
  const sealer = opened.cbcHmac("encrypt", someBytes(16), "SHA1", someBytes(20));
  const opener = opened.cbcHmac("decrypt", someBytes(16), "SHA1", someBytes(20));
  const aead = opened.aead("GCM", "encrypt", someBytes(16), someBytes(8));
  sealer.put(0, memory, 512, 16);
  assert.equal(sealer.decrypt(0, 1), false);
  opener.put(0, memory, 512, 16);
  assert.equal(opener.encrypt(1), false);
  for (const context of [sealer, opener, aead]) {
    context.close();
    context.close();
  }
  sealer.put(0, memory, 512, 16);
  assert.equal(sealer.encrypt(1), false);
  assert.equal(sealer.authenticate(1), false);
  opener.put(0, memory, 512, 16);
  assert.equal(opener.decrypt(0, 1), false);
  aead.put(0, memory, 1, 480, 8, 496, 512, 16);
  assert.equal(aead.run(1), false);
  assert.ok(memory.bytes.every((byte) => byte === 0));
});

testWithLibrary("keys of a wrong length make no context", () => {
  assert.ok(opened instanceof IpsecMb);
  const library = opened;
  for (const length of [0, 15, 17, 33]) {
    const key = someBytes(length);
    assert.throws(() => library.cbcHmac("encrypt", key, "SHA1", someBytes(20)), RangeError);
    assert.throws(() => library.aead("GCM", "encrypt", key, someBytes(8)), RangeError);
  }
  const key = someBytes(16);
  for (const length of [0, 65]) {
    assert.throws(() => library.cbcHmac("encrypt", key, "SHA1", someBytes(length)), RangeError);
  }
  assert.throws(() => library.cbcHmac("encrypt", key, "SHA512", someBytes(129)), RangeError);
  const tail = someBytes(8);
  assert.throws(() => library.aead("CHACHA20_POLY1305", "encrypt", key, tail), RangeError);
  for (const length of [0, 7, 12]) {
    assert.throws(() => library.aead("GCM", "encrypt", key, someBytes(length)), RangeError);
  }
});

testWithLibrary("a closed context leaves nothing of its key", () => {
  const library = new IpsecMbLibrary();
  const jobs = new JobTable(library);
  const memory = new PinnedMemory(1024);
  const { wipe } = KeyMemory.prototype;
  const wiped: KeyMemory[] = [];
  KeyMemory.prototype.wipe = function (this: KeyMemory) {
    assert.ok(this.bytes.some((byte) => byte !== 0));
    wipe.call(this);
    wiped.push(this);
  };
  try {
    const used = () =>
      jobs.words.subarray(
        jobs.firstWord,
        jobs.firstWord + burstCapacity * jobs.wordsPerJob,
      ).some((word) => word !== 0);
    const key = someBytes(32);
    const cbc = new CbcHmacContext(library, jobs, "decrypt", key, "SHA256", someBytes(32));
    cbc.put(0, memory, 512, 16);
    assert.ok(cbc.authenticate(1) && used());
    cbc.close();
    const aead = new IpsecMbAeadContext(library, jobs, "GCM", "decrypt", key, someBytes(8));
    aead.put(3, memory, 1, 480, 8, 496, 512, 16);
    assert.ok(jobs.nonceWords[jobs.nonceWord(3) + 1] !== 0);
    aead.close();
    assert.equal(jobs.nonceWords[jobs.nonceWord(3) + 1], 0);
    assert.equal(used(), false);
    assert.ok(jobs.macs.every((mac) => mac.every((byte) => byte === 0)));
    assert.equal(wiped.length, 2);
    for (const { bytes } of wiped) assert.ok(bytes.every((byte) => byte === 0));
  } finally {
    KeyMemory.prototype.wipe = wipe;
  }
});

Deno.test("a key's memory is aligned and stays where it is", () => {
  for (const size of [1, 32, 640, 1008]) {
    const memory = new KeyMemory(size);
    assert.equal(memory.bytes.length, size);
    assert.equal(memory.address % 64, 0);
    memory.bytes[size - 1] = 77;
    const view = new Deno.UnsafePointerView(memory.pointerAt(0));
    assert.equal(view.getUint8(size - 1), 77);
    for (const offset of [-1, size]) assert.throws(() => memory.pointerAt(offset), RangeError);
    memory.wipe();
    assert.equal(view.getUint8(size - 1), 0);
  }
});

Deno.test("addresses are written in two words, with the carry", () => {
  const words = new Uint32Array(4);
  const written = () => new BigUint64Array(words.buffer)[1];
  for (
    const [low, high, address] of [
      [0, 0, 0n],
      [0xffffffff, 0x7f12, 0x7f12_ffffffffn],
      [0x1_0000_0000, 0x7f12, 0x7f13_00000000n],
      [0x1_0000_05dc, 0x7f12, 0x7f13_000005dcn],
    ] as const
  ) {
    setAddress(words, 2, low, high);
    assert.equal(written(), address);
    assert.deepEqual([...words.subarray(0, 2)], [0, 0]);
  }
});
