/** The shared-secret channel: commands, another implementation, terminals, tunnels. */
import assert from "node:assert/strict";
import { debianPython } from "../../scripts/packages.ts";
import { type CommandResult, tryRun } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { ManagedProcess } from "../harness/process.ts";
import { vpnCommand } from "../harness/program.ts";
import { testWith } from "../harness/requirements.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

const path = (name: string) => new URL(name, import.meta.url).pathname;
const vpn = [...vpnCommand, "channel", "psk"];
const otherEnd = [debianPython, path("./channel/psk_peer.py")];
const terminal = [debianPython, path("../harness/on_terminal.py")];
const secret = "kept by both ends, 32 bytes long";
const timeoutMs = 60_000;

/** Standard input of a shell's command. */
function fed(command: readonly string[], input: string): string[] {
  return ["sh", "-c", `"$@" < "$0"`, input, ...command];
}

interface Files {
  readonly directory: string;
  readonly secretFile: string;
  /** A few hundred kB of random bytes, and as many others. */
  readonly mine: string;
  readonly theirs: string;
}

async function prepare(directory: string): Promise<Files> {
  const files = {
    directory,
    secretFile: `${directory}/secret`,
    mine: `${directory}/mine`,
    theirs: `${directory}/theirs`,
  };
  await Deno.writeTextFile(files.secretFile, `${secret}\n`, { mode: 0o600 });
  for (const file of [files.mine, files.theirs]) {
    const bytes = new Uint8Array(300_000);
    for (let i = 0; i < bytes.length; i += 60_000) {
      crypto.getRandomValues(bytes.subarray(i, i + 60_000));
    }
    await Deno.writeFile(file, bytes);
  }
  return files;
}

/** Starts a listener whose output goes to a file; its port. */
async function startListener(
  command: readonly string[],
  input: string,
  output: string,
): Promise<{ process: ManagedProcess; port: string }> {
  const process = ManagedProcess.spawn(
    ["sh", "-c", `out=$1; shift; exec "$@" < "$0" > "$out"`, input, output, ...command],
    { name: command[1] },
  );
  const [, port] = await process.waitForLine(/^listening on .*?(\d+)$/, { timeoutMs });
  return { process, port };
}

function assertSucceeded(result: CommandResult): void {
  assert.equal(result.code, 0, result.stderr);
}

await testWith("the pipe talks to another implementation, both ways at once", async () => {
  await using temporary = await TemporaryDirectory.create();
  const { secretFile, mine, theirs, directory } = await prepare(temporary.path);
  const came = `${directory}/came`;
  const gone = `${directory}/gone`;
  const sameBytes = async () => {
    assert.deepEqual(await Deno.readFile(came), await Deno.readFile(mine));
    assert.deepEqual(await Deno.readFile(gone), await Deno.readFile(theirs));
  };
  {
    const listening = [...vpn, "listen", "127.0.0.1:0", "--secret-file", secretFile];
    const { process, port } = await startListener(listening, theirs, came);
    await using _ = process;
    const client = [...otherEnd, "connect", port, "strict", secret];
    assertSucceeded(await tryRun(fed(["sh", "-c", `exec "$@" > "$0"`, gone, ...client], mine)));
    assert.equal((await process.ended).code, 0, process.output);
    await sameBytes();
  }
  {
    const listening = [...otherEnd, "listen", "0", "strict", secret];
    const { process, port } = await startListener(listening, theirs, came);
    await using _ = process;
    const client = [...vpn, "connect", `127.0.0.1:${port}`, "--crypto", "webcrypto"];
    const started = fed(["sh", "-c", `exec "$@" > "$0"`, gone, ...client], mine);
    assertSucceeded(await tryRun(started, { env: { VPN_SECRET: secret } }));
    assert.equal((await process.ended).code, 0, process.output);
    await sameBytes();
  }
}, ["cryptography"]);

