import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { openLog } from "../../../lib/base/log.ts";
import { type EndpointOptions, ManagementEndpoint } from "../../../lib/management/endpoint.ts";
import { eventually } from "../../harness/eventually.ts";
import { Fixture } from "./fixture.ts";

const log = openLog(0, () => {});

/** A client that keeps what it is sent. */
class Client {
  text = "";
  ended = false;
  readonly socket: Socket;

  constructor(where: string | number) {
    this.socket = typeof where === "string" ? connect(where) : connect(where, "127.0.0.1");
    this.socket.on("data", (bytes: Uint8Array) => this.text += new TextDecoder().decode(bytes));
    this.socket.on("error", () => {});
    this.socket.on("close", () => this.ended = true);
  }
}

async function withEndpoint(
  options: Partial<EndpointOptions>,
  body: (endpoint: ManagementEndpoint, path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/socket`;
  const { management } = new Fixture("server");
  const address = { kind: "unix", path } as const;
  const endpoint = await ManagementEndpoint.open(management, {
    ...{ address, connectOut: false, log },
    ...options,
  });
  try {
    await body(endpoint, path);
  } finally {
    await endpoint.close();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("one client at a time: the next one is served when the first has gone", () =>
  withEndpoint({ address: { kind: "tcp", hostname: "127.0.0.1", port: 0 } }, async ({ port }) => {
    const first = new Client(port);
    await eventually("the first is welcome", () => first.text.startsWith(">INFO:"));
    const second = new Client(port);
    first.socket.write("pid\n");
    await eventually("the first is served", () => first.text.includes("SUCCESS: pid=42"));
    assert.equal(second.text, "");
    first.socket.write("quit\n");
    await eventually("the second is welcome", () => second.text.startsWith(">INFO:"));
    second.socket.destroy();
  }));

Deno.test("a unix socket is its owner's, and who may not use it hears nothing", async () => {
  await withEndpoint({}, async (_endpoint, path) => {
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
  await withEndpoint({ mayUse: () => false }, async (_endpoint, path) => {
    const client = new Client(path);
    await eventually("it is turned away", () => client.ended);
    assert.equal(client.text, "");
  });
  let seen = -1;
  await withEndpoint({ mayUse: (fd) => (seen = fd) >= 0 }, async (_endpoint, path) => {
    const client = new Client(path);
    await eventually("it is welcome", () => client.text.startsWith(">INFO:"));
    assert.ok(seen > 2);
    client.socket.destroy();
  });
});

Deno.test("nothing but a socket is removed to make room for one", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/file`;
  await Deno.writeTextFile(path, "precious");
  const { management } = new Fixture("server");
  const address = { kind: "unix", path } as const;
  await assert.rejects(
    ManagementEndpoint.open(management, { address, connectOut: false, log }),
    /can't be had/,
  );
  assert.equal(await Deno.readTextFile(path), "precious");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a connection that we make ends the program when it ends", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/socket`;
  const listener = Deno.listen({ transport: "unix", path });
  const fixture = new Fixture("client");
  const address = { kind: "unix", path } as const;
  const opening = ManagementEndpoint.open(fixture.management, { address, connectOut: true, log });
  const connection = await listener.accept();
  const endpoint = await opening;
  connection.close();
  await eventually("SIGTERM", () => fixture.asked.includes("SIGTERM"));
  await endpoint.close();
  listener.close();
  await Deno.remove(directory, { recursive: true });
});
