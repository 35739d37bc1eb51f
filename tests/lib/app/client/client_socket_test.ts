import assert from "node:assert/strict";
import { effectiveUserId, encodeSockaddr, TcpListener } from "deno-tun";
import { ClientSocket } from "../../../../lib/app/client/client_socket.ts";
import { defaultSocketBuffer } from "../../../../lib/app/sockets.ts";
import { openServerSocket } from "../../../../lib/app/server/server_socket.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { getOption } from "../../../../ffi/socket_options.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { run } from "../../../harness/command.ts";
import type { DataPlane, DataPlaneCommand } from "../../../../lib/loop/data_plane.ts";
import { client, server } from "../../config/profile.ts";
import { ip } from "../../net/machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

/** The socket of a client with these lines; its server is on this machine. */
function open(...lines: string[]): ClientSocket {
  return openSocket(lines, []);
}

function openSocket(lines: readonly string[], commands: DataPlaneCommand[]): ClientSocket {
  const config = client("remote 127.0.0.1 4711", ...lines);
  const connection = config.connections.at(-1)!;
  return new ClientSocket({
    connection,
    socket: config.socket,
    number: 1,
    address: encodeSockaddr("127.0.0.1", 4711),
    command: (command) => void commands.push(command),
  });
}

/** What `ss` says of the sockets: their memory, mark and device too. */
function sockets(kind: "udp" | "tcp"): Promise<string> {
  return run(["ss", "-name", `--${kind}`]);
}

/** Receive and send buffer as the kernel has them: twice what it was told (socket(7)). */
async function buffers(kind: "udp" | "tcp"): Promise<[number, number]> {
  const match = /skmem:\(r\d+,rb(\d+),t\d+,tb(\d+)/.exec(await sockets(kind))!;
  return [Number(match[1]) / 2, Number(match[2]) / 2];
}

async function systemDefaults(): Promise<[number, number]> {
  const read = async (name: string) =>
    Number(await Deno.readTextFile(`/proc/sys/net/core/${name}_default`)) / 2;
  return [await read("rmem"), await read("wmem")];
}

await isolatedTest(import.meta.url, "options of the socket: buffers", async () => {
  await ip("link set lo up");
  const usual = open();
  assert.deepEqual(await buffers("udp"), [defaultSocketBuffer, defaultSocketBuffer]);
  usual.close();
  const own = open("rcvbuf 300000", "sndbuf 200000");
  assert.deepEqual(await buffers("udp"), [300_000, 200_000]);
  // As the server pushes them: one that it leaves out stays, and there is a bound.
  own.resizeBuffers({ receiveBuffer: 400_000 });
  assert.deepEqual(await buffers("udp"), [400_000, 200_000]);
  own.resizeBuffers({ sendBuffer: 1 << 30 });
  assert.deepEqual(await buffers("udp"), [400_000, 16 << 20]);
  own.close();
  const system = open("rcvbuf 0", "sndbuf 0");
  assert.deepEqual(await buffers("udp"), await systemDefaults());
  system.close();
});

await isolatedTest(import.meta.url, "options of the socket: where it is bound", async () => {
  await ip("link set lo up");
  for (
    const [line, sign] of [
      ["mark 17", /fwmark:0x11\b/],
      ["bind-dev lo", /0\.0\.0\.0%lo:/],
      ["local 127.0.0.5", /\s127\.0\.0\.5:1194\s/],
      ["lport 1300", /\s0\.0\.0\.0:1300\s/],
      ["bind", /\s0\.0\.0\.0:1194\s/],
    ] as const
  ) {
    const socket = open(line);
    assert.match(await sockets("udp"), sign, line);
    socket.close();
    const plain = open();
    assert.doesNotMatch(await sockets("udp"), sign, `without ${line}`);
    plain.close();
  }
});

await isolatedTest(import.meta.url, "mtu-disc, at either end", async () => {
  await ip("link set lo up");
  // ip(7), linux/in.h; ipv6(7), linux/in6.h: level, option.
  const families = [[0, 10], [41, 23]] as const;
  const modes = (fd: number) => families.map(([level, option]) => getOption(fd, level, option));
  const listener = TcpListener.bind({ hostname: "127.0.0.1", port: 4711 });
  const fdOf = (commands: readonly DataPlaneCommand[]) =>
    commands.flatMap((command) => "fd" in command ? [command.fd] : [])[0];
  for (const proto of ["udp", "tcp"]) {
    // IP_PMTUDISC_DONT, _WANT, _DO
    for (const [word, mode] of [["no", 0], ["maybe", 1], ["yes", 2]] as const) {
      const lines = [`proto ${proto}`, `mtu-disc ${word}`];
      const own: DataPlaneCommand[] = [];
      const socket = openSocket(lines, own);
      assert.equal(modes(fdOf(own))[0], mode, `client, ${lines}`);
      socket.close();
      const config = server(...lines.slice(1), `proto ${proto === "tcp" ? "tcp-server" : proto}`);
      const listening = openServerSocket(config.listen[0], 1, config, openLog(0));
      const theirs: DataPlaneCommand[] = [];
      listening.attach({ command: (command) => void theirs.push(command) } as DataPlane);
      assert.deepEqual(modes(fdOf(theirs)), [mode, mode], `server, ${lines}`);
      listening.close();
    }
  }
  listener.close();
});

await isolatedTest(import.meta.url, "a TCP connection has them too", async () => {
  await ip("link set lo up");
  const listener = TcpListener.bind({ hostname: "127.0.0.1", port: 4711 });
  const socket = open("proto tcp", "rcvbuf 300000", "mark 17", "bind-dev lo", "lport 1300");
  const connection = (await sockets("tcp")).split(/\n(?=\S)/).find((one) =>
    /127\.0\.0\.1(%lo)?:1300\s+127\.0\.0\.1:4711/.test(one)
  )!;
  assert.match(connection, /rb600000,/);
  assert.match(connection, /fwmark:0x11\b/);
  socket.close();
  listener.close();
});