await testWith(
  "the original program's chat, with another implementation in either role",
  async () => {
    await using temporary = await TemporaryDirectory.create();
    const { secretFile, directory } = await prepare(temporary.path);
    const lines = `${directory}/lines`;
    const answers = `${directory}/answers`;
    await Deno.writeTextFile(lines, "hello\n  a second line\n");
    const original = ["--dialect", "original", "--secret-file", secretFile];
    {
      // The other one ends it after its second line.
      const listening = [...otherEnd, "listen", "0", "original", secret];
      const { process, port } = await startListener(listening, lines, answers);
      await using _ = process;
      const steps = [
        ["expect", "empty line ends"],
        ["type", "one\n"],
        ["expect", "hello\r\n"],
        ["type", "two\n"],
        ["expect", "a second line\r\n"],
        ["type", "three\n"],
        ["expect", "the chat is over"],
      ];
      const client = [...vpn, "connect", `127.0.0.1:${port}`, ...original];
      const result = await tryRun([...terminal, JSON.stringify(steps), ...client]);
      assert.equal(result.code, 0, result.stdout);
      assert.equal((await process.ended).code, 0, process.output);
      assert.equal(await Deno.readTextFile(answers), "one\ntwo\nthree\n");
    }
    {
      // Standard input's end ends it, also where nobody types.
      const listening = [...vpn, "listen", "127.0.0.1:0", ...original];
      const { process, port } = await startListener(listening, "/dev/null", answers);
      await using _ = process;
      const client = [...otherEnd, "connect", port, "original", secret];
      const result = await tryRun(client, { input: "" });
      assertSucceeded(result);
      assert.equal((await process.ended).code, 0, process.output);
    }
  },
  ["cryptography"],
);

await testWith("two people chat; the secret is asked for and not shown", async () => {
  const onTerminal = (steps: string[][], args: string[]) => [
    ...terminal,
    JSON.stringify(steps),
    ...vpn,
    ...args,
  ];
  const login = [["expect", "Shared secret: "], ["type", `${secret}x\x7f\n`]];
  await using listener = ManagedProcess.spawn(
    [
      "stdbuf",
      "-oL",
      ...onTerminal([
        ...login,
        ["expect", "empty line ends"],
        ["expect", "hi there"],
        ["type", "hi yourself\n"],
        ["expect", "the chat is over"],
      ], ["listen", "127.0.0.1:0"]),
    ],
    { name: "listener" },
  );
  const port = await listeningPort(listener.pid);
  const client = onTerminal([
    ...login,
    ["expect", "empty line ends"],
    ["type", "hi there\n"],
    ["expect", "hi yourself"],
    ["type", "\n"],
    ["expect", "the chat is over"],
  ], ["connect", `127.0.0.1:${port}`]);
  const result = await tryRun(client);
  assert.equal(result.code, 0, result.stdout);
  assert.equal((await listener.ended).code, 0, listener.output);
  for (const output of [result.stdout, listener.output]) {
    assert.equal(output.includes(secret), false, output);
    assert.match(output, /hi yourself/);
  }
}, ["cryptography"]);

/** The TCP port that a child of this process listens on, once it does (proc_pid_net(5)). */
async function listeningPort(parent: number): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const children = await childrenOf(parent);
    for (const pid of children) {
      const port = await portOf(pid).catch(() => undefined);
      if (port !== undefined) return port;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("nobody listens");
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  const children = text.split(" ").filter((part) => part !== "").map(Number);
  return [pid, ...(await Promise.all(children.map(childrenOf))).flat()];
}

async function portOf(pid: number): Promise<number | undefined> {
  const inodes = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    const [, inode] = target.match(/^socket:\[(\d+)\]$/) ?? [];
    if (inode !== undefined) inodes.add(inode);
  }
  for (const line of (await Deno.readTextFile(`/proc/${pid}/net/tcp`)).split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === "0A" && inodes.has(fields[9])) return parseInt(fields[1].split(":")[1], 16);
  }
  return undefined;
}

