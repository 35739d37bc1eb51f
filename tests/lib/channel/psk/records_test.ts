/** Records of both dialects: their bytes, and what is done to them. */
import assert from "node:assert/strict";
import { Channel } from "../../../../lib/channel/connection/channel.ts";
import type { Connection } from "../../../../lib/channel/connection/connection.ts";
import { ChannelError } from "../../../../lib/channel/connection/errors.ts";
import { originalRecords, OriginalSession } from "../../../../lib/channel/psk/original_records.ts";
import { strictRecords } from "../../../../lib/channel/psk/strict_records.ts";
import { LibCrypto } from "../../../../ffi/libcrypto.ts";
import { connectionPair, recordedConnection } from "../memory_connection.ts";
import { vectors, vectorSession, withBitChanged } from "./vectors.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const engines = (["webcrypto", "openssl"] as const)
  .filter((engine) => engine === "webcrypto" || LibCrypto.open() !== undefined);

Deno.test("original: records come from fixed inputs byte for byte", () => {
  const sending = new OriginalSession(vectorSession("client").sessionKey);
  const receiving = new OriginalSession(vectorSession("server").sessionKey);
  for (const { text, iv, record } of vectors.original) {
    assert.deepEqual(sending.seal(encode(text), iv), record);
    assert.equal(decode(receiving.open(record)), text);
  }
});

Deno.test("original: every bit of a record counts", () => {
  const { record } = vectors.original[0];
  for (let bit = 0; bit < record.length * 8; bit++) {
    const receiving = new OriginalSession(vectorSession("server").sessionKey);
    assert.throws(() => receiving.open(withBitChanged(record, bit)), ChannelError, `bit ${bit}`);
  }
});

Deno.test("original: repeated, cut out, reflected and crossing records break the chain", () => {
  const session = () => new OriginalSession(vectorSession("server").sessionKey);
  const [first, second] = vectors.original;
  const receiving = session();
  receiving.open(first.record);
  assert.throws(() => receiving.open(first.record), ChannelError);
  assert.throws(() => session().open(second.record), ChannelError);
  const crossing = session();
  crossing.seal(encode("mine"));
  assert.throws(() => crossing.open(first.record), /crossed in flight/);
  for (let length = 0; length < first.record.length; length++) {
    assert.throws(() => session().open(first.record.subarray(0, length)), ChannelError);
  }
});

const peer = { hostname: "192.0.2.1", port: 1 };

/** What comes out of a reader until it ends, and the error that it ends with. */
async function drain(channel: Channel): Promise<{ texts: string[]; error?: unknown }> {
  const texts: string[] = [];
  try {
    for await (const chunk of channel.readable) texts.push(decode(chunk));
    return { texts };
  } catch (error) {
    return { texts, error };
  }
}

for (const engine of engines) {
  const strictChannel = async (connection: Connection, role: "client" | "server") =>
    new Channel(connection, await strictRecords(connection, vectorSession(role), engine), peer);
  const received = async (bytes: Uint8Array, role: "client" | "server" = "server") => {
    const channel = await strictChannel(recordedConnection(bytes).connection, role);
    const outcome = await drain(channel);
    channel.abort();
    return outcome;
  };
  const records = split(vectors.strict.client);

  Deno.test(`strict, ${engine}: records of another implementation are opened`, async () => {
    const expected = vectors.texts.filter((text) => text !== "");
    assert.deepEqual(await received(vectors.strict.client), { texts: expected });
    assert.deepEqual(await received(vectors.strict.server, "client"), { texts: expected });
  });

  Deno.test(`strict, ${engine}: every bit of a record counts, and nothing of it is delivered`, async () => {
    const [first, second, ...rest] = records;
    for (let bit = 0; bit < second.length * 8; bit++) {
      const changed = [first, withBitChanged(second, bit), ...rest];
      const { texts, error } = await received(join(changed));
      assert.deepEqual(texts, [vectors.texts[0]], `bit ${bit}`);
      assert.ok(error instanceof ChannelError, `bit ${bit}`);
    }
  });

  Deno.test(`strict, ${engine}: cut, lost, repeated, moved and reflected records are refused`, async () => {
    const [first, second, third, end] = records;
    const refused = async (order: Uint8Array[], texts: string[], failure: string) => {
      const outcome = await received(join(order));
      assert.deepEqual(outcome.texts, texts);
      assert.ok(outcome.error instanceof ChannelError);
      assert.equal(outcome.error.failure, failure);
    };
    const [one, two] = vectors.texts;
    await refused([second, third], [], "authentication");
    await refused([first, third], [one], "authentication");
    await refused([first, first], [one], "authentication");
    await refused([first, third, second], [one], "authentication");
    await refused([first, second, end], [one, two], "authentication");
    await refused([first, second], [one, two], "truncated");
    await refused(split(vectors.strict.server), [], "authentication");
    for (let length = 0; length < first.length; length++) {
      await refused([first.subarray(0, length)], [], "truncated");
    }
    for (const length of [0, 63, 65, 65_616, 0x7fff_fff0, 0xffff_ffff]) {
      const header = new Uint8Array(4);
      new DataView(header.buffer).setUint32(0, length);
      await refused([header, new Uint8Array(100_000)], [], "malformed");
    }
  });

  Deno.test(`strict, ${engine}: texts of all lengths, both directions at once`, async () => {
    const pair = connectionPair();
    const client = await strictChannel(pair.client, "client");
    const server = await strictChannel(pair.server, "server");
    const lengths = [1, 15, 16, 17, 4096, 65_535, 65_536, 65_537, 200_000];
    const send = async (channel: Channel, start: number) => {
      const writer = channel.writable.getWriter();
      for (const length of lengths) {
        await writer.write(new Uint8Array(length).map((_, i) => start + i));
      }
      await writer.write(new Uint8Array(0)); // nothing, and not the end
      await writer.close();
    };
    const receive = async (channel: Channel) => {
      const bytes: Uint8Array[] = [];
      for await (const chunk of channel.readable) bytes.push(chunk);
      return join(bytes);
    };
    const expected = (start: number) =>
      join(lengths.map((length) => new Uint8Array(length).map((_, i) => start + i)));
    const [, , atServer, atClient] = await Promise.all([
      send(client, 1),
      send(server, 2),
      receive(server),
      receive(client),
    ]);
    assert.deepEqual(atServer, expected(1));
    assert.deepEqual(atClient, expected(2));
    await Promise.all([client.closed, server.closed]);
  });
}

