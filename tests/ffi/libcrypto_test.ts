import assert from "node:assert/strict";
import { LibCrypto } from "../../ffi/libcrypto.ts";
import { PinnedMemory } from "../../ffi/memory.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

// Opened here and not in a test, since a loaded library stays loaded.
const opened = LibCrypto.open();
assert.ok(opened, "these tests need libcrypto (Debian: libssl3)");
const library = opened;

Deno.test("the library is opened once and says its version", () => {
  assert.equal(LibCrypto.open(), library);
  assert.match(library.version, /^OpenSSL (1\.1|3)\./);
});

Deno.test("without --allow-ffi the library is not taken for absent", async () => {
  const address = import.meta.resolve("../../ffi/libcrypto.ts");
  const code = `import { LibCrypto } from ${JSON.stringify(address)};
    try { LibCrypto.open(); } catch (error) { Deno.stdout.writeSync(new TextEncoder().encode(
      String(error instanceof Deno.errors.NotCapable))); }`;
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "data:text/typescript," + encodeURIComponent(code),
    ],
  });
  const { stdout, stderr } = await command.output();
  assert.equal(new TextDecoder().decode(stdout), "true", new TextDecoder().decode(stderr));
});

const gcmKey = "feffe9928665731c6d6a8f9467308308";
const gcm = {
  nonce: "cafebabefacedbaddecaf888",
  aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
  text: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
};
const aeadVectors = [
  // McGrew and Viega, The Galois/Counter Mode of Operation, test cases 4, 10 and 16.
  {
    ...gcm,
    name: "AES-128-GCM",
    key: gcmKey,
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
    tag: "5bc94fbc3221a5db94fae95ae7121a47",
  },
  {
    ...gcm,
    name: "AES-192-GCM",
    key: gcmKey + "feffe9928665731c",
    sealed: "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c" +
      "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
    tag: "2519498e80f1478f37ba55bd6d27618c",
  },
  {
    ...gcm,
    name: "AES-256-GCM",
    key: gcmKey + gcmKey,
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
  // RFC 8439, section 2.8.2
  {
    name: "CHACHA20-POLY1305",
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    aad: "50515253c0c1c2c3c4c5c6c7",
    text: new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the " +
        "future, sunscreen would be it.",
    ).toHex(),
    sealed: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116",
    tag: "1ae10b594f09e26a7e902ecbd0600691",
  },
];

for (const vector of aeadVectors) {
  Deno.test(`${vector.name}: published vector, sealed and opened`, () => {
    const memory = new PinnedMemory(1024);
    const [aad, tag, text] = [32, 64, 96];
    const aadLength = hex(vector.aad).length;
    const length = hex(vector.text).length;
    memory.bytes.set(hex(vector.aad), aad);
    memory.bytes.set(hex(vector.text), text);
    const nonce = hex(vector.nonce);
    const at = (offset: number, size: number) =>
      memory.bytes.subarray(offset, offset + size).toHex();

    const sealer = library.aead(vector.name, "encrypt", hex(vector.key));
    const opener = library.aead(vector.name, "decrypt", hex(vector.key));
    // Twice: a context serves many packets.
    for (let round = 0; round < 2; round++) {
      assert.ok(sealer.seal(memory, nonce, aad, aadLength, tag, text, length));
      assert.equal(at(text, length), vector.sealed);
      assert.equal(at(tag, 16), vector.tag);
      assert.equal(at(text + length, 32), "00".repeat(32));
      assert.ok(opener.open(memory, nonce, aad, aadLength, tag, text, length));
      assert.equal(at(text, length), vector.text);
    }
    assert.ok(sealer.seal(memory, nonce, aad, aadLength, tag, text, length));
    memory.bytes[tag] ^= 1;
    assert.equal(opener.open(memory, nonce, aad, aadLength, tag, text, length), false);

    for (const context of [sealer, opener]) {
      context.close();
      context.close();
    }
    assert.equal(sealer.seal(memory, nonce, aad, aadLength, tag, text, length), false);
    assert.equal(opener.open(memory, nonce, aad, aadLength, tag, text, length), false);
  });
}