await testWith(
  "wrong secrets, files that others can read, cut channels: exit code 1 and one line",
  async () => {
    await using temporary = await TemporaryDirectory.create();
    const { secretFile, directory, mine } = await prepare(temporary.path);
    const listening = [...vpn, "listen", "127.0.0.1:0", "--secret-file", secretFile];
    const { process, port } = await startListener(listening, "/dev/null", `${directory}/came`);
    await using _ = process;
    const connect = [...vpn, "connect", `127.0.0.1:${port}`];

    const wrong = await tryRun(connect, { env: { VPN_SECRET: "wrong" } });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^vpn: the server does not have our shared secret[^\n]*\n$/);
    await process.waitForLine(/is refused: /, { timeoutMs });

    await Deno.chmod(secretFile, 0o640);
    const open = await tryRun([...connect, "--secret-file", secretFile]);
    assert.equal(open.code, 1);
    assert.match(open.stderr, /is open to others \(mode 0640\): chmod 600/);
    await Deno.chmod(secretFile, 0o600);

    const nobody = await tryRun(["setsid", ...connect], { env: { VPN_SECRET: "" } });
    assert.match(nobody.stderr, /the shared secret is empty/);

    // The listener has not been used up by all this. Its client is killed with an input half sent.
    await using client = ManagedProcess.spawn(
      [
        "sh",
        "-c",
        `(cat "$0"; sleep 600) | exec "$@"`,
        mine,
        ...connect,
        "--secret-file",
        secretFile,
      ],
      { name: "client" },
    );
    await process.waitForLine(/^connected with/, { timeoutMs });
    const came = async () => (await Deno.stat(`${directory}/came`)).size;
    while (await came() < 300_000) await new Promise((resolve) => setTimeout(resolve, 50));
    for (const pid of await childrenOf(client.pid)) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It ended with its parent.
      }
    }
    assert.equal((await process.ended).code, 1);
    assert.match(process.output, /the connection ended before the peer closed the channel/);
  },
  ["cryptography"],
);

await testWith(
  "--tun carries IPv4 and IPv6 between two hosts, and comes back after a restart",
  async () => {
    await using temporary = await TemporaryDirectory.create();
    const { secretFile } = await prepare(temporary.path);
    await using network = await Network.create("psk-tun");
    const [server, client] = network.hosts;
    const tun = (last: number) => ["--tun", `10.9.0.${last}/24`, "--tun", `fd09::${last}/64`];
    const listen = [
      ...vpn,
      ...["listen", `${server.address}:32694`, "--secret-file", secretFile],
      ...tun(1),
    ];
    const connect = [...vpn, "connect", server.address, "--secret-file", secretFile, ...tun(2)];
    const done = /Initialization Sequence Completed/;
    await using first = server.namespace.spawn(listen, { name: "listener" });
    await first.waitForLine(/listening on/, { timeoutMs });
    await using other = client.namespace.spawn(connect, { name: "client" });
    await other.waitForLine(done, { timeoutMs });
    await first.waitForLine(done, { timeoutMs });
    await pingSizes(client.namespace, "10.9.0.1", [0, 1, 1000, 1472, 20_000]);
    await pingSizes(server.namespace, "fd09::2", [0, 1, 1000, 1452, 20_000]);
    await transfer(client.namespace, server.namespace, "10.9.0.1", 8_000_000);

    assert.equal((await first.stop()).code, 0, first.output);
    await other.waitForLine(/connecting again/, { timeoutMs });
    const before = other.lineCount;
    await using second = server.namespace.spawn(listen, { name: "second listener" });
    await other.waitForLine(done, { timeoutMs, after: before });
    await second.waitForLine(done, { timeoutMs });
    await pingSizes(client.namespace, "fd09::1", [1000], 10);
    assert.equal((await other.stop()).code, 0, other.output);
    assert.deepEqual(
      (await client.namespace.devices()).filter((name) => name.startsWith("tun")),
      [],
    );
  },
  ["root", "tun", "netns", "ip", "ping"],
);
