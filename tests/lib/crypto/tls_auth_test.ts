import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { VpnError } from "../../../lib/base/errors.ts";
import { digests } from "../../../lib/crypto/cipher_table.ts";
import { type ControlWrap, NoWrap } from "../../../lib/crypto/control_wrap.ts";
import { type KeyDirection, parseStaticKey } from "../../../lib/crypto/static_key.ts";
import { TlsAuth } from "../../../lib/crypto/tls_auth.ts";
import { decodeControlPacket } from "../../../lib/wire/control_packet.ts";
import { Opcode } from "../../../lib/wire/opcode.ts";
import { tlsAuthDatagrams, tlsAuthKey } from "../../fixtures/captured_control_channel.ts";
import { testPktKey } from "./test_pkt_key.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replace(/\s/g, ""));

// OpenVPN's test_pkt.c: client_reset_v2_tls_auth, client_reset_v2_none, client_reset_v2_tls_crypt;
// tls-auth with SHA1, the receiver with key-direction 0.
const captured = hex(`
  38 de 69 4c 5c 7b fb a2 74 93 53 7c 1d ed 4e 78 15 29 ae 7c fe 4b 8c 6d
  6b 2b 51 f0 5a 00 00 00 01 61 d3 bf 6c 00 00 00 00 00`);
const unwrapped = hex("38 68 91 92 3f a3 10 34 37 00 00 00 00 00");
const tlsCrypt = hex(`
  38 f4 19 cb 12 d1 f9 e4 8f 00 00 00 01 61 d3 f8 e1 33 02 06 f5 68 02 be 44 fb ed
  90 50 64 e3 db 43 41 6b ec 5e 52 67 19 46 2b 7e b9 0c 96 de fc 9b 05 c4 48 79 f7`);

function tlsAuth(direction: KeyDirection, digest = "SHA1"): TlsAuth {
  return new TlsAuth({ key: parseStaticKey(testPktKey), direction, digest });
}

Deno.test("OpenVPN's captured tls-auth reset is authentic", () => {
  const plain = tlsAuth(0).authenticate(captured)?.plain;
  assert.equal(plain?.toHex(), "38de694c5c7bfba2740000000000");
  assert.equal(decodeControlPacket(plain!)?.opcode, Opcode.HARD_RESET_CLIENT_V2);
});

Deno.test("authenticate keeps nothing and leaves the datagram as it is", () => {
  const wrap = tlsAuth(0);
  const before = captured.slice();
  assert.deepEqual(wrap.authenticate(captured), wrap.authenticate(captured));
  assert.deepEqual(captured, before);
});

Deno.test("the wrong direction, key or digest, and other wrappings, are refused", () => {
  assert.equal(tlsAuth(1).authenticate(captured), undefined);
  assert.equal(tlsAuth(undefined).authenticate(captured), undefined);
  assert.equal(tlsAuth(0, "SHA256").authenticate(captured), undefined);
  const other = new TlsAuth({ key: parseStaticKey(tlsAuthKey), direction: 0, digest: "SHA1" });
  assert.equal(other.authenticate(captured), undefined);
  assert.equal(tlsAuth(0).authenticate(unwrapped), undefined);
  assert.equal(tlsAuth(0).authenticate(tlsCrypt), undefined);
});

Deno.test("every flipped bit is refused, at every place", () => {
  const wrap = tlsAuth(0);
  for (let bit = 0; bit < captured.length * 8; bit++) {
    const bytes = captured.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(wrap.authenticate(bytes), undefined, `bit ${bit}`);
    assert.equal(wrap.channel().unwrap(bytes), undefined, `bit ${bit}`);
  }
});

Deno.test("every cut-off datagram is refused", () => {
  const wrap = tlsAuth(0);
  for (let length = 0; length < captured.length; length++) {
    assert.equal(wrap.authenticate(captured.subarray(0, length)), undefined);
  }
});

Deno.test("a cut-off packet-id is refused even under a good HMAC", () => {
  const wrap = tlsAuth(0);
  const key = parseStaticKey(testPktKey).hmacKey(1, 20);
  const header = captured.subarray(0, 9);
  for (let length = 0; length < 8; length++) {
    const packetId = captured.subarray(29, 29 + length);
    const hmac = createHmac("sha1", key).update(packetId).update(header).digest();
    const datagram = concatBytes(header, hmac, packetId);
    assert.equal(wrap.authenticate(datagram), undefined);
    assert.equal(wrap.channel().unwrap(datagram), undefined);
  }
});

Deno.test("a conversation of real OpenVPN peers (SHA256) is authentic, each side by its key", () => {
  const key = parseStaticKey(tlsAuthKey);
  const server = new TlsAuth({ key, direction: 0, digest: "SHA256" }).channel();
  const client = new TlsAuth({ key, direction: 1, digest: "sha256" }).channel();
  const opcodes: number[] = [];
  for (const { from, hex } of tlsAuthDatagrams) {
    const bytes = Uint8Array.fromHex(hex);
    const [receiver, sender] = from === "client" ? [server, client] : [client, server];
    assert.equal(sender.unwrap(bytes), undefined, "its own packet, sent back");
    const plain = receiver.unwrap(bytes);
    assert.notEqual(plain, undefined);
    const packet = decodeControlPacket(plain!);
    assert.notEqual(packet, undefined);
    opcodes.push(packet!.opcode);
    assert.equal(receiver.unwrap(bytes), undefined, "replayed");
  }
  assert.deepEqual(opcodes.slice(0, 3), [
    Opcode.HARD_RESET_CLIENT_V2,
    Opcode.HARD_RESET_SERVER_V2,
    Opcode.CONTROL_V1,
  ]);
});

