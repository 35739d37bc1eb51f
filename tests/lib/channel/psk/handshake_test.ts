/** The handshake: its bytes, and every single-bit change of them. */
import assert from "node:assert/strict";
import { ChannelError } from "../../../../lib/channel/connection/errors.ts";
import { clientHandshake, serverHandshake } from "../../../../lib/channel/psk/handshake.ts";
import {
  makeMessage1,
  makeMessage2,
  makeMessage3,
  openSessionKey,
  padSecret,
  verifyMessage2,
  verifyMessage3,
} from "../../../../lib/channel/psk/handshake_messages.ts";
import { connectionPair, recordedConnection, type Tamper } from "../memory_connection.ts";
import { vectors, withBitChanged } from "./vectors.ts";

const { secret, random, serverNonce, message1, message2, message3 } = vectors;

Deno.test("the messages of the original program come from fixed inputs byte for byte", () => {
  assert.deepEqual(makeMessage1(secret, random), message1);
  assert.deepEqual(makeMessage2(secret, message1, serverNonce), message2);
  assert.deepEqual(makeMessage3(secret, message1, message2), message3);
  assert.deepEqual(openSessionKey(secret, message1), random.sessionKey);
  assert.ok(verifyMessage2(secret, message1, message2));
  assert.ok(verifyMessage3(secret, message1, message2, message3));
});

Deno.test("both sides speak them over a connection", async () => {
  const client = recordedConnection(message2);
  const mine = await clientHandshake(client.connection, secret, undefined, random);
  assert.deepEqual(client.written, [...message1, ...message3]);
  const server = recordedConnection(new Uint8Array([...message1, ...message3]));
  const theirs = await serverHandshake(server.connection, secret, undefined, serverNonce);
  assert.deepEqual(server.written, [...message2]);
  assert.deepEqual(mine.sessionKey, theirs.sessionKey);
});

/** Both sides' outcome when something is done to what they send. */
async function handshake(
  tamper: Tamper,
  serverSecret = secret,
): Promise<PromiseSettledResult<unknown>[]> {
  const { client, server } = connectionPair(tamper);
  const close = (connection: { close(): void }) => (error: unknown) => {
    connection.close();
    throw error;
  };
  return await Promise.allSettled([
    clientHandshake(client, secret).catch(close(client)),
    serverHandshake(server, serverSecret).catch(close(server)),
  ]);
}

/** Changes one bit of the nth message that a side sends. */
function changeBit(side: "client" | "server", message: number, bit: number): Tamper {
  let sent = 0;
  return (bytes, from) => from === side && sent++ === message ? withBitChanged(bytes, bit) : bytes;
}

for (
  const [side, message, length] of [["client", 0, 80], ["server", 0, 96], [
    "client",
    1,
    64,
  ]] as const
) {
  Deno.test(`every bit of message ${message * 2 + (side === "server" ? 2 : 1)} counts`, async () => {
    for (let bit = 0; bit < length * 8; bit++) {
      const [client, server] = await handshake(changeBit(side, message, bit));
      // The server never takes the session key: it is who checks all three messages.
      assert.equal(server.status, "rejected", `bit ${bit}`);
      // The client cannot see what became of R_B, nor of its own last message.
      const seen = side === "server" ? bit >= 32 * 8 : message === 0;
      assert.equal(client.status, seen ? "rejected" : "fulfilled", `bit ${bit}`);
    }
  });
}

Deno.test("another secret is refused by both, and neither says it on the wire", async () => {
  const sizes: number[] = [];
  const results = await handshake((bytes) => (sizes.push(bytes.length), bytes), padSecret("wrong"));
  for (const result of results) {
    assert.equal(result.status, "rejected");
    assert.ok(result.reason instanceof ChannelError);
  }
  assert.deepEqual(sizes, [80, 96]);
});

Deno.test("messages that are cut, repeated, reflected or from another session are refused", async () => {
  const changed = (connection: Uint8Array) =>
    assert.rejects(
      serverHandshake(recordedConnection(connection).connection, secret),
      ChannelError,
    );
  for (let length = 0; length < 144; length++) {
    await changed(new Uint8Array([...message1, ...message3]).subarray(0, length));
  }
  // A whole recorded client: the server's nonce is another one this time.
  await changed(new Uint8Array([...message1, ...message3]));
  await changed(new Uint8Array([...message1, ...message1]));
  await assert.rejects(
    clientHandshake(
      recordedConnection(new Uint8Array([...message1, ...message1])).connection,
      secret,
    ),
    ChannelError,
  );
  await assert.rejects(
    clientHandshake(recordedConnection(message2).connection, secret),
    (error) => error instanceof ChannelError && error.failure === "secret",
  );
});

Deno.test("hexadecimal digits in upper case are not the hash", () => {
  const upper = new TextEncoder().encode(new TextDecoder().decode(message3).toUpperCase());
  assert.notDeepEqual(upper, message3);
  assert.equal(verifyMessage3(secret, message1, message2, upper), false);
});

Deno.test("a trace has every step and neither secret nor session key", async () => {
  const lines: string[] = [];
  const { client, server } = connectionPair();
  const trace = (line: string) => void lines.push(line);
  await Promise.all([
    clientHandshake(client, secret, trace, random),
    serverHandshake(server, secret, trace),
  ]);
  const text = lines.join("\n");
  for (const step of ["1 sent", "1 received", "2 sent", "2 received", "3 sent", "3 received"]) {
    assert.match(text, new RegExp(`^${step}`, "m"));
  }
  for (const hidden of [random.sessionKey.toHex(), secret.toHex(), "iloveildar"]) {
    assert.equal(text.includes(hidden), false);
  }
});

Deno.test("a secret is 1 to 32 bytes", () => {
  assert.throws(() => padSecret(""), ChannelError);
  assert.throws(() => padSecret("x".repeat(33)), ChannelError);
  assert.equal(padSecret("x".repeat(32)).length, 32);
});
