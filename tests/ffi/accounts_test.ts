import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { findGroup, findUser, monotonicMicroseconds, peerCredentials } from "../../ffi/mod.ts";

/** The fields of a line of /etc/passwd or /etc/group. */
function entry(file: string, name: string): string[] {
  const line = Deno.readTextFileSync(file).split("\n").find((text) => text.startsWith(`${name}:`));
  return line!.split(":");
}

Deno.test("users and groups have the numbers that this machine's files give them", () => {
  for (const name of ["root", "nobody", "daemon"]) {
    const [, , uid, gid] = entry("/etc/passwd", name);
    assert.deepEqual(findUser(name), { uid: Number(uid), gid: Number(gid) });
  }
  for (const name of ["root", "nogroup", "daemon"]) {
    assert.equal(findGroup(name), Number(entry("/etc/group", name)[2]));
  }
  assert.equal(findUser("no such user"), undefined);
  assert.equal(findGroup("no such group"), undefined);
});

Deno.test("a unix socket tells who is at its other end", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/socket`;
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer((socket) => {
    resolve((socket as unknown as { _handle: { fd: number } })._handle.fd);
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  const client = connect(path);
  try {
    assert.deepEqual(peerCredentials(await promise), { uid: Deno.uid(), gid: Deno.gid() });
  } finally {
    client.destroy();
    await new Promise<void>((closed) => server.close(() => closed()));
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the monotonic clock goes on", async () => {
  const before = monotonicMicroseconds();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(monotonicMicroseconds() >= before + 4000);
});