Deno.test("our datagrams are the ones that OpenVPN sends", () => {
  // The client's channel is given the packets that OpenVPN's client sent, at the time it sent them.
  const key = parseStaticKey(tlsAuthKey);
  const wrap = new TlsAuth({ key, direction: 1, digest: "SHA256" });
  const server = new TlsAuth({ key, direction: 0, digest: "SHA256" });
  const sent = tlsAuthDatagrams.filter(({ from }) => from === "client")
    .map(({ hex }) => Uint8Array.fromHex(hex));
  for (const bytes of sent) {
    const view = new DataView(bytes.buffer, 9 + 32);
    const channel = wrap.channel({ firstPacketId: view.getUint32(0) });
    assert.deepEqual(channel.wrap(server.authenticate(bytes)!.plain, view.getUint32(4)), bytes);
  }
});

for (const { name } of digests) {
  Deno.test(`tls-auth with ${name}: all directions, any payload`, () => {
    const payload = fc.uint8Array({ minLength: 9, maxLength: 300 });
    const sides: [KeyDirection, KeyDirection][] = [[0, 1], [1, 0], [undefined, undefined]];
    fc.assert(
      fc.property(payload, fc.constantFrom(...sides), (plain, [ours, theirs]) => {
        const sender = tlsAuth(ours, name);
        const datagram = sender.channel().wrap(plain, 1_700_000_000);
        assert.equal(datagram.length, plain.length + sender.overhead);
        assert.deepEqual(tlsAuth(theirs, name).channel().unwrap(datagram), plain);
      }),
      { numRuns: 5 },
    );
  });
}

Deno.test("replays are refused by a channel, late packets within the window are not", () => {
  const sender = tlsAuth(1).channel();
  const datagrams = Array.from({ length: 100 }, () => sender.wrap(unwrapped, 1_700_000_000));
  const receiver = tlsAuth(0).channel();
  assert.notEqual(receiver.unwrap(datagrams[99], 1000), undefined);
  assert.equal(receiver.unwrap(datagrams[99], 1000), undefined);
  assert.notEqual(receiver.unwrap(datagrams[36], 1000), undefined, "63 behind");
  assert.equal(receiver.unwrap(datagrams[35], 1000), undefined, "64 behind");
  assert.equal(receiver.unwrap(datagrams[98], 40_000), undefined, "39 s behind");
});

Deno.test("an older time is refused, a later one starts anew", () => {
  const at = (seconds: number) => tlsAuth(1).channel().wrap(unwrapped, seconds);
  const receiver = tlsAuth(0).channel();
  assert.notEqual(receiver.unwrap(at(1000)), undefined);
  assert.equal(receiver.unwrap(at(999)), undefined);
  assert.notEqual(receiver.unwrap(at(1001)), undefined);
  assert.equal(receiver.unwrap(at(1000)), undefined);
});

Deno.test("a forged datagram does not move the replay window", () => {
  const receiver = tlsAuth(0).channel();
  const forged = captured.slice();
  forged.fill(0xff, 29, 37);
  assert.equal(receiver.unwrap(forged), undefined);
  assert.notEqual(receiver.unwrap(captured), undefined);
});

Deno.test("packet ids count from the given one and keep the first packet's time", () => {
  const channel = tlsAuth(1).channel({ firstPacketId: 2 });
  const packetId = (bytes: Uint8Array) => bytes.subarray(29, 37).toHex();
  assert.equal(packetId(channel.wrap(unwrapped, 0x6553f100)), "000000026553f100");
  assert.equal(packetId(channel.wrap(unwrapped, 0x6553f109)), "000000036553f100");
});

Deno.test("an unknown digest is refused with the known ones", () => {
  assert.throws(() => tlsAuth(0, "SHA257"), (error) => {
    assert.ok(error instanceof VpnError);
    assert.match(error.line, /digest "SHA257" is not supported.*SHA1, .*SHA256/);
    return true;
  });
});

Deno.test("without wrapping packets pass as they are", () => {
  const wrap: ControlWrap = new NoWrap();
  assert.equal(wrap.overhead, 0);
  assert.deepEqual(wrap.authenticate(captured)?.plain, captured);
  assert.deepEqual(wrap.channel().wrap(captured, 0), captured);
  assert.deepEqual(wrap.channel().unwrap(captured), captured);
});

Deno.test("no bytes make it throw or pass", () => {
  const wrap = tlsAuth(0);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(wrap.authenticate(bytes), undefined);
    assert.equal(wrap.channel().unwrap(bytes), undefined);
  }));
});
