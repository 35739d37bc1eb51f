import assert from "node:assert/strict";
import fc from "fast-check";
import { cipherInfo, digestInfo } from "../../../lib/crypto/cipher_table.ts";
import {
  buildOptionsString,
  compareOptionsStrings,
  expectedOptionsString,
  optionsStringLinkMtu,
  type OptionsStringValues,
  parseOptionsString,
  unconfiguredCipher,
} from "../../../lib/wire/options_string.ts";

const base: OptionsStringValues = {
  role: "client",
  protocol: "udp",
  tunMtu: 1500,
  cipher: unconfiguredCipher,
  nameCipher: false,
  auth: digestInfo("SHA1"),
  tlsAuth: false,
  compression: "none",
};

// "Local Options String" and "Expected Remote Options String" as OpenVPN 2.6.14 logs them at verb 7
// for a client with the options in the first column.
const fromOpenVpn: readonly (readonly [string, Partial<OptionsStringValues>, string, string])[] = [
  [
    "(no cipher)",
    {},
    "V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-server",
  ],
  [
    "cipher AES-256-GCM, auth SHA256, tls-auth ta.key 1",
    {
      cipher: cipherInfo("AES-256-GCM"),
      nameCipher: true,
      auth: digestInfo("SHA256"),
      keyDirection: 1,
      tlsAuth: true,
    },
    "V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,keydir 1,cipher AES-256-GCM,auth [null-digest],keysize 256,tls-auth,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,keydir 0,cipher AES-256-GCM,auth [null-digest],keysize 256,tls-auth,key-method 2,tls-server",
  ],
  [
    "cipher CHACHA20-POLY1305",
    { cipher: cipherInfo("CHACHA20-POLY1305"), nameCipher: true },
    "V4,dev-type tun,link-mtu 1534,tun-mtu 1500,proto UDPv4,cipher CHACHA20-POLY1305,auth [null-digest],keysize 256,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1534,tun-mtu 1500,proto UDPv4,cipher CHACHA20-POLY1305,auth [null-digest],keysize 256,key-method 2,tls-server",
  ],
  [
    "cipher AES-128-CBC, auth SHA512, and data-ciphers without it",
    { cipher: cipherInfo("AES-128-CBC"), auth: digestInfo("SHA512") },
    "V4,dev-type tun,link-mtu 1601,tun-mtu 1500,proto UDPv4,auth SHA512,keysize 128,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1601,tun-mtu 1500,proto UDPv4,auth SHA512,keysize 128,key-method 2,tls-server",
  ],
  [
    "cipher AES-256-CBC, auth SHA256, comp-lzo no",
    {
      cipher: cipherInfo("AES-256-CBC"),
      nameCipher: true,
      auth: digestInfo("SHA256"),
      compression: "stub",
    },
    "V4,dev-type tun,link-mtu 1570,tun-mtu 1500,proto UDPv4,comp-lzo,cipher AES-256-CBC,auth SHA256,keysize 256,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1570,tun-mtu 1500,proto UDPv4,comp-lzo,cipher AES-256-CBC,auth SHA256,keysize 256,key-method 2,tls-server",
  ],
  [
    "cipher AES-128-GCM, compress stub-v2, tun-mtu 1400",
    {
      cipher: cipherInfo("AES-128-GCM"),
      nameCipher: true,
      compression: "stub-v2",
      tunMtu: 1400,
    },
    "V4,dev-type tun,link-mtu 1449,tun-mtu 1400,proto UDPv4,comp-lzo,cipher AES-128-GCM,auth [null-digest],keysize 128,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1449,tun-mtu 1400,proto UDPv4,comp-lzo,cipher AES-128-GCM,auth [null-digest],keysize 128,key-method 2,tls-server",
  ],
  [
    "cipher AES-192-CBC, proto tcp-client, tls-auth ta.key",
    { cipher: cipherInfo("AES-192-CBC"), nameCipher: true, protocol: "tcp", tlsAuth: true },
    "V4,dev-type tun,link-mtu 1559,tun-mtu 1500,proto TCPv4_CLIENT,cipher AES-192-CBC,auth SHA1,keysize 192,tls-auth,key-method 2,tls-client",
    "V4,dev-type tun,link-mtu 1559,tun-mtu 1500,proto TCPv4_SERVER,cipher AES-192-CBC,auth SHA1,keysize 192,tls-auth,key-method 2,tls-server",
  ],
];

for (const [name, change, local, expectedRemote] of fromOpenVpn) {
  Deno.test(`options string as OpenVPN writes it: ${name}`, () => {
    assert.equal(buildOptionsString({ ...base, ...change }), local);
    assert.equal(expectedOptionsString({ ...base, ...change }), expectedRemote);
  });
}

Deno.test("link-mtu as in OpenVPN's test_crypto.c, test_occ_mtu_calculation", () => {
  const values = { ...base, tunMtu: 1400, cipher: cipherInfo("AES-128-CBC") };
  assert.equal(optionsStringLinkMtu(values), 1457);
  assert.equal(optionsStringLinkMtu({ ...values, cipher: cipherInfo("AES-256-GCM") }), 1449);
});

Deno.test("a peer without negotiation tells its cipher", () => {
  assert.deepEqual(parseOptionsString(fromOpenVpn[4][3]), {
    version: "V4",
    deviceType: "tun",
    cipher: "AES-256-CBC",
    auth: "SHA256",
    keySize: 256,
    tunMtu: 1500,
    linkMtu: 1570,
    protocol: "UDPv4",
    keyDirection: undefined,
    keyMethod: 2,
    compression: true,
    tlsAuth: false,
    role: "server",
  });
});

Deno.test("null cipher and digest are none; nonsense is left out", () => {
  // As OpenVPN 2.6.14 with cipher none and auth none, and as one before 2.6.
  const none = parseOptionsString("V4,cipher [null-cipher],auth [null-digest],keysize 0");
  assert.equal(none.cipher, "none");
  assert.equal(none.auth, "none");
  assert.equal(none.keySize, 0);
  assert.equal(parseOptionsString("V4,tun-mtu 15oo").tunMtu, undefined);
  assert.equal(parseOptionsString("V4,tun-mtu").tunMtu, undefined);
  assert.equal(parseOptionsString("").cipher, undefined);
  assert.equal(parseOptionsString("V4,ciphers X").cipher, undefined);
});

Deno.test("differences are named, harmless ones are not", () => {
  const [, , , expected] = fromOpenVpn[1];
  assert.deepEqual(compareOptionsStrings(expected, expected), []);
  const other = expected.replace("tun-mtu 1500", "tun-mtu 1400").replace("keydir 0,", "")
    .replace("cipher AES-256-GCM", "cipher BF-CBC").replace(",keysize 256", "") + ",comp-lzo";
  assert.deepEqual(compareOptionsStrings(other, expected), [
    { option: "tun-mtu", local: "tun-mtu 1500", remote: "tun-mtu 1400" },
    { option: "keysize", local: "keysize 256", remote: undefined },
    { option: "comp-lzo", remote: "comp-lzo" },
  ]);
  assert.deepEqual(compareOptionsStrings("V3", "V4"), [
    { option: "version", local: "version V4", remote: "version V3" },
  ]);
});

Deno.test("any text is read without a throw", () => {
  const words = fc.constantFrom(
    "V4",
    ",",
    " ",
    "cipher",
    "auth",
    "tun-mtu",
    "1500",
    "[null-digest]",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string())), (parts) => {
      parseOptionsString(parts.join(""));
      compareOptionsStrings(parts.join(""), fromOpenVpn[0][3]);
    }),
  );
});
