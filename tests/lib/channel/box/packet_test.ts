/** The packet transport over loopback: answers, repeats, changes, floods, vouches. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { UdpSocket } from "../../../../ffi/udp.ts";
import { readPacketText, writePacketText } from "../../../../lib/channel/box/packet_format.ts";
import { Label, Nonce } from "../../../../lib/channel/box/nonces.ts";
import { selectSecretBox } from "../../../../lib/crypto/secret_box.ts";
import * as box from "../../../../lib/channel/box/mod.ts";
import vectors from "./vectors.json" with { type: "json" };

const hex = (text: string) => Uint8Array.fromHex(text);
const hostname = "127.0.0.1";
const keyPair = await box.importBoxKeyPair(hex(vectors.secrets.S));
const client = await box.importBoxKeyPair(hex(vectors.secrets.C));
const isClient = (key: Uint8Array) => key.toHex() === vectors.keys.C;

/** A server that answers each packet with the same data behind "re: ". */
function startServer(options: Partial<box.PacketServerOptions> = {}): box.PacketServer {
  const server = box.listenPackets({
    ...{ hostname, port: 0, vouchedOnly: false },
    identity: () => ({ keyPair, allows: isClient }),
    ...options,
  });
  server.readable.pipeThrough(
    new TransformStream<box.ServerPacket, box.ServerPacket>({
      transform: (packet, controller) => {
        const data = new Uint8Array([...new TextEncoder().encode("re: "), ...packet.data]);
        controller.enqueue({ ...packet, data });
      },
    }),
  ).pipeTo(server.writable).catch(() => {});
  return server;
}

/** Sends until an answer comes: UDP may lose packets, also on loopback. */
async function ask(
  channel: box.PacketChannel,
  reader: ReadableStreamDefaultReader<box.Packet>,
  text: string,
  flow = 1,
): Promise<box.Packet> {
  const writer = channel.writable.getWriter();
  const send = () =>
    void writer.write({ flow, data: new TextEncoder().encode(text) }).catch(() => {});
  send();
  const again = setInterval(send, 2000);
  try {
    for (;;) {
      const { value } = await reader.read();
      assert.ok(value);
      if (new TextDecoder().decode(value.data) === `re: ${text}`) return value;
    }
  } finally {
    clearInterval(again);
    writer.releaseLock();
  }
}

/** A socket that sends raw datagrams to a server and takes what comes back. */
class RawSender implements Disposable {
  readonly #socket = UdpSocket.bind({ hostname, port: 0 });
  readonly #to: Uint8Array<ArrayBuffer>;

  constructor({ address }: box.PacketServer) {
    this.#to = this.#socket.sockaddr(hostname, address.port);
  }

