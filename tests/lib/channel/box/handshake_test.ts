/** Hello, Cookie, Vouch: their bytes, every single-bit change of them, and who is let in. */
import assert from "node:assert/strict";
import { ChannelError } from "../../../../lib/channel/connection/errors.ts";
import { clientHandshake, serverHandshake } from "../../../../lib/channel/box/handshake.ts";
import {
  makeCookie,
  makeCredential,
  makeHello,
  makeVouch,
  openCookie,
  openHello,
  openVouch,
  verifyCredential,
} from "../../../../lib/channel/box/handshake_messages.ts";
import { CounterSeries } from "../../../../lib/channel/box/nonces.ts";
import {
  generateBoxKeyPair,
  importBoxKeyPair,
  sharedBoxKey,
} from "../../../../lib/crypto/box_keys.ts";
import { selectSecretBox } from "../../../../lib/crypto/secret_box.ts";
import { connectionPair, recordedConnection, type Tamper } from "../memory_connection.ts";
import vectors from "./vectors.json" with { type: "json" };

const hex = (text: string) => Uint8Array.fromHex(text);
const box = selectSecretBox("auto");
const noble = selectSecretBox("noble");
const server = await importBoxKeyPair(hex(vectors.secrets.S));
const client = await importBoxKeyPair(hex(vectors.secrets.C));
const stranger = await generateBoxKeyPair();
const cookies = new CounterSeries();
const allows = (key: Uint8Array) => key.toHex() === vectors.keys.C;

Deno.test("messages come from fixed inputs as NaCl makes them", async () => {
  const shared = hex(vectors.shared);
  const session = hex(vectors.session);
  const clientTag = hex(vectors.clientTag);
  const serverTag = hex(vectors.serverTag);
  const answer = { ephemeral: hex(vectors.keys.ES), clientTag, serverTag };
  for (const engine of [box, noble]) {
    const hello = makeHello(engine, shared, hex(vectors.keys.EC), clientTag);
    assert.equal(hello.toHex(), vectors.hello);
    assert.deepEqual(openHello(engine, shared, hex(vectors.hello)), clientTag);
    const cookie = makeCookie(engine, shared, vectors.cookieCounter, answer);
    assert.equal(cookie.toHex(), vectors.cookie);
    assert.deepEqual(openCookie(engine, shared, hex(vectors.cookie)), answer);
    const credential = hex(vectors.credential);
    assert.equal(makeVouch(engine, session, credential).toHex(), vectors.vouch);
    assert.deepEqual(openVouch(engine, session, hex(vectors.vouch)), credential);
    const ephemeral = hex(vectors.keys.EC);
    const who = await verifyCredential(engine, server, credential, ephemeral, serverTag);
    assert.equal(who?.toHex(), vectors.keys.C);
    assert.equal(
      await verifyCredential(engine, server, credential, stranger.publicKey, serverTag),
      undefined,
    );
    assert.equal(
      await verifyCredential(engine, server, credential, ephemeral, clientTag),
      undefined,
    );
    const mine = await makeCredential(engine, client, server.publicKey, ephemeral, serverTag);
    assert.ok(mine);
    assert.ok(await verifyCredential(engine, server, mine, ephemeral, serverTag));
  }
});

interface Outcome {
  readonly client: PromiseSettledResult<unknown>;
  readonly server: PromiseSettledResult<unknown>;
  /** Bytes of each message that was sent, in order. */
  readonly sent: number[];
}

async function handshake(
  tamper: Tamper = (bytes) => bytes,
  { serverKey = server.publicKey, keyPair = client } = {},
): Promise<Outcome> {
  const sent: number[] = [];
  const pair = connectionPair((bytes, from) => {
    sent.push(bytes.length);
    return tamper(bytes, from);
  });
  const closing = (connection: { close(): void }) => (error: unknown) => {
    connection.close();
    throw error;
  };
  const [clientResult, serverResult] = await Promise.allSettled([
    clientHandshake(pair.client, { serverKey, keyPair }, box).catch(closing(pair.client)),
    serverHandshake(pair.server, { keyPair: server, allows }, cookies, box)
      .catch(closing(pair.server)),
  ]);
  return { client: clientResult, server: serverResult, sent };
}

function assertFailure(result: PromiseSettledResult<unknown>, failure: string): void {
  assert.equal(result.status, "rejected");
  assert.ok(result.reason instanceof ChannelError);
  assert.equal(result.reason.failure, failure);
}

