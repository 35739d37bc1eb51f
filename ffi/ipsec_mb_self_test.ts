/**
 * Published vectors that libIPSec_MB has to reproduce when it is opened, by every function that
 * will be called: a library of another ABI is refused, not trusted.
 *
 * @module
 */

import { type IpsecMbAead, IpsecMbAeadContext } from "./ipsec_mb_aead.ts";
import { CbcHmacContext, type IpsecMbDigest } from "./ipsec_mb_cbc_hmac.ts";
import type { JobTable } from "./ipsec_mb_jobs.ts";
import type { IpsecMbLibrary } from "./ipsec_mb_library.ts";
import { IpsecMbUnavailable } from "./ipsec_mb_manager.ts";
import { PinnedMemory } from "./memory.ts";

// NIST SP 800-38A, F.2.1 to F.2.6: two blocks.
const cbcIv = "000102030405060708090a0b0c0d0e0f";
const cbcText = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
const cbcVectors = [
  {
    key: "2b7e151628aed2a6abf7158809cf4f3c",
    sealed: "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
  },
  {
    key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
    sealed: "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a",
  },
  {
    key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    sealed: "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
  },
];

// RFC 2202, section 3, and RFC 4231, section 4.4: test case 3.
const hmacKey = "aa".repeat(20);
const hmacText = "dd".repeat(50);
const hmacVectors: Readonly<Record<IpsecMbDigest, string>> = {
  SHA1: "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
  SHA224: "7fb3cb3588c6c1f6ffa9694d7d6ad2649365b0c1f65d69d1ec8333ea",
  SHA256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  SHA384: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b" +
    "2a5ab39dc13814b94e3ab6e101a34f27",
  SHA512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39" +
    "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
};

interface AeadVector {
  readonly cipher: IpsecMbAead;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly text: string;
  readonly sealed: string;
  readonly tag: string;
}

