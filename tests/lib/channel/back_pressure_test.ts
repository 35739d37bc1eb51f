/** A reader that takes nothing holds its peer back over TCP, in both protocols. */
import assert from "node:assert/strict";
import type { Channel } from "../../../lib/channel/connection/channel.ts";
import * as box from "../../../lib/channel/box/mod.ts";
import * as psk from "../../../lib/channel/psk/mod.ts";

const hostname = "127.0.0.1";

/** What is sent in all, in bytes. */
const total = 150_000_000;

/** More than the kernel's buffers hold of one connection, in bytes (tcp_rmem, tcp_wmem). */
const buffered = 75_000_000;

async function pskPair(): Promise<[Channel, Channel]> {
  const secret = "slow";
  using listener = psk.listen({ hostname, port: 0, secret });
  const accepted = listener.accept();
  const client = await psk.connect({ hostname, port: listener.address.port, secret });
  const server = await accepted;
  assert.ok(server);
  return [client, server];
}

async function boxPair(): Promise<[Channel, Channel]> {
  const keyPair = await box.importBoxKeyPair(box.generateBoxSecretKey());
  const identity = () => ({ keyPair, allows: () => true });
  using listener = box.listen({ hostname, port: 0, identity });
  const accepted = listener.accept();
  const { port } = listener.address;
  const client = await box.connect({ hostname, port, serverKey: keyPair.publicKey });
  const server = await accepted;
  assert.ok(server);
  return [client, server];
}

for (const [name, open] of [["psk", pskPair], ["box", boxPair]] as const) {
  Deno.test(`${name}: a reader that takes nothing holds the writer back, and all comes in the end`, async () => {
    const [client, server] = await open();
    let written = 0;
    const writing = (async () => {
      const writer = client.writable.getWriter();
      const chunk = new Uint8Array(65_536);
      for (; written < total; written += chunk.length) await writer.write(chunk);
      await writer.close();
    })();
    const answering = server.writable.close();
    // Until nothing more goes: a machine that is too slow for that shows less, not something else.
    for (let before = -1; before !== written;) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.ok(written < buffered, `${written} bytes were taken`);
    let received = 0;
    for await (const chunk of server.readable) received += chunk.length;
    await writing;
    await answering;
    assert.equal(received, written);
    assert.equal((await client.readable.getReader().read()).done, true);
    await Promise.all([client.closed, server.closed]);
  });
}
