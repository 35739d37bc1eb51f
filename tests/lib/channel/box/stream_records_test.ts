/** A stream's messages: their bytes, and what is done to them. */
import assert from "node:assert/strict";
import { Channel } from "../../../../lib/channel/connection/channel.ts";
import type { Connection } from "../../../../lib/channel/connection/connection.ts";
import { ChannelError } from "../../../../lib/channel/connection/errors.ts";
import { streamRecords } from "../../../../lib/channel/box/stream_records.ts";
import { LibSodium } from "../../../../ffi/libsodium.ts";
import { selectSecretBox } from "../../../../lib/crypto/secret_box.ts";
import { connectionPair, recordedConnection } from "../memory_connection.ts";
import vectors from "./vectors.json" with { type: "json" };

const hex = (text: string) => Uint8Array.fromHex(text);
const join = (parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
const peer = { hostname: "192.0.2.1", port: 1 };
const engines = (["noble", "libsodium"] as const)
  .filter((engine) => engine === "noble" || LibSodium.open() !== undefined)
  .map(selectSecretBox);

function split(stream: Uint8Array): Uint8Array[] {
  const view = new DataView(stream.buffer, stream.byteOffset);
  const messages: Uint8Array[] = [];
  for (let offset = 0; offset < stream.length;) {
    const end = offset + 4 + view.getUint32(offset);
    messages.push(stream.slice(offset, end));
    offset = end;
  }
  return messages;
}

for (const box of engines) {
  const channel = (connection: Connection, role: "client" | "server") => {
    const session = { role, key: hex(vectors.session), peerKey: hex(vectors.keys.S) };
    return new Channel(connection, streamRecords(connection, session, box), peer);
  };
  const received = async (bytes: Uint8Array, role: "client" | "server" = "server") => {
    const reading = channel(recordedConnection(bytes).connection, role);
    const texts: string[] = [];
    try {
      for await (const chunk of reading.readable) texts.push(new TextDecoder().decode(chunk));
      return { texts };
    } catch (error) {
      return { texts, error };
    } finally {
      reading.abort();
    }
  };
  const texts = vectors.texts.filter((text) => text !== "");
  const messages = split(hex(vectors.stream.client));

  Deno.test(`${box.engine}: messages come as NaCl makes them`, async () => {
    assert.deepEqual(await received(hex(vectors.stream.client)), { texts });
    assert.deepEqual(await received(hex(vectors.stream.server), "client"), { texts });
    for (const role of ["client", "server"] as const) {
      const { connection, written } = recordedConnection(new Uint8Array(0));
      const writing = channel(connection, role);
      const writer = writing.writable.getWriter();
      for (const text of texts) await writer.write(new TextEncoder().encode(text));
      await writer.close();
      assert.equal(Uint8Array.from(written).toHex(), vectors.stream[role]);
      writing.abort();
    }
  });

  Deno.test(`${box.engine}: every bit of a message counts, and nothing of it is delivered`, async () => {
    const [first, second, ...rest] = messages;
    for (let bit = 0; bit < second.length * 8; bit++) {
      const changed = second.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      const outcome = await received(join([first, changed, ...rest]));
      assert.deepEqual(outcome.texts, [texts[0]], `bit ${bit}`);
      assert.ok(outcome.error instanceof ChannelError, `bit ${bit}`);
    }
  });

  Deno.test(`${box.engine}: cut, lost, repeated, moved, reflected and too long messages are refused`, async () => {
    const [first, second, third, end] = messages;
    const refused = async (order: Uint8Array[], expected: string[], failure: string) => {
      const outcome = await received(join(order));
      assert.deepEqual(outcome.texts, expected);
      assert.ok(outcome.error instanceof ChannelError);
      assert.equal(outcome.error.failure, failure);
    };
    await refused([second, third, end], [], "authentication");
    await refused([first, third, end], [texts[0]], "authentication");
    await refused([first, first], [texts[0]], "authentication");
    await refused([first, third, second], [texts[0]], "authentication");
    await refused([first, second, end], texts.slice(0, 2), "authentication");
    await refused([first, second], texts.slice(0, 2), "truncated");
    await refused(split(hex(vectors.stream.server)), [], "authentication");
    for (let length = 0; length < first.length; length++) {
      await refused([first.subarray(0, length)], [], "truncated");
    }
    for (const length of [0, 15, 65_553, 0x7fff_ffff, 0xffff_ffff]) {
      const header = new Uint8Array(4);
      new DataView(header.buffer).setUint32(0, length);
      await refused([header, new Uint8Array(70_000)], [], "malformed");
    }
  });

  Deno.test(`${box.engine}: texts of all lengths, both directions at once`, async () => {
    const pair = connectionPair();
    const ends = [channel(pair.client, "client"), channel(pair.server, "server")];
    const lengths = [1, 4096, 65_535, 65_536, 65_537, 200_000];
    const expected = (start: number) =>
      join(lengths.map((length) => new Uint8Array(length).map((_, i) => start + i)));
    await Promise.all(
      ends.map(async ({ writable }, start) => {
        const writer = writable.getWriter();
        for (const length of lengths) {
          await writer.write(new Uint8Array(length).map((_, i) => start + i));
        }
        await writer.close();
      }).concat(ends.map(async ({ readable }, i) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of readable) chunks.push(chunk);
        assert.deepEqual(join(chunks), expected(1 - i));
      })),
    );
    await Promise.all(ends.map((end) => end.closed));
  });
}

Deno.test("a peer that stalls in the middle of a message is cut, one that is silent is not", async () => {
  const pair = connectionPair();
  const session = {
    role: "server",
    key: hex(vectors.session),
    peerKey: hex(vectors.keys.C),
  } as const;
  const parts = streamRecords(pair.server, session, selectSecretBox("noble"), 100);
  const server = new Channel(pair.server, parts, peer);
  const reader = server.readable.getReader();
  const reading = reader.read();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [first, second] = split(hex(vectors.stream.client));
  await pair.client.write(first);
  assert.equal(new TextDecoder().decode((await reading).value), vectors.texts[0]);
  await pair.client.write(second.subarray(0, second.length - 1));
  await assert.rejects(reader.read(), { failure: "timeout" });
  await assert.rejects(server.closed, { failure: "timeout" });
});
