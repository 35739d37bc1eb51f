/** The box channel: forwarders in front of real services, another implementation, floods, tunnels. */
import assert from "node:assert/strict";
import { debianPython } from "../../scripts/packages.ts";
import { type CommandResult, run, tryRun } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { NetworkNamespace } from "../harness/namespace.ts";
import { Network } from "../harness/network.ts";
import { ManagedProcess } from "../harness/process.ts";
import { vpnCommand } from "../harness/program.ts";
import { testWith } from "../harness/requirements.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

const path = (name: string) => new URL(name, import.meta.url).pathname;
const box = [...vpnCommand, "channel", "box"];
const otherEnd = [debianPython, path("./channel/box_peer.py")];
const timeoutMs = 60_000;
const local = "127.0.0.1";

/** Packets of the flood; BOX_FLOOD=1000000 for the whole of it. */
const floodCount = Number(Deno.env.get("BOX_FLOOD") ?? 100_000);

/** Queries by dig. */
const queryCount = 10_000;

interface Keys {
  readonly directory: string;
  readonly server: string;
  readonly client: string;
  /** A client that is not in the list. */
  readonly stranger: string;
  readonly list: string;
  readonly publicKey: (file: string) => Promise<string>;
  readonly secretKey: (file: string) => Promise<string>;
}

async function makeKeys(directory: string): Promise<Keys> {
  const keys = {
    directory,
    server: `${directory}/server.key`,
    client: `${directory}/client.key`,
    stranger: `${directory}/stranger.key`,
    list: `${directory}/clients`,
    publicKey: async (file: string) => (await Deno.readTextFile(`${file}.pub`)).trim(),
    secretKey: async (file: string) => (await Deno.readTextFile(file)).trim(),
  };
  for (const file of [keys.server, keys.client, keys.stranger]) {
    const printed = await run([...box, "keygen", file]);
    assert.equal(printed.trim(), await keys.publicKey(file));
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  }
  await Deno.writeTextFile(
    keys.list,
    `# who may come\n\n${await keys.publicKey(keys.client)} the client\n`,
    { mode: 0o644 },
  );
  return keys;
}

const listening = /listening on (?:\w+:\/\/)?.*?:(\d+)$/;

/** The port that a program of ours says it listens on. */
async function portOf(process: ManagedProcess): Promise<string> {
  return (await process.waitForLine(listening, { timeoutMs }))[1];
}

function assertSucceeded(result: CommandResult): void {
  assert.equal(result.code, 0, result.stderr);
}

/** A file of random bytes. */
async function randomFile(file: string, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 60_000) crypto.getRandomValues(bytes.subarray(i, i + 60_000));
  await Deno.writeFile(file, bytes);
  return bytes;
}

/** A TCP service in the test's own process that sends back what comes, until its end. */
class EchoService implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: local, port: 0 });
  readonly #running = this.#run();

  get port(): number {
    return this.#listener.addr.port;
  }

  async #run(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      serving.push(connection.readable.pipeTo(connection.writable).catch(() => {}));
    }
    await Promise.all(serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#running;
  }
}