Deno.test("a client that is allowed and a server that is meant agree on a key", async () => {
  const { client: mine, server: theirs, sent } = await handshake();
  assert.equal(mine.status, "fulfilled");
  assert.equal(theirs.status, "fulfilled");
  const [a, b] = [mine, theirs].map((result) =>
    (result as PromiseFulfilledResult<{ key: Uint8Array; peerKey: Uint8Array }>).value
  );
  assert.deepEqual(a.key, b.key);
  assert.deepEqual(a.peerKey, server.publicKey);
  assert.deepEqual(b.peerKey, client.publicKey);
  assert.deepEqual(sent, [4 + 64, 4 + 88, 4 + 136]);
});

Deno.test("a Hello for another server gets no answer at all", async () => {
  const { client: mine, server: theirs, sent } = await handshake(undefined, {
    serverKey: stranger.publicKey,
  });
  assertFailure(theirs, "secret");
  assertFailure(mine, "truncated");
  assert.deepEqual(sent, [4 + 64]);
});

Deno.test("a client whose key is not in the list is refused by its name", async () => {
  const { server: theirs } = await handshake(undefined, { keyPair: stranger });
  assertFailure(theirs, "unknown-key");
});

Deno.test("a client that has another's public key and not its secret is refused", async () => {
  const impostor = { publicKey: client.publicKey, secretKey: stranger.secretKey };
  const { server: theirs } = await handshake(undefined, { keyPair: impostor });
  assertFailure(theirs, "secret");
});

for (
  const [name, side, message, length] of [
    ["Hello", "client", 0, 4 + 64],
    ["Cookie", "server", 0, 4 + 88],
    ["Vouch", "client", 1, 4 + 136],
  ] as const
) {
  Deno.test(`every bit of ${name} counts`, async () => {
    for (let bit = 0; bit < length * 8; bit++) {
      let count = 0;
      const outcome = await handshake((bytes, from) => {
        if (from === side && count++ === message) bytes[bit >> 3] ^= 1 << (bit & 7);
        return bytes;
      });
      // The client finds a changed Cookie and goes no further; the server all else.
      assert.equal(outcome.server.status, "rejected", `bit ${bit}`);
      if (name !== "Vouch") assert.equal(outcome.client.status, "rejected", `bit ${bit}`);
      if (name === "Hello") assert.equal(outcome.sent.length, 1, `bit ${bit}: it was answered`);
    }
  });
}

Deno.test("what was recorded of a client opens nothing, and no nonce comes twice", async () => {
  const recorded: Uint8Array[] = [];
  const cookieMessages = new Set<string>();
  await handshake((bytes, from) => {
    if (from === "client") recorded.push(bytes.slice());
    return bytes;
  });
  for (let i = 0; i < 5; i++) {
    const { connection, written } = recordedConnection(
      new Uint8Array(recorded.flatMap((bytes) => [...bytes])),
    );
    await assert.rejects(
      serverHandshake(connection, { keyPair: server, allows }, cookies, box),
      ChannelError,
    );
    // The counter of the Cookie's nonce, under a key that is the same each time.
    cookieMessages.add(Uint8Array.from(written.slice(4, 12)).toHex());
  }
  assert.equal(cookieMessages.size, 5);
});

Deno.test("cut and reflected messages are refused", async () => {
  const recorded: Uint8Array[] = [];
  await handshake((bytes, from) => {
    if (from === "client") recorded.push(bytes.slice());
    return bytes;
  });
  const hello = recorded[0];
  for (let length = 0; length < hello.length; length++) {
    const { connection, written } = recordedConnection(hello.subarray(0, length));
    await assert.rejects(
      serverHandshake(connection, { keyPair: server, allows }, cookies, box),
      ChannelError,
    );
    assert.equal(written.length, 0);
  }
  const { client: mine } = await handshake((bytes, from) => from === "server" ? hello : bytes);
  assertFailure(mine, "malformed");
});

Deno.test("a Cookie with another Ctag is refused, also from who has the server's key", async () => {
  for (const wrong of [false, true]) {
    const pair = connectionPair();
    const connecting = clientHandshake(
      pair.client,
      { serverKey: server.publicKey, keyPair: client },
      box,
    );
    const hello = new Uint8Array(4 + 64);
    assert.equal(await pair.server.read(hello), hello.length);
    const ephemeral = hello.slice(4, 36);
    const shared = await sharedBoxKey(server, ephemeral);
    assert.ok(shared);
    const clientTag = openHello(box, shared, hello.subarray(4));
    assert.ok(clientTag);
    if (wrong) clientTag[15] ^= 1;
    const answer = { ephemeral: stranger.publicKey, clientTag, serverTag: new Uint8Array(16) };
    const cookie = makeCookie(box, shared, 1, answer);
    await pair.server.write(Uint8Array.of(0, 0, 0, cookie.length, ...cookie));
    if (wrong) await assert.rejects(connecting, { failure: "secret" });
    else await connecting;
  }
});