// NIST SP 800-38A, F.2.5 and F.2.6
Deno.test("CBC is one stream over all calls and adds no padding", () => {
  const key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const iv = "000102030405060708090a0b0c0d0e0f";
  const text = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
  const sealed = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d";
  const memory = new PinnedMemory(1024);
  const bytes = (offset: number, size: number) =>
    memory.bytes.subarray(offset, offset + size).toHex();

  // The published IV cannot be given, but be chained to: it is the ciphertext of the call before.
  const opener = library.cbc("AES-256-CBC", "decrypt", key);
  memory.bytes.set(hex(iv + sealed), 5);
  assert.ok(opener.update(memory, 5, 16));
  assert.ok(opener.update(memory, 21, 16));
  assert.ok(opener.update(memory, 37, 16));
  assert.equal(bytes(21, 32), text);
  assert.equal(bytes(53, 16), "00".repeat(16));

  // Sealing: find the block that becomes the published IV, by opening it chained to zeros.
  const sealer = library.cbc("AES-256-CBC", "encrypt", key);
  memory.bytes.fill(0);
  assert.ok(sealer.update(memory, 0, 16));
  const before = memory.bytes.slice(0, 16);
  memory.bytes.set([...before, ...hex(iv)], 100);
  assert.ok(opener.update(memory, 100, 32));
  memory.bytes.copyWithin(200, 116, 132);
  memory.bytes.set(hex(text), 216);
  assert.ok(sealer.update(memory, 200, 48));
  assert.equal(bytes(200, 48), iv + sealed);
  assert.equal(bytes(248, 16), "00".repeat(16));

  // What is no whole number of blocks would wait inside of the library: it is said.
  assert.equal(sealer.update(memory, 300, 17), false);
  for (const context of [sealer, opener]) {
    context.close();
    context.close();
    assert.equal(context.update(memory, 0, 16), false);
  }
});

Deno.test("two CBC contexts of one key begin with different chaining values", () => {
  const memory = new PinnedMemory(64);
  for (const offset of [0, 16]) {
    const context = library.cbc("AES-128-CBC", "encrypt", new Uint8Array(16));
    assert.ok(context.update(memory, offset, 16));
    context.close();
  }
  assert.notDeepEqual(memory.bytes.slice(0, 16), memory.bytes.slice(16, 32));
});

const hmacVectors = [
  // RFC 2202, section 2 and 3, test case 1
  ["MD5", "0b".repeat(16), "Hi There", "9294727a3638bb1c13f48ef8158bfc9d"],
  ["SHA1", "0b".repeat(20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"],
  // RFC 4231, section 4.2 and 4.3
  [
    "SHA256",
    "0b".repeat(20),
    "Hi There",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    "SHA256",
    "4a656665",
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "SHA224",
    "0b".repeat(20),
    "Hi There",
    "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
  ],
  [
    "SHA384",
    "0b".repeat(20),
    "Hi There",
    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
  ],
  [
    "SHA512",
    "0b".repeat(20),
    "Hi There",
    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
  ],
] as const;

Deno.test("HMAC: published vectors", () => {
  const memory = new PinnedMemory(1024);
  for (const [digest, key, text, expected] of hmacVectors) {
    if (!library.hasDigest(digest)) {
      assert.equal(digest, "MD5"); // left out of some builds
      continue;
    }
    const context = library.hmac(digest, hex(key));
    const message = new TextEncoder().encode(text);
    memory.bytes.set(message, 77);
    assert.equal(context.size, expected.length / 2);
    const mac = new Uint8Array(context.size);
    for (let round = 0; round < 2; round++) {
      assert.ok(context.digest(memory, 77, message.length, mac));
      assert.equal(mac.toHex(), expected);
    }
    const short = new Uint8Array(context.size - 1);
    assert.equal(context.digest(memory, 77, message.length, short), false);
    for (const length of [0, -1]) {
      assert.throws(() => context.digest(memory, 77, length, mac), RangeError);
    }
    context.close();
    context.close();
    assert.equal(context.digest(memory, 77, message.length, mac), false);
  }
});

Deno.test("what the library does not have", () => {
  assert.equal(library.hasCipher("AES-256-GCM"), true);
  assert.equal(library.hasCipher("AES-257-GCM"), false);
  assert.equal(library.hasDigest("SHA257"), false);
  assert.throws(() => library.aead("AES-257-GCM", "encrypt", new Uint8Array(32)), /AES-257-GCM/);
  assert.throws(() => library.cbc("AES-257-CBC", "encrypt", new Uint8Array(32)), /AES-257-CBC/);
  assert.throws(() => library.hmac("SHA257", new Uint8Array(32)), /SHA257/);
  assert.throws(() => library.hmac("SHA256", new Uint8Array()), /SHA256/);
  assert.throws(() => library.hmac("SHA256", new Uint8Array(65)), /SHA256/);
});
