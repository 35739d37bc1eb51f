import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { parseStaticKey } from "../../../lib/crypto/static_key.ts";
import { TlsCrypt } from "../../../lib/crypto/tls_crypt.ts";
import { TlsCryptV2Client, TlsCryptV2Server } from "../../../lib/crypto/tls_crypt_v2.ts";
import {
  type ClientKey,
  clientKeyFingerprint,
  generateTlsCryptV2ClientKey,
  TlsCryptV2ServerKey,
} from "../../../lib/crypto/tls_crypt_v2_key.ts";
import { Opcode } from "../../../lib/wire/opcode.ts";
import { testPktKey } from "./test_pkt_key.ts";

const now = 1_700_000_000;
const serverKey = TlsCryptV2ServerKey.generate();
const clientKey = generateTlsCryptV2ClientKey(serverKey);

/** A packet without acknowledgements, with the packet id 0. */
function packet(opcode: number): Uint8Array {
  return Uint8Array.of(opcode << 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0);
}

const reset = packet(Opcode.HARD_RESET_CLIENT_V3);

function server(accepts?: (key: ClientKey) => boolean): TlsCryptV2Server {
  return new TlsCryptV2Server({ key: serverKey, accepts });
}

Deno.test("a client's first packet brings its key, from which the server knows it", () => {
  const channel = new TlsCryptV2Client(clientKey).channel();
  assert.equal(channel.clientReset, Opcode.HARD_RESET_CLIENT_V3);
  const datagram = channel.wrap(reset, now);
  assert.deepEqual(datagram.subarray(-clientKey.wrapped.length), clientKey.wrapped);
  assert.equal(datagram.subarray(9, 13).toHex(), "0f000001");
  const authentic = server().authenticate(datagram)!;
  assert.deepEqual(authentic.plain, reset);
  assert.deepEqual(authentic.clientKey?.key.bytes(), clientKey.key.bytes());
  assert.deepEqual(authentic.clientKey?.wrapped, clientKey.wrapped);
});

Deno.test("packets behind it go under the client's key alone, both ways", () => {
  const client = new TlsCryptV2Client(clientKey).channel();
  const authentic = server().authenticate(client.wrap(reset, now))!;
  const channel = server().channel({ firstPacketId: 2, clientKey: authentic.clientKey });
  const control = packet(Opcode.CONTROL_V1);
  const datagram = client.wrap(control, now);
  assert.equal(datagram.length, control.length + 40);
  assert.deepEqual(channel.unwrap(datagram), control);
  assert.equal(channel.unwrap(datagram), undefined);
  assert.deepEqual(client.unwrap(channel.wrap(control, now)), control);
});

Deno.test("a repeated key behind a packet of a session is passed over", () => {
  const client = new TlsCryptV2Client(clientKey).channel();
  const channel = server().channel({
    clientKey: server().authenticate(client.wrap(reset, now))!.clientKey,
  });
  const resent = packet(Opcode.CONTROL_WKC_V1);
  const datagram = client.wrap(resent, now);
  assert.deepEqual(datagram.subarray(-clientKey.wrapped.length), clientKey.wrapped);
  assert.deepEqual(channel.unwrap(datagram), resent);
  for (const length of [0, 1, 20, datagram.length - 1]) {
    assert.equal(channel.unwrap(datagram.subarray(0, length)), undefined);
  }
});

Deno.test("every flipped bit and every cut-off reset is refused", () => {
  const datagram = new TlsCryptV2Client(clientKey).channel().wrap(reset, now);
  const wrap = server();
  for (let bit = 0; bit < datagram.length * 8; bit++) {
    const forged = datagram.slice();
    forged[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(wrap.authenticate(forged), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < datagram.length; length++) {
    assert.equal(wrap.authenticate(datagram.subarray(0, length)), undefined);
    assert.equal(wrap.authenticate(datagram.subarray(length + 1)), undefined);
  }
});

Deno.test("a wrapped key without the packet's being under it is refused", () => {
  const other = new TlsCryptV2Client(generateTlsCryptV2ClientKey(serverKey)).channel();
  const datagram = other.wrap(reset, now);
  const packetLength = datagram.length - clientKey.wrapped.length;
  const stolen = concatBytes(datagram.subarray(0, packetLength), clientKey.wrapped);
  assert.equal(server().authenticate(stolen), undefined);
});

Deno.test("a client of another server's, and one without a key of its own, are refused", () => {
  const foreign = generateTlsCryptV2ClientKey(TlsCryptV2ServerKey.generate());
  const datagram = new TlsCryptV2Client(foreign).channel().wrap(reset, now);
  assert.equal(server().authenticate(datagram), undefined);
  const group = new TlsCrypt({ key: parseStaticKey(testPktKey), role: "client" });
  const groupReset = group.channel().wrap(packet(Opcode.HARD_RESET_CLIENT_V2), now);
  assert.equal(server().authenticate(groupReset), undefined);
  assert.equal(server().authenticate(packet(Opcode.HARD_RESET_CLIENT_V2)), undefined);
});

Deno.test("beside a shared key, each client is taken under its own", () => {
  const key = parseStaticKey(testPktKey);
  const both = new TlsCryptV2Server({
    key: serverKey,
    groupWrap: new TlsCrypt({ key, role: "server" }),
  });
  const plain = packet(Opcode.HARD_RESET_CLIENT_V2);
  const datagram = new TlsCrypt({ key, role: "client" }).channel().wrap(plain, now);
  assert.deepEqual(both.authenticate(datagram), { plain });
  assert.deepEqual(both.channel().unwrap(datagram), plain);
  const own = new TlsCryptV2Client(clientKey).channel().wrap(reset, now);
  assert.deepEqual(both.authenticate(own)?.plain, reset);
  // The shared key is no key to packets that say they bring their own.
  const shared = new TlsCrypt({ key, role: "client" }).channel().wrap(reset, now);
  assert.equal(both.authenticate(shared), undefined);
});

Deno.test("a key that is not accepted gets no answer", () => {
  const datagram = new TlsCryptV2Client(clientKey).channel().wrap(reset, now);
  const revoked = clientKeyFingerprint(clientKey.wrapped);
  const accepts = (key: ClientKey) => clientKeyFingerprint(key.wrapped) !== revoked;
  assert.equal(server(accepts).authenticate(datagram), undefined);
  const other = new TlsCryptV2Client(generateTlsCryptV2ClientKey(serverKey)).channel();
  assert.ok(server(accepts).authenticate(other.wrap(reset, now)));
});

Deno.test("any bytes behind any opcode are refused, without an exception", () => {
  const wrap = server();
  const channel = wrap.channel({ clientKey: { ...clientKey, metadata: undefined } });
  fc.assert(fc.property(fc.nat(31), fc.uint8Array({ maxLength: 1500 }), (opcode, bytes) => {
    if (bytes.length > 0) bytes[0] = opcode << 3;
    assert.equal(wrap.authenticate(bytes), undefined);
    assert.equal(channel.unwrap(bytes), undefined);
  }));
});
