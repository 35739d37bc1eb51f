import assert from "node:assert/strict";
import fc from "fast-check";
import { NoWrap } from "../../../lib/crypto/control_wrap.ts";
import { ResetCookie } from "../../../lib/crypto/reset_cookie.ts";
import { generateStaticKey, parseStaticKey } from "../../../lib/crypto/static_key.ts";
import { TlsAuth } from "../../../lib/crypto/tls_auth.ts";
import { ResetResponder } from "../../../lib/control/reset_responder.ts";
import { TlsCryptV2Client, TlsCryptV2Server } from "../../../lib/crypto/tls_crypt_v2.ts";
import {
  generateTlsCryptV2ClientKey,
  TlsCryptV2ServerKey,
} from "../../../lib/crypto/tls_crypt_v2_key.ts";
import { ClientKeyMemory } from "../../../lib/control/client_key_memory.ts";
import { decodeEarlyNegotiation } from "../../../lib/wire/early_negotiation.ts";
import { decodeControlPacket, encodeControlPacket } from "../../../lib/wire/control_packet.ts";
import { Opcode } from "../../../lib/wire/opcode.ts";

const address = Uint8Array.of(2, 0, 4, 170, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
const elsewhere = Uint8Array.of(2, 0, 4, 170, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0);
const clientId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const now = 1_800_000_000;
const empty = new Uint8Array(0);

function responder(limit = { count: 100, seconds: 10 }): ResetResponder {
  return new ResetResponder(new NoWrap(), new ResetCookie(60), limit);
}

function reset(sessionId = clientId): Uint8Array {
  return encodeControlPacket({
    opcode: Opcode.HARD_RESET_CLIENT_V2,
    keyId: 0,
    sessionId,
    acks: [],
    packetId: 0,
    payload: empty,
  });
}

function acknowledgement(remoteSessionId: Uint8Array): Uint8Array {
  return encodeControlPacket({
    opcode: Opcode.ACK_V1,
    keyId: 0,
    sessionId: clientId,
    acks: [0],
    remoteSessionId,
    payload: empty,
  });
}

function answeredId(server: ResetResponder): Uint8Array {
  const verdict = server.consider(reset(), address, now);
  assert.equal(verdict.kind, "reply");
  const packet = decodeControlPacket((verdict as { datagram: Uint8Array }).datagram)!;
  assert.equal(packet.opcode, Opcode.HARD_RESET_SERVER_V2);
  assert.deepEqual(packet.acks, [0]);
  assert.deepEqual(packet.remoteSessionId, clientId);
  return packet.sessionId;
}

Deno.test("a reset is answered, and whoever shows the answer's session id gets a session", () => {
  const server = responder();
  const sessionId = answeredId(server);
  const verdict = server.consider(acknowledgement(sessionId), address, now + 1);
  assert.equal(verdict.kind, "accept");
  if (verdict.kind !== "accept") return;
  assert.deepEqual(verdict.localSessionId, new Uint8Array(sessionId));
  assert.deepEqual(verdict.remoteSessionId, clientId);
});

Deno.test("the session id is worth nothing from another address, later, or changed", () => {
  const server = responder();
  const sessionId = answeredId(server);
  const wrong = sessionId.slice();
  wrong[3] ^= 1;
  for (
    const [datagram, from, time] of [
      [acknowledgement(sessionId), elsewhere, now],
      [acknowledgement(sessionId), address, now + 3600],
      [acknowledgement(wrong), address, now],
    ] as const
  ) assert.deepEqual(server.consider(datagram, from, time), { kind: "drop", reason: "cookie" });
});

Deno.test("resets beyond the limit get no answer until the next window", () => {
  const server = responder({ count: 3, seconds: 10 });
  const kinds = [0, 1, 2, 3, 10].map((later) =>
    server.consider(reset(), address, now + later).kind
  );
  assert.deepEqual(kinds, ["reply", "reply", "reply", "drop", "reply"]);
});

Deno.test("a client that goes on does not count against the limit", () => {
  const server = responder({ count: 1, seconds: 10 });
  for (let i = 0; i < 5; i++) {
    const sessionId = answeredId(server);
    assert.equal(server.consider(acknowledgement(sessionId), address, now).kind, "accept");
  }
});

Deno.test("under tls-auth, a reset without or with a wrong HMAC gets no answer", () => {
  const wrap = () =>
    new TlsAuth({
      key: parseStaticKey(generateStaticKey()),
      direction: undefined,
      digest: "SHA256",
    });
  const [ours, theirs] = [wrap(), wrap()];
  const server = new ResetResponder(ours, new ResetCookie(60), { count: 100, seconds: 10 });
  const dropped = { kind: "drop", reason: "unauthenticated" };
  assert.deepEqual(server.consider(reset(), address, now), dropped);
  assert.deepEqual(server.consider(theirs.channel().wrap(reset(), now), address, now), dropped);
  assert.equal(server.consider(ours.channel().wrap(reset(), now), address, now).kind, "reply");
});

Deno.test("datagrams of any length and content are dropped or answered, never thrown at", () => {
  const server = responder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (datagram) => {
      const { kind } = server.consider(datagram, address, now);
      assert.ok(kind === "drop" || kind === "reply");
    }),
    { numRuns: 2000 },
  );
});