await testWith(
  "TCP is forwarded, for our client and another implementation; a reload takes keys in",
  async () => {
    await using temporary = await TemporaryDirectory.create();
    const keys = await makeKeys(temporary.path);
    const service = new EchoService();
    await using server = ManagedProcess.spawn([
      ...[...box, "serve", "--key", keys.server, "--listen", `${local}:0`],
      ...["--authorized-clients", keys.list, "--upstream", `tcp://${local}:${service.port}`, "-v"],
    ], { name: "server" });
    const port = await portOf(server);
    const serverKey = await keys.publicKey(keys.server);

    const forwardOf = (key: string) => [
      ...[...box, "forward", "--listen", `tcp://${local}:0`, "--to", `${local}:${port}`],
      ...["--server-key", serverKey, "--key", key],
    ];
    await using forward = ManagedProcess.spawn(forwardOf(keys.client), { name: "forward" });
    const local1 = Number(await portOf(forward));
    // Many at once, each with its own bytes.
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      using connection = await Deno.connect({ hostname: local, port: local1 });
      const bytes = new Uint8Array(200_000).map((_, j) => i + j);
      const writing = (async () => {
        for (let sent = 0; sent < bytes.length;) {
          sent += await connection.write(bytes.subarray(sent));
        }
        await connection.closeWrite();
      })();
      const received = new Uint8Array(bytes.length + 1);
      let length = 0;
      for (;;) {
        const more = await connection.read(received.subarray(length));
        if (more === null) break;
        length += more;
      }
      await writing;
      assert.deepEqual(received.subarray(0, length), bytes);
    }));

    // Another implementation.
    const input = `${temporary.path}/input`;
    const output = `${temporary.path}/output`;
    const bytes = await randomFile(input, 300_000);
    const script = `"$@" < "${input}" > "${output}"`;
    const peer = [...otherEnd, "stream", port, serverKey];
    const good = [...peer, await keys.secretKey(keys.client)];
    assertSucceeded(await tryRun(["sh", "-c", script, "sh", ...good]));
    assert.deepEqual(await Deno.readFile(output), bytes);
    const bad = [...peer, await keys.secretKey(keys.stranger)];
    assert.notEqual((await tryRun(["sh", "-c", script, "sh", ...bad])).code, 0);
    await server.waitForLine(/the client's key .* is not allowed/, { timeoutMs });

    // A connection that is open stays, whatever the list says from now on.
    using open = await Deno.connect({ hostname: local, port: local1 });
    const echoed = async (text: string) => {
      await open.write(new TextEncoder().encode(text));
      const buffer = new Uint8Array(100);
      const length = await open.read(buffer);
      return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
    };
    assert.equal(await echoed("before"), "before");
    await Deno.writeTextFile(keys.list, `${await keys.publicKey(keys.stranger)}\n`);
    let mark = server.lineCount;
    server.signal("SIGHUP");
    await server.waitForLine(/keys are read again/, { timeoutMs, after: mark });
    assert.equal(await echoed("after"), "after");
    assertSucceeded(await tryRun(["sh", "-c", script, "sh", ...bad]));
    assert.notEqual((await tryRun(["sh", "-c", script, "sh", ...good])).code, 0);
    // A list that is wrong changes nothing.
    await Deno.writeTextFile(keys.list, "no key\n");
    mark = server.lineCount;
    server.signal("SIGHUP");
    await server.waitForLine(/the old keys stay: .*clients:1: .* is no public key/, {
      timeoutMs,
      after: mark,
    });
    assertSucceeded(await tryRun(["sh", "-c", script, "sh", ...bad]));

    open.close();
    assert.equal((await forward.stop()).code, 0, forward.output);
    assert.equal((await server.stop()).code, 0, server.output);
    await service[Symbol.asyncDispose]();
  },
  ["nacl"],
);

