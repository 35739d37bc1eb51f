import assert from "node:assert/strict";
import fc from "fast-check";
import { ControlClient } from "../../../../lib/app/control_socket/control_client.ts";
import { ControlSocket } from "../../../../lib/app/control_socket/control_socket.ts";
import { LineCutter, parseRequest } from "../../../../lib/app/control_socket/protocol.ts";
import { serverReport } from "../../../../lib/app/control_socket/server_report.ts";
import type { Tunnel } from "../../../../lib/app/tunnel.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { countedServer } from "../metrics/figures.ts";

const quiet = openLog(0, () => {});

/** A server with clients of these names; `killed` has the numbers of those that were ended. */
function server(...names: string[]): { tunnel: Tunnel; killed: number[] } {
  const killed: number[] = [];
  const { figures } = countedServer();
  const clients = names.map((commonName, clientId) => ({
    ...{ commonName, clientId, peerId: clientId, realAddress: "192.0.2.1:5000" },
    ...{ bytesReceived: 1, bytesSent: 2, connectedSince: 3, cipher: "AES-256-GCM" },
  }));
  const tunnel = {
    report: () => serverReport({ time: Date.now(), clients, routes: [] }, figures()),
    server: {
      killClient: (id: number, message: string) => {
        assert.equal(message, "HALT");
        killed.push(id);
        return true;
      },
    },
    // Only what the socket asks.
  } as unknown as Tunnel;
  return { tunnel, killed };
}

async function opened(directory: TemporaryDirectory, tunnel?: Tunnel): Promise<ControlSocket> {
  const socket = await ControlSocket.open(`${directory.path}/control.sock`, quiet);
  socket.tunnel = tunnel;
  return socket;
}

Deno.test("a report and a kick, over one connection; only the server's user may", async () => {
  await using directory = await TemporaryDirectory.create();
  const { tunnel, killed } = server("alice", "bob", "alice");
  await using socket = await opened(directory, tunnel);
  assert.equal((await Deno.stat(socket.path)).mode! & 0o777, 0o600);
  using client = await ControlClient.connect(socket.path);
  const report = await client.report();
  assert.deepEqual(report.clients.map(({ commonName }) => commonName), ["alice", "bob", "alice"]);
  assert.deepEqual(report.drops, { "not-authentic": 7 });
  assert.equal(report.handshakes["tls-error"], 1);
  assert.equal(report.received, 1000);
  assert.equal(await client.kick("alice"), 2);
  assert.deepEqual(killed, [0, 2]);
  assert.equal(await client.kick("carol"), 0);
  assert.deepEqual(killed, [0, 2]);
});

Deno.test("a server that only starts says so", async () => {
  await using directory = await TemporaryDirectory.create();
  await using socket = await opened(directory);
  using client = await ControlClient.connect(socket.path);
  await assert.rejects(client.report(), /the server is starting/);
});

Deno.test("what a killed server left is replaced, a running one's is not, nor another file", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/control.sock`;
  // Deno takes the file away when it closes a listener: a second name of it stays.
  const listener = Deno.listen({ transport: "unix", path });
  await Deno.link(path, `${path}.left`);
  listener.close();
  await Deno.rename(`${path}.left`, path);
  assert.ok((await Deno.lstat(path)).isSocket);
  {
    await using _socket = await opened(directory);
    await assert.rejects(ControlSocket.open(path, quiet), /another server listens there/);
    using _client = await ControlClient.connect(path);
  }
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
  await assert.rejects(ControlClient.connect(path), /no server answers/);
  await Deno.writeTextFile(path, "mine");
  await assert.rejects(ControlSocket.open(path, quiet), /another file of that name/);
  assert.equal(await Deno.readTextFile(path), "mine");
});

/** What comes back for those octets; undefined: the connection was closed. */
async function sent(path: string, ...pieces: string[]): Promise<string | undefined> {
  using connection = await Deno.connect({ transport: "unix", path });
  try {
    for (const piece of pieces) await connection.write(new TextEncoder().encode(piece));
  } catch {
    return undefined; // Closed before all was sent.
  }
  const buffer = new Uint8Array(65_536);
  const count = await connection.read(buffer).catch(() => null);
  return count === null ? undefined : new TextDecoder().decode(buffer.subarray(0, count));
}

Deno.test("requests that are none get an error, too long ones end their connection", async () => {
  await using directory = await TemporaryDirectory.create();
  const { tunnel, killed } = server("alice");
  await using socket = await opened(directory, tunnel);
  const { path } = socket;
  for (const wrong of ["\n", "{}\n", "null\n", '{"command":"stop"}\n', '{"command":"kick"}\n']) {
    assert.match((await sent(path, wrong))!, /^\{"error":/);
  }
  assert.match((await sent(path, '{"command":', '"status"}\n'))!, /^\{"report":/);
  assert.equal(await sent(path, "x".repeat(5000)), undefined);
  assert.equal(await sent(path, `{"command":"kick","name":"${"a".repeat(5000)}"}\n`), undefined);
  assert.deepEqual(killed, []);
});

Deno.test("there are never more connections than a bound, and room comes back", async () => {
  await using directory = await TemporaryDirectory.create();
  await using socket = await opened(directory, server("alice").tunnel);
  const clients: ControlClient[] = [];
  for (let i = 0; i < 16; i++) {
    const client = await ControlClient.connect(socket.path);
    await client.report();
    clients.push(client);
  }
  {
    using beyond = await ControlClient.connect(socket.path);
    await assert.rejects(beyond.report());
  }
  for (const client of clients) client[Symbol.dispose]();
  for (let tries = 0;; tries++) {
    using again = await ControlClient.connect(socket.path);
    if (await again.report().then(() => true, () => false)) break;
    assert.ok(tries < 1000);
  }
});

Deno.test("lines are the same however their octets come", () => {
  const line = fc.string({ maxLength: 30, unit: "grapheme" })
    .map((text) => text.replaceAll("\n", " "));
  fc.assert(fc.property(fc.array(line), fc.array(fc.nat(20)), (lines, cuts) => {
    const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(""));
    const cutter = new LineCutter(1000);
    const found: string[] = [];
    let start = 0;
    for (const cut of cuts) {
      found.push(...cutter.take(bytes.slice(start, start + cut)));
      start = Math.min(bytes.length, start + cut);
    }
    found.push(...cutter.take(bytes.slice(start)));
    // What is no text becomes U+FFFD, as everywhere.
    const texts = lines.map((text) => new TextDecoder().decode(new TextEncoder().encode(text)));
    assert.deepEqual(found, texts);
  }));
  assert.throws(() => new LineCutter(3).take(new TextEncoder().encode("abcd")), RangeError);
});

Deno.test("no request throws", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    const request = parseRequest(text);
    assert.ok(typeof request === "string" || ["status", "kick"].includes(request.command));
  }));
});