Deno.test("numbers that are not of a client's second packet open no session", () => {
  const server = responder();
  const remoteSessionId = answeredId(server);
  const packet = (acks: readonly number[], packetId: number) =>
    encodeControlPacket({
      ...{ opcode: Opcode.CONTROL_V1, keyId: 0, sessionId: clientId, acks, remoteSessionId },
      ...{ packetId, payload: empty },
    });
  const kind = (datagram: Uint8Array) => server.consider(datagram, address, now).kind;
  assert.equal(kind(packet([0], 2)), "drop");
  assert.equal(kind(packet([0, 2], 1)), "drop");
  assert.equal(kind(packet([0], 1)), "accept");
});

const serverKey = TlsCryptV2ServerKey.generate();

/** A server under tls-crypt-v2, a client's channel, and its packets. */
function withClientKeys(keyMemory?: ClientKeyMemory) {
  const server = new ResetResponder(
    new TlsCryptV2Server({ key: serverKey }),
    ...[new ResetCookie(60), { count: 100, seconds: 10 }, keyMemory] as const,
  );
  const key = generateTlsCryptV2ClientKey(serverKey);
  const channelFrom = (firstPacketId?: number) =>
    new TlsCryptV2Client(key).channel({ firstPacketId });
  const plain = (opcode: number, remoteSessionId?: Uint8Array) =>
    encodeControlPacket({
      ...{ opcode, keyId: 0, sessionId: clientId, remoteSessionId, payload: empty },
      acks: remoteSessionId === undefined ? [] : [0],
      packetId: remoteSessionId === undefined ? 0 : 1,
    });
  return { server, key, channelFrom, plain };
}

Deno.test("tls-crypt-v2: the server asks for the key again, and takes it from the second packet", () => {
  const { server, key, channelFrom, plain } = withClientKeys();
  const channel = channelFrom();
  const reset = channel.wrap(plain(Opcode.HARD_RESET_CLIENT_V3), now);
  const answer = server.consider(reset, address, now);
  assert.equal(answer.kind, "reply");
  if (answer.kind !== "reply") return;
  const reply = decodeControlPacket(channel.unwrap(answer.datagram)!)!;
  assert.deepEqual(decodeEarlyNegotiation(reply.payload), { resendWrappedKey: true });

  const second = plain(Opcode.CONTROL_WKC_V1, reply.sessionId);
  const verdict = server.consider(channel.wrap(second, now), address, now);
  assert.equal(verdict.kind, "accept");
  if (verdict.kind !== "accept") return;
  assert.deepEqual(verdict.clientKey?.wrapped, key.wrapped);
  assert.equal(server.consider(channel.wrap(second, now), elsewhere, now).kind, "drop");
  // Without the key behind it there is nothing to open it with: none was kept.
  const without = channel.wrap(plain(Opcode.CONTROL_V1, reply.sessionId), now);
  assert.deepEqual(server.consider(without, address, now), {
    ...{ kind: "drop", reason: "unauthenticated" },
  });
});

Deno.test("tls-crypt-v2: who can't send its key again is taken with allow-noncookie only", () => {
  for (const keyMemory of [undefined, new ClientKeyMemory(60)]) {
    const { server, channelFrom, plain } = withClientKeys(keyMemory);
    const channel = channelFrom(1);
    const reset = channel.wrap(plain(Opcode.HARD_RESET_CLIENT_V3), now);
    const answer = server.consider(reset, address, now);
    if (keyMemory === undefined) {
      assert.deepEqual(answer, { kind: "drop", reason: "noncookie" });
      continue;
    }
    assert.equal(answer.kind, "reply");
    if (answer.kind !== "reply") return;
    const reply = decodeControlPacket(channel.unwrap(answer.datagram)!)!;
    assert.equal(reply.payload.length, 0);
    const second = plain(Opcode.CONTROL_V1, reply.sessionId);
    assert.equal(server.consider(channel.wrap(second, now), elsewhere, now).kind, "drop");
    const verdict = server.consider(channel.wrap(second, now), address, now);
    assert.equal(verdict.kind, "accept");
    assert.equal(keyMemory.size, 0);
  }
});

Deno.test("tls-crypt-v2: a first packet of the other kind is no first packet", () => {
  const { server, channelFrom, plain } = withClientKeys();
  const reset = channelFrom().wrap(plain(Opcode.HARD_RESET_CLIENT_V2), now);
  assert.equal(server.consider(reset, address, now).kind, "drop");
  // And without tls-crypt-v2 there is no packet that brings a key.
  const v3 = responder().consider(plain(Opcode.HARD_RESET_CLIENT_V3), address, now);
  assert.deepEqual(v3, { kind: "drop", reason: "malformed" });
});