await testWith(
  "a pipe, its end carried over; wrong keys, open files: exit code 1 and one line",
  async () => {
    await using temporary = await TemporaryDirectory.create();
    const keys = await makeKeys(temporary.path);
    const mine = `${temporary.path}/mine`;
    const came = `${temporary.path}/came`;
    const bytes = await randomFile(mine, 300_000);
    await using server = ManagedProcess.spawn([
      ...["sh", "-c", `exec "$@" > "$0" < "${mine}"`, came],
      ...[...box, "serve", "--key", keys.server, "--listen", `${local}:0`],
      ...["--authorized-clients", keys.list],
    ], { name: "server" });
    const endpoint = `${local}:${await portOf(server)}`;
    const connect = [...box, "connect", endpoint, "--server-key"];
    const wrongServer = await tryRun([...connect, `${keys.stranger}.pub`, "--key", keys.client]);
    assert.equal(wrongServer.code, 1);
    assert.match(wrongServer.stderr, /^vpn: the connection (ended before Cookie|failed)[^\n]*\n$/);
    const wrongClient = await tryRun([...connect, `${keys.server}.pub`, "--key", keys.stranger]);
    assert.equal(wrongClient.code, 1);
    const nobody = await tryRun([...connect, `${keys.server}.pub`]);
    assert.equal(nobody.code, 1);
    await Deno.chmod(keys.client, 0o644);
    const open = await tryRun([...connect, `${keys.server}.pub`, "--key", keys.client]);
    assert.match(open.stderr, /is open to others \(mode 0644\): chmod 600/);
    await Deno.chmod(keys.client, 0o600);

    const out = `${temporary.path}/out`;
    const good = [...connect, `${keys.server}.pub`, "--key", keys.client];
    const result = await tryRun(["sh", "-c", `exec "$@" < "${mine}" > "$0"`, out, ...good]);
    assertSucceeded(result);
    assert.equal((await server.ended).code, 0, server.output);
    assert.deepEqual(await Deno.readFile(came), bytes);
    assert.deepEqual(await Deno.readFile(out), bytes);

    const again = await tryRun([...box, "keygen", keys.client]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is there already/);
    const unsaid = await tryRun([...box, "serve", "--key", keys.server, "--listen", `${local}:0`]);
    assert.equal(unsaid.code, 1);
    assert.match(unsaid.stderr, /--authorized-clients FILE, or --any-client/);
  },
  ["nacl"],
);

/** Memory that a process holds, in bytes (proc_pid_status(5), VmRSS). */
async function residentBytes({ pid }: ManagedProcess): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(status.match(/VmRSS:\s+(\d+) kB/)?.[1]) * 1024;
}

await testWith(
  "dig asks a resolver through packets: 10,000 queries, then a flood of fresh keys",
  async () => {
    await using temporary = await TemporaryDirectory.create();
    const keys = await makeKeys(temporary.path);
    await using host = await NetworkNamespace.create("box-dns");
    await using resolver = host.spawn([
      ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"],
      ...["--port=5353", `--listen-address=${local}`, "--bind-interfaces", "--log-facility=-"],
      ...["--address=/example.test/192.0.2.7", "--user=root", "--pid-file="],
    ]);
    await resolver.waitForLine(/started/, { timeoutMs });
    await using server = host.spawn([
      ...[...box, "serve", "--key", keys.server, "--listen", `${local}:4433`, "--any-client"],
      ...["--upstream", `udp://${local}:5353`],
    ], { name: "server" });
    await portOf(server);
    await using forward = host.spawn([
      ...[...box, "forward", "--listen", `udp://${local}:5300`, "--to", `${local}:4433`],
      ...["--server-key", `${keys.server}.pub`],
    ], { name: "forward" });
    await portOf(forward);

    const names = `${temporary.path}/names`;
    const dig = (...patience: string[]) => [
      ...["dig", "+short", ...patience, `@${local}`, "-p", "5300", "-f", names],
    ];
    // What a flood of datagrams pushes out of a socket's buffer is asked again.
    const stubborn = dig("+tries=30", "+timeout=2");
    const answersOf = (output: string) => output.match(/^192\.0\.2\.7$/gm)?.length ?? 0;
    const writeNames = (word: string, count: number) =>
      Deno.writeTextFile(
        names,
        Array.from({ length: count }, (_, i) => `${word}${i}.example.test\n`).join(""),
      );
    await writeNames("query", queryCount);
    const answers = await host.exec(dig("+tries=1", "+timeout=30"), { timeoutMs: 300_000 });
    assert.equal(answers, "192.0.2.7\n".repeat(queryCount));

    // Garbage and real boxes of fresh keys, and dig in the middle of them.
    const publicKey = await keys.publicKey(keys.server);
    const half = String(Math.ceil(floodCount / 2));
    const flood = [...otherEnd, "flood", "4433", publicKey, half];
    await host.exec(flood, { timeoutMs: 600_000 });
    const before = await residentBytes(server);
    await writeNames("flooded", 50);
    await using second = host.spawn(flood, { name: "flood" });
    assert.equal(answersOf(await host.exec(stubborn, { timeoutMs: 300_000 })), 50);
    await second.waitForLine(/packets sent/, { timeoutMs: 600_000 });
    const growth = await residentBytes(server) - before;
    // The tables are full after the first half: what kept 3 kB of each packet would show.
    assert.ok(growth < 150e6, `grew by ${growth} bytes in the second half`);

    server.signal("SIGUSR2");
    const [, clients] = await server.waitForLine(/clients: (\d+)$/, { timeoutMs });
    assert.ok(Number(clients) <= 2 * 4096);
    await writeNames("afterwards", 20);
    assert.equal(answersOf(await host.exec(stubborn, { timeoutMs: 300_000 })), 20);
    assert.equal((await server.stop()).code, 0, server.output);
  },
  ["root", "netns", "ip", "nacl", "dig", "dnsmasq"],
);

