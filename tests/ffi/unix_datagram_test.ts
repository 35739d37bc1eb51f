import assert from "node:assert/strict";
import { SysError, UnixDatagram } from "../../ffi/mod.ts";
import { DatagramReceiver } from "../harness/datagram_receiver.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("datagrams arrive at a path, whoever restarts there", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/socket`;
    using socket = UnixDatagram.open(path);
    assert.equal(socket.send(bytes("nobody")), false);
    {
      using receiver = new DatagramReceiver(path);
      assert.ok(socket.send(bytes("first")));
      assert.ok(socket.send(bytes("second")));
      assert.deepEqual(receiver.poll(), ["first", "second"]);
    }
    assert.equal(socket.send(bytes("nobody again")), false);
    await Deno.remove(path);
    using receiver = new DatagramReceiver(path);
    assert.ok(socket.send(bytes("third")));
    assert.deepEqual(receiver.poll(), ["third"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("datagrams arrive in the abstract namespace", () => {
  const name = `@vpn-test-${crypto.randomUUID()}`;
  using receiver = new DatagramReceiver(name);
  using socket = UnixDatagram.open(name);
  assert.ok(socket.send(bytes("text")));
  assert.deepEqual(receiver.poll(), ["text"]);
});

Deno.test("a path that doesn't fit is refused", () => {
  assert.throws(() => UnixDatagram.open("/" + "x".repeat(107)), SysError);
  assert.throws(() => UnixDatagram.open(""), SysError);
});
