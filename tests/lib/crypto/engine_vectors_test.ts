import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { digests } from "../../../lib/crypto/cipher_table.ts";
import {
  algorithms,
  apply,
  engines,
  material,
  plainPackets,
  someText,
  wirePackets,
} from "./engine_case.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

// OpenVPN 2.7, tests/unit_tests/openvpn/test_ssl.c, test_data_channel_known_vectors_shortpktid:
// a P_DATA_V2 packet of AES-256-GCM, its tag and six bytes of its ciphertext.
const openvpnKeyText = "abcdefgh01234567ABCDEFGHjkuchenl";
const openvpnKeyByte = (i: number) => openvpnKeyText.charCodeAt(i % 32) ^ i;
const openvpnText = "The quick little fox jumps over the bureaucratic hurdles";

for (const engine of engines) {
  Deno.test(`${engine.name}: OpenVPN's known AES-256-GCM packet`, async () => {
    const keys = {
      cipher: "AES-256-GCM",
      auth: "none",
      cipherKey: Uint8Array.from({ length: 32 }, (_, i) => openvpnKeyByte(i)),
      hmacKey: Uint8Array.from({ length: 8 }, (_, i) => openvpnKeyByte(64 + i)),
    };
    const text = new TextEncoder().encode(openvpnText);
    const packets = plainPackets(keys.cipher, keys.auth, [text]);
    packets.header(0).set(hex("07000017 00000001"));
    const sealer = await engine.createCipher("seal", keys);
    await apply(sealer, "seal", packets);
    sealer.destroy();
    assert.equal(packets.header(0).subarray(8).toHex(), "1fdd908f0e9dc25e79d832020d58e73f");
    // 30 bytes after the packet-id's start: 4 of packet-id and 16 of tag stand in front.
    assert.equal(packets.text(0).subarray(10, 16).toHex(), "a82e6b1706d9");
    const opener = await engine.createCipher("open", keys);
    await apply(opener, "open", packets);
    opener.destroy();
    assert.equal(packets.authentic[0], 1);
    assert.deepEqual(packets.text(0), text);
  });
}

// The ciphertext of these ciphers does not depend on the associated data, whose end OpenVPN wants
// to be the nonce's beginning; tests/ffi/libcrypto_test.ts has the same vectors with their tags.
const gcmKey = "feffe9928665731c6d6a8f9467308308";
const gcmNonce = "cafebabefacedbaddecaf888";
const gcmText = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const aeadVectors = [
  // McGrew and Viega, The Galois/Counter Mode of Operation, test cases 4, 10 and 16.
  {
    cipher: "AES-128-GCM",
    key: gcmKey,
    nonce: gcmNonce,
    text: gcmText,
    sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
  },
  {
    cipher: "AES-192-GCM",
    key: gcmKey + "feffe9928665731c",
    nonce: gcmNonce,
    text: gcmText,
    sealed: "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c" +
      "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
  },
  {
    cipher: "AES-256-GCM",
    key: gcmKey + gcmKey,
    nonce: gcmNonce,
    text: gcmText,
    sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
  },
  // RFC 8439, section 2.8.2
  {
    cipher: "CHACHA20-POLY1305",
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    text: new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the " +
        "future, sunscreen would be it.",
    ).toHex(),
    sealed: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116",
  },
];

for (const engine of engines) {
  for (const { cipher, key, nonce, text, sealed } of aeadVectors) {
    Deno.test(`${engine.name}: published ciphertext of ${cipher}`, async () => {
      const keys = {
        cipher,
        auth: "none",
        cipherKey: hex(key),
        hmacKey: hex(nonce).subarray(4),
      };
      const packets = plainPackets(cipher, "none", [hex(text)]);
      packets.header(0).set(hex(nonce).subarray(0, 4), 4);
      const sealer = await engine.createCipher("seal", keys);
      await apply(sealer, "seal", packets);
      sealer.destroy();
      assert.equal(packets.text(0).toHex(), sealed);
    });
  }
}