await testWith("packets of another implementation are answered when it vouches", async () => {
  await using temporary = await TemporaryDirectory.create();
  const keys = await makeKeys(temporary.path);
  const echo = Deno.listen({ hostname: local, port: 0 });
  const { port: upstream } = echo.addr;
  echo.close();
  const script = `
    import { createSocket } from "node:dgram";
    const socket = createSocket("udp4");
    socket.on("message", (message, from) => socket.send(message, from.port, from.address));
    socket.bind(${upstream}, "${local}", () => console.log("ready"));`;
  await using service = ManagedProcess.spawn(
    [Deno.execPath(), "eval", "--no-config", script],
    { name: "service" },
  );
  await service.waitForLine(/^ready$/, { timeoutMs });
  await using server = ManagedProcess.spawn([
    ...[...box, "serve", "--key", keys.server, "--listen", `${local}:0`],
    ...["--authorized-clients", keys.list, "--upstream", `udp://${local}:${upstream}`],
  ], { name: "server" });
  const ask = [...otherEnd, "ask", await portOf(server), await keys.publicKey(keys.server)];
  const lines = "one\ntwo\nthree\n";
  const known = await tryRun([...ask, await keys.secretKey(keys.client)], { input: lines });
  assertSucceeded(known);
  assert.equal(known.stdout, lines);
  server.signal("SIGUSR2");
  await server.waitForLine(/sent: [3-9]/, { timeoutMs });
}, ["nacl"]);

await testWith("--tun carries IPv4 and IPv6 between two hosts", async () => {
  await using temporary = await TemporaryDirectory.create();
  const keys = await makeKeys(temporary.path);
  await using network = await Network.create("box-tun");
  const [server, client] = network.hosts;
  const tun = (last: number) => ["--tun", `10.9.0.${last}/24`, "--tun", `fd09::${last}/64`];
  const serving = server.namespace.spawn([
    ...[...box, "serve", "--key", keys.server, "--listen", `${server.address}:4433`],
    ...["--authorized-clients", keys.list, ...tun(1)],
  ], { name: "server" });
  await serving.waitForLine(/listening on/, { timeoutMs });
  await using connected = client.namespace.spawn([
    ...[...box, "connect", `${server.address}:4433`, "--server-key", `${keys.server}.pub`],
    ...["--key", keys.client, ...tun(2), "--mtu", "1400"],
  ], { name: "client" });
  const done = /Initialization Sequence Completed/;
  await connected.waitForLine(done, { timeoutMs });
  await serving.waitForLine(done, { timeoutMs });
  await pingSizes(client.namespace, "10.9.0.1", [0, 1, 1000, 1372, 20_000]);
  await pingSizes(server.namespace, "fd09::2", [0, 1, 1000, 20_000]);
  await transfer(client.namespace, server.namespace, "10.9.0.1", 8_000_000);
  assert.equal((await connected.stop()).code, 0, connected.output);
  await serving.waitForLine(/ended by the peer/, { timeoutMs });
  assert.equal((await serving.stop()).code, 0, serving.output);
}, ["root", "tun", "netns", "ip", "ping", "nacl"]);