Deno.test("strict: a slow reader holds the writer back", async () => {
  const pair = connectionPair(undefined, 200_000);
  const client = new Channel(
    pair.client,
    await strictRecords(pair.client, vectorSession("client"), "webcrypto"),
    peer,
  );
  const server = new Channel(
    pair.server,
    await strictRecords(pair.server, vectorSession("server"), "webcrypto"),
    peer,
  );
  const writer = client.writable.getWriter();
  let written = 0;
  const total = 100;
  const writing = (async () => {
    for (; written < total; written++) await writer.write(new Uint8Array(65_536));
    await writer.close();
  })();
  const reader = server.readable.getReader();
  await reader.read();
  // The writer can go on until the connection is full, and no further: it is full when a write has
  // left bytes that no longer fit.
  while (pair.clientPending() < 200_000) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(written < 12, `${written} records were taken`);
  let received = 65_536;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    received += value.length;
  }
  assert.equal(received, total * 65_536);
  await writing;
  client.abort();
  server.abort();
});

Deno.test("strict: a peer that stalls in the middle of a record is cut, one that is silent is not", async () => {
  const pair = connectionPair();
  const parts = await strictRecords(pair.server, vectorSession("server"), "webcrypto", 100);
  const server = new Channel(pair.server, parts, peer);
  const reader = server.readable.getReader();
  const reading = reader.read();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [first, second] = split(vectors.strict.client);
  await pair.client.write(first);
  assert.equal(decode((await reading).value ?? new Uint8Array()), vectors.texts[0]);
  await pair.client.write(second.subarray(0, second.length - 1));
  await assert.rejects(reader.read(), { failure: "timeout" });
  await assert.rejects(server.closed, { failure: "timeout" });
});

Deno.test("a channel that is given up is cut for the peer, not ended", async () => {
  for (const dialect of [originalRecords, strictRecords]) {
    const pair = connectionPair();
    const parts = (connection: Connection, role: "client" | "server") =>
      dialect(connection, vectorSession(role), "webcrypto");
    const client = new Channel(pair.client, await parts(pair.client, "client"), peer);
    const server = new Channel(pair.server, await parts(pair.server, "server"), peer);
    const writer = client.writable.getWriter();
    await writer.write(encode("last words"));
    client.abort();
    const { texts, error } = await drain(server);
    assert.deepEqual(texts, ["last words"]);
    assert.ok(error instanceof ChannelError && error.failure === "truncated");
    await assert.rejects(server.closed, { failure: "truncated" });
    await assert.rejects(client.closed, { failure: "aborted" });
  }
});

function split(stream: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(stream.buffer, stream.byteOffset);
  for (let offset = 0; offset < stream.length;) {
    const end = offset + 4 + view.getUint32(offset);
    records.push(stream.subarray(offset, end));
    offset = end;
  }
  return records;
}

function join(parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
