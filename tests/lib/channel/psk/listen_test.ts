/** Listening and connecting over TCP: many channels, strangers, those that stall. */
import assert from "node:assert/strict";
import type { Channel } from "../../../../lib/channel/connection/channel.ts";
import { ChannelError } from "../../../../lib/channel/connection/errors.ts";
import * as psk from "../../../../lib/channel/psk/mod.ts";

const hostname = "127.0.0.1";
const secret = "correct horse battery staple";

/** Errors of connections that were refused, and how to wait for so many. */
class Refusals {
  readonly errors: unknown[] = [];
  #wake: (() => void) | undefined;

  readonly take = (error: unknown): void => {
    this.errors.push(error);
    this.#wake?.();
  };

  async reach(count: number): Promise<void> {
    while (this.errors.length < count) await new Promise<void>((resolve) => this.#wake = resolve);
  }
}

/** Sends back what comes, channel by channel. */
async function echo(listener: psk.ChannelListener): Promise<void> {
  for await (const channel of listener) {
    channel.readable.pipeTo(channel.writable).catch(() => {});
  }
}

async function ask(channel: Channel, text: string): Promise<string> {
  const writer = channel.writable.getWriter();
  const writing = writer.write(new TextEncoder().encode(text)).then(() => writer.close());
  let answer = "";
  const decoder = new TextDecoder();
  for await (const chunk of channel.readable) answer += decoder.decode(chunk, { stream: true });
  await writing;
  await channel.closed;
  return answer;
}

Deno.test("many channels at once, and one that is broken in the middle of them", async () => {
  using listener = psk.listen({ hostname, port: 0, secret });
  echo(listener);
  const { port } = listener.address;
  const channels = await Promise.all(
    Array.from({ length: 50 }, () => psk.connect({ hostname, port, secret })),
  );
  channels[7].abort();
  const answers = await Promise.all(
    channels.map((channel, i) => i === 7 ? "" : ask(channel, `${i} `.repeat(50_000))),
  );
  answers.forEach((answer, i) => i === 7 || assert.equal(answer, `${i} `.repeat(50_000)));
});

Deno.test("both dialects talk to themselves, and not to each other", async () => {
  const refused = new Refusals();
  using listener = psk.listen({
    ...{ hostname, port: 0, secret, dialect: "original" },
    onRefused: refused.take,
  });
  const accepted = listener.accept();
  const client = await psk.connect({
    hostname,
    port: listener.address.port,
    secret,
    dialect: "original",
  });
  const server = await accepted;
  assert.ok(server);
  const [toServer, toClient] = [client.writable.getWriter(), server.writable.getWriter()];
  const [atServer, atClient] = [server.readable.getReader(), client.readable.getReader()];
  const text = async (reader: typeof atServer) =>
    new TextDecoder().decode((await reader.read()).value);
  for (const line of ["hello", "how are you", "x".repeat(944)]) {
    await toServer.write(new TextEncoder().encode(line));
    assert.equal(await text(atServer), line);
    await toClient.write(new TextEncoder().encode(`${line}`.slice(0, 900) + " too"));
    assert.equal(await text(atClient), line.slice(0, 900) + " too");
  }
  await toServer.close();
  assert.equal((await atServer.read()).done, true);
  await toClient.close();
  assert.equal((await atClient.read()).done, true);
  await Promise.all([client.closed, server.closed]);
  assert.deepEqual(refused.errors, []);

  const mixed = listener.accept();
  const strict = await psk.connect({ hostname, port: listener.address.port, secret });
  const original = await mixed;
  assert.ok(original);
  await strict.writable.getWriter().write(new TextEncoder().encode("hello"));
  await assert.rejects(original.readable.getReader().read(), ChannelError);
  strict.abort();
});

Deno.test("original: both may end the chat at the same time", async () => {
  using listener = psk.listen({ hostname, port: 0, secret, dialect: "original" });
  const { port } = listener.address;
  for (let i = 0; i < 20; i++) {
    const accepted = listener.accept();
    const client = await psk.connect({ hostname, port, secret, dialect: "original" });
    const server = await accepted;
    assert.ok(server);
    await Promise.all([client, server].map(async ({ readable, writable }) => {
      await writable.getWriter().close();
      assert.equal((await readable.getReader().read()).done, true);
    }));
    await Promise.all([client.closed, server.closed]);
  }
});

Deno.test("another secret and random bytes are refused, and who has the secret comes in", async () => {
  const refused = new Refusals();
  using listener = psk.listen({
    ...{ hostname, port: 0, secret },
    onRefused: refused.take,
  });
  echo(listener);
  const { port } = listener.address;
  await assert.rejects(psk.connect({ hostname, port, secret: "wrong" }), { failure: "secret" });
  using stranger = await Deno.connect({ hostname, port });
  await stranger.write(crypto.getRandomValues(new Uint8Array(144)));
  const answer = new Uint8Array(200);
  let length = 0;
  for (let more = await stranger.read(answer); more !== null; more = await stranger.read(answer)) {
    length += more;
  }
  assert.equal(length, 96); // message2 and not a byte besides
  assert.equal(
    await ask(await psk.connect({ hostname, port, secret }), "still there"),
    "still there",
  );
  await refused.reach(2);
  assert.equal(refused.errors.length, 2);
});

Deno.test("who connects and says nothing is closed, and is in nobody's way", async () => {
  const refused = new Refusals();
  using listener = psk.listen({
    ...{ hostname, port: 0, secret, maximumHandshakes: 4, handshakeTimeout: 5000 },
    onRefused: refused.take,
  });
  echo(listener);
  const { port } = listener.address;
  const silent = await Promise.all(
    Array.from({ length: 20 }, () => Deno.connect({ hostname, port })),
  );
  // The time limit is the server's alone: a loaded machine may take longer.
  const client = { hostname, port, secret, handshakeTimeout: 30_000 };
  assert.equal(await ask(await psk.connect(client), "hello"), "hello");
  const ends = silent.map((connection) => connection.read(new Uint8Array(1)).catch(() => null));
  assert.deepEqual(await Promise.all(ends), Array(20).fill(null));
  for (const connection of silent) connection.close();
  await refused.reach(20);
  assert.equal(refused.errors.length, 20);
  const failures = refused.errors.map((error) => error instanceof ChannelError && error.failure);
  assert.ok(failures.includes("timeout"));
});

Deno.test("more channels than allowed are refused", async () => {
  using listener = psk.listen({ hostname, port: 0, secret, maximumChannels: 2 });
  const { port } = listener.address;
  const channels = [
    await psk.connect({ hostname, port, secret }),
    await psk.connect({ hostname, port, secret }),
  ];
  await listener.accept();
  await listener.accept();
  await assert.rejects(psk.connect({ hostname, port, secret }), ChannelError);
  for (const channel of channels) channel.abort();
});

Deno.test("nobody listens, and a listener's port is taken", async () => {
  const listener = psk.listen({ hostname, port: 0, secret });
  const { port } = listener.address;
  assert.throws(() => psk.listen({ hostname, port, secret }), /cannot listen on 127/);
  listener.close();
  assert.equal(await listener.accept(), undefined);
  await assert.rejects(psk.connect({ hostname, port, secret }), { failure: "connection" });
});