  async send(datagram: Uint8Array): Promise<void> {
    while (!this.#socket.sendTo(datagram, this.#to)) await pause();
  }

  async answer(): Promise<Uint8Array> {
    const buffer = new Uint8Array(2000);
    for (let tries = 0; tries < 30_000; tries++) {
      const received = this.#socket.receiveFrom(buffer);
      if (received) return buffer.slice(0, received.length);
      await pause();
    }
    throw new Error("no answer came");
  }

  get silent(): boolean {
    return this.#socket.receiveFrom(new Uint8Array(2000)) === undefined;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Resolves once the server has dealt with that many datagrams. */
async function dealtWith(server: box.PacketServer, count: number): Promise<void> {
  const { counters: c } = server;
  const done = () =>
    c.delivered + c.malformed + c.unopened + c.repeated + c.refused + c.overload + c.overrun;
  for (let tries = 0; done() < count; tries++) {
    if (tries > 30_000) throw new Error(`${done()} of ${count} datagrams were dealt with`);
    await pause();
  }
}

Deno.test("questions are answered, each in its flow", async () => {
  await using server = startServer();
  await using channel = await box.connectPackets({
    ...{ hostname, port: server.address.port, serverKey: keyPair.publicKey },
  });
  const reader = channel.readable.getReader();
  for (const flow of [0, 1, 0xffff_ffff]) {
    assert.equal((await ask(channel, reader, `question ${flow}`, flow)).flow, flow);
  }
  assert.equal(server.clients, 1);
});

Deno.test("packets of another implementation are taken, a repeated one once", async () => {
  await using server = startServer();
  using sender = new RawSender(server);
  await sender.send(hex(vectors.packets.client));
  const answer = await sender.answer();
  // counter | tag | kind, flow, "re: question"
  assert.equal(answer.length, 8 + 16 + 5 + 12);
  await sender.send(hex(vectors.packets.client));
  await dealtWith(server, 2);
  assert.equal(server.counters.repeated, 1);
  assert.equal(server.counters.delivered, 1);
});

Deno.test("every bit of a packet counts: nothing is delivered, answered or kept", async () => {
  await using server = startServer();
  using sender = new RawSender(server);
  const packet = hex(vectors.packets.client);
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const changed = packet.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    await sender.send(changed);
    await dealtWith(server, bit + 1);
  }
  assert.equal(server.counters.delivered, 0);
  assert.equal(server.counters.sent, 0);
  assert.equal(server.clients, 0);
  for (let length = 0; length < packet.length; length++) {
    await sender.send(packet.subarray(0, length));
  }
  await dealtWith(server, packet.length * 9);
  assert.equal(server.counters.delivered, 0);
  assert.ok(sender.silent);
});

Deno.test("a server that wants vouches serves none without, and none whose key it does not have", async () => {
  await using server = startServer({ vouchedOnly: true });
  const options = { hostname, port: server.address.port, serverKey: keyPair.publicKey };
  await using known = await box.connectPackets({ ...options, keyPair: client });
  const reader = known.readable.getReader();
  await ask(known, reader, "let me in");
  const delivered = server.counters.delivered;
  for (const stranger of [undefined, await box.importBoxKeyPair(hex(vectors.secrets.EC))]) {
    await using unknown = await box.connectPackets({ ...options, keyPair: stranger });
    const refused = server.counters.refused;
    const writer = unknown.writable.getWriter();
    while (server.counters.refused === refused) {
      await writer.write({ flow: 1, data: new Uint8Array(10) });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  assert.equal(server.counters.delivered, delivered);
  await ask(known, reader, "still there");
});

Deno.test("a credential of another implementation is taken", async () => {
  await using server = startServer({ vouchedOnly: true });
  using sender = new RawSender(server);
  await sender.send(hex(vectors.packets.vouched));
  await dealtWith(server, 1);
  assert.equal(server.counters.delivered, 1);
  assert.ok((await sender.answer()).length > 0);
});

Deno.test("a flood of fresh keys fills no more than the table, and who is known is served", async () => {
  const forgotten: string[] = [];
  await using server = startServer({
    maximumClients: 20,
    onForgotten: ({ name }) => void forgotten.push(name),
  });
  const options = { hostname, port: server.address.port, serverKey: keyPair.publicKey };
  await using known = await box.connectPackets(options);
  const reader = known.readable.getReader();
  await ask(known, reader, "one");
  await ask(known, reader, "two");
  // Real clients with one packet each, then keys that belong to nobody.
  for (let i = 0; i < 100; i++) {
    await using fresh = await box.connectPackets(options);
    await ask(fresh, fresh.readable.getReader(), "hello");
  }
  using sender = new RawSender(server);
  const garbage = new Uint8Array(200);
  for (let i = 0; i < 3000; i++) {
    await sender.send(crypto.getRandomValues(garbage));
    assert.ok(server.clients <= 40);
  }
  await ask(known, reader, "three");
  assert.ok(server.clients <= 40);
  assert.ok(forgotten.length >= 79);
});

Deno.test("a client that is silent is forgotten", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  await using server = startServer({
    idleTimeout: 50,
    onForgotten: ({ name }) => resolve(name),
  });
  using sender = new RawSender(server);
  await sender.send(hex(vectors.packets.client));
  assert.equal(await promise, vectors.keys.EC);
  assert.equal(server.clients, 0);
});

/** A packet of the vectors' client. */
function packetWithCounter(counter: number): Uint8Array {
  const text = new Uint8Array(20);
  const length = writePacketText(text, 7, undefined, Uint8Array.of(1, 2, 3));
  const sealed = new Uint8Array(length + 16);
  const nonce = new Nonce(Label.packetClient).at(counter);
  selectSecretBox("auto").seal(hex(vectors.shared), nonce, text.subarray(0, length), sealed);
  return Uint8Array.of(...hex(vectors.keys.EC), 0, 0, 0, 0, 0, 0, 0, counter, ...sealed);
}

Deno.test("answers go where the newest packet came from", async () => {
  await using server = startServer();
  using first = new RawSender(server);
  using second = new RawSender(server);
  await first.send(hex(vectors.packets.client));
  await first.answer();
  await second.send(hex(vectors.packets.vouched)); // the same client, its counter one higher
  await second.answer();
  // One that was overtaken, and a repeat, from the old place change nothing.
  await first.send(packetWithCounter(4));
  assert.ok((await second.answer()).length > 0);
  await first.send(hex(vectors.packets.client));
  await dealtWith(server, 4);
  assert.ok(first.silent);
});

Deno.test("a text is read as it was written, and anything else is refused or read in bounds", () => {
  const credential = fc.option(fc.uint8Array({ minLength: 120, maxLength: 120 }), {
    nil: undefined,
  });
  const property = fc.property(
    fc.nat(0xffff_ffff),
    credential,
    fc.uint8Array({ maxLength: 600 }),
    (flow, vouch, data) => {
      const text = new Uint8Array(1000);
      const length = writePacketText(text, flow, vouch, data);
      assert.deepEqual(readPacketText(text.subarray(0, length)), { flow, credential: vouch, data });
    },
  );
  fc.assert(property);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const text = readPacketText(bytes);
    if (text === undefined) return;
    const length = 5 + (text.credential?.length ?? 0) + text.data.length;
    assert.equal(length, bytes.length);
  }));
});
