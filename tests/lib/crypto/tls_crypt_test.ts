import assert from "node:assert/strict";
import fc from "fast-check";
import { parseStaticKey } from "../../../lib/crypto/static_key.ts";
import { TlsCrypt, tlsCryptOverhead } from "../../../lib/crypto/tls_crypt.ts";
import { decodeControlPacket } from "../../../lib/wire/control_packet.ts";
import { Opcode } from "../../../lib/wire/opcode.ts";
import { tlsAuthKey } from "../../fixtures/captured_control_channel.ts";
import { testPktKey } from "./test_pkt_key.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replace(/\s/g, ""));

// OpenVPN's test_pkt.c: client_reset_v2_tls_crypt, client_reset_v2_tls_auth, client_reset_v2_none.
const captured = hex(`
  38 f4 19 cb 12 d1 f9 e4 8f 00 00 00 01 61 d3 f8 e1 33 02 06 f5 68 02 be 44 fb ed
  90 50 64 e3 db 43 41 6b ec 5e 52 67 19 46 2b 7e b9 0c 96 de fc 9b 05 c4 48 79 f7`);
const capturedTime = 0x61d3f8e1;
const tlsAuth = hex(`
  38 de 69 4c 5c 7b fb a2 74 93 53 7c 1d ed 4e 78 15 29 ae 7c fe 4b 8c 6d
  6b 2b 51 f0 5a 00 00 00 01 61 d3 bf 6c 00 00 00 00 00`);
const unwrapped = hex("38 68 91 92 3f a3 10 34 37 00 00 00 00 00");

function tlsCrypt(role: "client" | "server", key = testPktKey): TlsCrypt {
  return new TlsCrypt({ key: parseStaticKey(key), role });
}

Deno.test("OpenVPN's captured tls-crypt reset is authentic, and wrapped the same again", () => {
  const plain = tlsCrypt("server").authenticate(captured)?.plain;
  assert.equal(plain?.toHex(), "38f419cb12d1f9e48f0000000000");
  assert.equal(decodeControlPacket(plain!)?.opcode, Opcode.HARD_RESET_CLIENT_V2);
  assert.deepEqual(tlsCrypt("client").channel().wrap(plain!, capturedTime), captured);
  assert.deepEqual(tlsCrypt("server").channel().unwrap(captured), plain);
});

Deno.test("authenticate keeps nothing and leaves the datagram as it is", () => {
  const wrap = tlsCrypt("server");
  const before = captured.slice();
  assert.deepEqual(wrap.authenticate(captured), wrap.authenticate(captured));
  assert.deepEqual(captured, before);
});

Deno.test("the wrong role or key, and other wrappings, are refused", () => {
  assert.equal(tlsCrypt("client").authenticate(captured), undefined);
  assert.equal(tlsCrypt("server", tlsAuthKey).authenticate(captured), undefined);
  for (const other of [tlsAuth, unwrapped]) {
    assert.equal(tlsCrypt("server").authenticate(other), undefined);
  }
});

Deno.test("every flipped bit and every cut-off datagram is refused", () => {
  const wrap = tlsCrypt("server");
  for (let bit = 0; bit < captured.length * 8; bit++) {
    const bytes = captured.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(wrap.authenticate(bytes), undefined, `bit ${bit}`);
    assert.equal(wrap.channel().unwrap(bytes), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < captured.length; length++) {
    assert.equal(wrap.authenticate(captured.subarray(0, length)), undefined);
  }
});

Deno.test("any packet crosses in either direction, and does so once", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 9, maxLength: 1400 }),
    fc.constantFrom("client" as const, "server" as const),
    (plain, sender) => {
      const wrapped = tlsCrypt(sender).channel().wrap(plain, 1_700_000_000);
      assert.equal(wrapped.length, plain.length + tlsCryptOverhead);
      const receiver = tlsCrypt(sender === "client" ? "server" : "client").channel();
      assert.deepEqual(receiver.unwrap(wrapped), plain);
      assert.equal(receiver.unwrap(wrapped), undefined);
    },
  ));
});

Deno.test("what follows the header does not show on the wire", () => {
  const plain = new Uint8Array(200).fill(0xaa);
  const wrapped = tlsCrypt("client").channel().wrap(plain, 1_700_000_000);
  assert.ok(!wrapped.subarray(9).toHex().includes("aaaaaaaa"));
});

Deno.test("packet-ids count up, an old time is refused", () => {
  const channel = tlsCrypt("client").channel({ firstPacketId: 2 });
  const ids = [0, 1, 2].map(() => channel.wrap(unwrapped, 1_700_000_000).subarray(9, 13).toHex());
  assert.deepEqual(ids, ["00000002", "00000003", "00000004"]);
  const receiver = tlsCrypt("server").channel();
  const at = (seconds: number) => tlsCrypt("client").channel().wrap(unwrapped, seconds);
  assert.ok(receiver.unwrap(at(1_700_000_001)));
  assert.equal(receiver.unwrap(at(1_700_000_000)), undefined);
});