// McGrew and Viega, The Galois/Counter Mode of Operation, test cases 4, 10 and 16.
const gcmKey = "feffe9928665731c6d6a8f9467308308";
const gcm = {
  nonce: "cafebabefacedbaddecaf888",
  aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
  text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
};
const aeadVectors: readonly AeadVector[] = [
  {
    ...gcm,
    cipher: "GCM",
    key: gcmKey,
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
    tag: "5bc94fbc3221a5db94fae95ae7121a47",
  },
  {
    ...gcm,
    cipher: "GCM",
    key: gcmKey + "feffe9928665731c",
    sealed: "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c" +
      "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
    tag: "2519498e80f1478f37ba55bd6d27618c",
  },
  {
    ...gcm,
    cipher: "GCM",
    key: gcmKey + gcmKey,
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
  // RFC 8439, section 2.8.2
  {
    cipher: "CHACHA20_POLY1305",
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    aad: "50515253c0c1c2c3c4c5c6c7",
    text: "4c616469657320616e642047656e746c656d656e206f662074686520636c6173" +
      "73206f66202739393a204966204920636f756c64206f6666657220796f75206f" +
      "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" +
      "637265656e20776f756c642062652069742e",
    sealed: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116",
    tag: "1ae10b594f09e26a7e902ecbd0600691",
  },
];

/** A packet's HMAC (64 bytes at most), IV or start of the message, and text; in bytes. */
const slotSize = 256;
const textAt = 128;
const ivAt = textAt - 16;

/**
 * How many packets in a burst: one goes to the narrow manager, the others to the wide one where
 * there is a choice, and are one more than the widest vectors have lanes (16, for SHA-1).
 */
const burstSizes = [1, 17];

/**
 * Runs the vectors.
 *
 * @throws {IpsecMbUnavailable} when one does not come out.
 */
export function selfTest(library: IpsecMbLibrary, jobs: JobTable): void {
  const memory = new PinnedMemory(32 * slotSize);
  for (const { key, sealed } of cbcVectors) {
    for (
      const [way, from, to] of [["encrypt", cbcText, sealed], ["decrypt", sealed, cbcText]] as const
    ) {
      const context = new CbcHmacContext(library, jobs, way, hex(key), "SHA1", hex(hmacKey));
      const run = (count: number) =>
        way === "encrypt" ? context.encrypt(count) : context.decrypt(0, count);
      testBurst(context, memory, run, cbcIv + from, (slot) => at(memory, slot + textAt, to) === to);
      context.close();
    }
  }
  for (const digest of Object.keys(hmacVectors) as IpsecMbDigest[]) {
    const mac = hmacVectors[digest];
    for (const way of ["encrypt", "decrypt"] as const) {
      const key = hex(cbcVectors[0].key);
      const context = new CbcHmacContext(library, jobs, way, key, digest, hex(hmacKey));
      const run = (count: number) => context.authenticate(count);
      testBurst(
        context,
        memory,
        run,
        hmacText,
        (slot, i) =>
          way === "encrypt"
            ? at(memory, slot + ivAt - context.macLength, mac) === mac
            : context.mac(i).subarray(0, context.macLength).toHex() === mac,
      );
      context.close();
    }
  }
  for (const vector of aeadVectors) {
    for (const way of ["encrypt", "decrypt"] as const) {
      const nonceTail = hex(vector.nonce).subarray(4);
      const key = hex(vector.key);
      const context = new IpsecMbAeadContext(library, jobs, vector.cipher, way, key, nonceTail);
      for (const count of burstSizes) testAead(context, memory, way, vector, count);
      context.close();
    }
  }
}

/** @param message What stands from the IV's place on. */
function testBurst(
  context: CbcHmacContext,
  memory: PinnedMemory,
  run: (count: number) => boolean,
  message: string,
  isRight: (slot: number, i: number) => boolean,
): void {
  const bytes = hex(message);
  for (const count of burstSizes) {
    memory.bytes.fill(0);
    for (let i = 0; i < count; i++) {
      memory.bytes.set(bytes, i * slotSize + ivAt);
      context.put(i, memory, i * slotSize + textAt, bytes.length - 16);
    }
    let right = run(count);
    for (let i = 0; i < count; i++) right &&= isRight(i * slotSize, i);
    if (!right) throw wrongResult();
  }
}

function testAead(
  context: IpsecMbAeadContext,
  memory: PinnedMemory,
  way: "encrypt" | "decrypt",
  vector: AeadVector,
  count: number,
): void {
  const [from, to] = way === "encrypt"
    ? [vector.text, vector.sealed]
    : [vector.sealed, vector.text];
  const aad = hex(vector.aad);
  const bytes = hex(from);
  const nonceHead = new DataView(hex(vector.nonce).buffer).getUint32(0, true);
  memory.bytes.fill(0);
  for (let i = 0; i < count; i++) {
    const slot = i * slotSize;
    const text = slot + textAt;
    memory.bytes.set(aad, slot);
    memory.bytes.set(bytes, text);
    context.put(i, memory, nonceHead, slot, aad.length, text - 16, text, bytes.length);
  }
  let right = context.run(count);
  for (let i = 0; i < count; i++) {
    const text = i * slotSize + textAt;
    const tag = way === "encrypt"
      ? at(memory, text - 16, vector.tag)
      : context.tag(i).subarray(0, 16).toHex();
    right &&= at(memory, text, to) === to && tag === vector.tag;
  }
  if (!right) throw wrongResult();
}

function wrongResult(): IpsecMbUnavailable {
  return new IpsecMbUnavailable("libIPSec_MB gives wrong results for published test vectors");
}

function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text);
}

/** What is there instead of the expected bytes, in hexadecimal digits. */
function at(memory: PinnedMemory, offset: number, expected: string): string {
  return memory.bytes.subarray(offset, offset + expected.length / 2).toHex();
}