// NIST SP 800-38A, F.2.1 to F.2.6
const cbcText = hex(
  "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51" +
    "30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
);
const cbcIv = hex("000102030405060708090a0b0c0d0e0f");
const cbcVectors = [
  {
    cipher: "AES-128-CBC",
    key: "2b7e151628aed2a6abf7158809cf4f3c",
    sealed: "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2" +
      "73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
  },
  {
    cipher: "AES-192-CBC",
    key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
    sealed: "4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a" +
      "571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd",
  },
  {
    cipher: "AES-256-CBC",
    key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    sealed: "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d" +
      "39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b",
  },
];

for (const engine of engines) {
  for (const { cipher, key, sealed } of cbcVectors) {
    // One packet, and as many as make the built-in engine hand the batch to WebCrypto.
    for (const count of [1, 300]) {
      Deno.test(`${engine.name}: opens NIST's ${cipher} packet, ${count} of them`, async () => {
        const keys = { ...material(cipher, "SHA256"), cipherKey: hex(key) };
        const covered = new Uint8Array([...cbcIv, ...hex(sealed)]);
        const mac = createHmac("sha256", keys.hmacKey).update(covered).digest();
        const wire = new Uint8Array([...mac, ...covered]);
        const packets = wirePackets(cipher, "SHA256", Array(count).fill(wire));
        const opener = await engine.createCipher("open", keys);
        await apply(opener, "open", packets);
        opener.destroy();
        for (let i = 0; i < count; i++) {
          assert.equal(packets.authentic[i], 1);
          assert.deepEqual(packets.text(i), cbcText);
        }
      });
    }
  }
}

/** What `openssl ARGS` writes for this input. */
async function openssl(args: string[], input: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const child = new Deno.Command("openssl", { args, stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { success, stdout } = await child.output();
  assert.ok(success);
  return stdout;
}

for (const engine of engines) {
  for (const [cipher, auth] of algorithms.filter(([name]) => name.endsWith("CBC"))) {
    Deno.test(`${engine.name}: the openssl program opens ${cipher} with ${auth}`, async () => {
      const keys = material(cipher, auth);
      const texts = [someText(64), someText(16)];
      const packets = plainPackets(cipher, auth, texts);
      const sealer = await engine.createCipher("seal", keys);
      await apply(sealer, "seal", packets);
      for (const [i, text] of texts.entries()) {
        const wire = packets.packet(i);
        const covered = wire.subarray(sealer.macLength);
        const macOption = `hexkey:${keys.hmacKey.toHex()}`;
        const mac = await openssl(
          ["dgst", `-${auth.toLowerCase()}`, "-mac", "HMAC", "-macopt", macOption, "-binary"],
          covered,
        );
        assert.deepEqual(mac, wire.subarray(0, sealer.macLength));
        const key = keys.cipherKey.toHex();
        const iv = covered.subarray(0, 16).toHex();
        const opened = await openssl(
          ["enc", "-d", `-${cipher.toLowerCase()}`, "-nopad", "-K", key, "-iv", iv],
          covered.subarray(16),
        );
        assert.deepEqual(opened, text);
      }
      sealer.destroy();
    });
  }
}

for (const engine of engines) {
  Deno.test(`${engine.name}: HMAC with every digest, against node:crypto's createHmac`, async () => {
    let checked = 0;
    for (const { name, nodeName, length } of digests) {
      if (!engine.supports("AES-128-CBC", name)) continue;
      const keys = material("AES-128-CBC", name);
      const packets = plainPackets("AES-128-CBC", name, [someText(160), someText(16)]);
      const sealer = await engine.createCipher("seal", keys);
      await apply(sealer, "seal", packets);
      sealer.destroy();
      for (let i = 0; i < 2; i++) {
        const wire = packets.packet(i);
        const mac = createHmac(nodeName, keys.hmacKey).update(wire.subarray(length)).digest();
        assert.equal(wire.subarray(0, length).toHex(), mac.toHex(), name);
      }
      checked++;
    }
    // OpenSSL builds may leave out old ones (RIPEMD-160, MD5); ipsec-mb has SHA-1 and SHA-2.
    const expected = engine.name === "ipsec-mb" ? 5 : digests.length - 2;
    assert.ok(checked >= expected, `only ${checked} digests are supported`);
  });
}
