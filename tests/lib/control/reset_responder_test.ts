import assert from "node:assert/strict";
import fc from "fast-check";
import { NoWrap } from "../../../lib/crypto/control_wrap.ts";
import { ResetCookie } from "../../../lib/crypto/reset_cookie.ts";
import { generateStaticKey, parseStaticKey } from "../../../lib/crypto/static_key.ts";
import { TlsAuth } from "../../../lib/crypto/tls_auth.ts";
import { ResetResponder } from "../../../lib/control/reset_responder.ts";
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
