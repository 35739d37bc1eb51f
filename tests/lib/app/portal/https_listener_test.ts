/** The portal's listener, and those who misbehave in front of it. */
import assert from "node:assert/strict";
import { connect as connectHttp2, constants } from "node:http2";
import { HttpsListener } from "../../../../lib/app/portal/https_listener.ts";
import { type PortalLimits, portalLimits } from "../../../../lib/app/portal/portal_limits.ts";
import { requestHandler } from "../../../../lib/app/portal/request_adapter.ts";
import type { ListenerCertificate } from "../../../../lib/app/authority/http_listener.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { certificatePem } from "../../../../lib/pki/certificate.ts";
import { eventually } from "../../../harness/eventually.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { TestPortal } from "../../../lib/portal/portal_fixture.ts";

const hostname = "portal.example";

interface Setting extends AsyncDisposable {
  readonly listener: HttpsListener;
  readonly ca: string;
  readonly lines: string[];
  /** Resolves when somebody asks for /slow; `answer` gives it to them. */
  readonly asked: Promise<void>;
  answer(): void;
  /** Answers from /hello. */
  greeted(): number;
  certificate(): Promise<ListenerCertificate>;
  /** A TLS connection; HTTP/1.1 unless told otherwise. */
  connect(protocol?: "h2" | "http/1.1"): Promise<Deno.TlsConn>;
}

async function start(limits: Partial<PortalLimits> = {}): Promise<Setting> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await TemporaryDirectory.create());
  const authority = stack.use(
    await createStateAuthority(`${directory.path}/state`, { keyType: "ec:p256" }),
  );
  let number = 0;
  const certificate = async () => {
    const entry = await authority.issue({
      name: `portal ${number++}`,
      purpose: "server",
      keyType: "ec:p256",
      alternativeNames: [hostname],
    });
    const own = certificatePem(await authority.certificateOf(entry));
    return { certificate: own, key: (await authority.privateKeyOf(entry))! };
  };
  let greeted = 0;
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const portal = stack.use(
    await TestPortal.open({
      routes: [(app) => {
        app.get("/hello", (context) => {
          greeted++;
          return context.text(`hello ${context.env.connection.httpVersion}`);
        });
        app.get("/slow", async (context) => {
          asked.resolve();
          await answer.promise;
          return context.text("at last");
        });
        app.get("/long", (context) => context.text("x".repeat(16_000_000)));
        app.get("/cookies", (context) => {
          context.header("Set-Cookie", "a=1", { append: true });
          context.header("Set-Cookie", "b=2", { append: true });
          return context.text(context.req.header("cookie") ?? "");
        });
      }],
    }),
  );
  const { lines } = portal;
  const log = openLog(4, ({ text }) => void lines.push(text));
  const handler = requestHandler(portal.app, log, (line) => void lines.push(line()));
  const listener = stack.use(
    await HttpsListener.open({
      address: { host: "127.0.0.1", port: 0 },
      certificate: await certificate(),
      handler,
      recognize: ({ "x-known": known }) => known?.toString(),
      limits: { ...portalLimits, ...limits },
    }),
  );
  const ca = certificatePem(authority.certificate);
  const resources = stack.move();
  return {
    greeted: () => greeted,
    ...{ listener, ca, lines, certificate, asked: asked.promise, answer: answer.resolve },
    connect: async (protocol = "http/1.1") =>
      await Deno.startTls(
        await Deno.connect({ hostname: "127.0.0.1", port: listener.port }),
        { hostname, caCerts: [ca], alpnProtocols: [protocol] },
      ),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function send(connection: Deno.TlsConn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Until an answer without a length above what was read is there, or the end. */
async function receive(connection: Deno.TlsConn, until: RegExp): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  while (!until.test(text)) {
    const length = await connection.read(buffer).catch(() => null);
    if (length === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
  return text;
}

/** Until the other end closes. */
const never = /(?!)/;
const whole = /\r\n\r\n.+/s;
const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${more}\r\n`;

Deno.test("requests that mean harm have their status, and one line each", async () => {
  await using setting = await start();
  for (
    const [request, status] of [
      [get("/hello"), 200],
      [get("/../etc/passwd"), 400],
      [get("/a/%2e%2e/b"), 400],
      [get("//evil.example/"), 400],
      [get("/a%00"), 400],
      ["GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
      ["GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421],
      [`TRACE /hello HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`, 405],
      [
        `POST /hello HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 70000\r\n\r\n` +
        "x".repeat(70_000),
        413,
      ],
    ] as const
  ) {
    setting.lines.length = 0;
    using connection = await setting.connect();
    await send(connection, request);
    const answer = await receive(connection, whole);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), request.slice(0, 80));
    assert.match(answer, /\r\nStrict-Transport-Security: /i);
    const said = setting.lines.filter((line) => line.startsWith("portal: 127.0.0.1"));
    assert.equal(said.length, status < 400 ? 0 : 1, `${status}: ${setting.lines.join("\n")}`);
  }
  // What is no HTTP gets no answer, and ends nothing but itself.
  using connection = await setting.connect();
  await send(connection, "SSH-2.0-x\r\n\r\n");
  await receive(connection, never);
  using next = await setting.connect();
  await send(next, get("/hello"));
  assert.match(await receive(next, whole), /hello 1\.1$/);
});

Deno.test("several cookies are set, each in its own field", async () => {
  await using setting = await start();
  using connection = await setting.connect();
  await send(connection, get("/cookies", "Cookie: x=1; y=2\r\n"));
  const answer = await receive(connection, whole);
  assert.match(answer, /set-cookie: a=1\r\n/i);
  assert.match(answer, /set-cookie: b=2\r\n/i);
  assert.match(answer, /\r\n\r\nx=1; y=2$/);
});

Deno.test("whoever says nothing, or too slowly, is cut off; whoever waits for us is not", async () => {
  await using setting = await start({ patience: 5000 });
  using patient = await setting.connect();
  await send(patient, get("/slow"));
  await setting.asked;
  // Not even TLS.
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: setting.listener.port });
  using slow = await setting.connect();
  await send(slow, `GET /hello HTTP/1.1\r\nHost: ${hostname}\r\nX-`);
  using partial = await setting.connect();
  await send(partial, `POST /hello HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 9\r\n\r\nx`);
  assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null);
  assert.doesNotMatch(await receive(slow, never), / 200 /);
  assert.doesNotMatch(await receive(partial, never), / 200 /);
  setting.answer();
  assert.match(await receive(patient, whole), /at last$/);
});

Deno.test("a source's connections are bounded; others wait for one of them to end", async () => {
  await using setting = await start({ connectionsPerSource: 3, waitingPerSource: 1 });
  const held: Deno.TlsConn[] = [];
  try {
    for (let i = 0; i < 3; i++) {
      const connection = await setting.connect();
      await send(connection, get("/hello"));
      await receive(connection, whole);
      held.push(connection);
    }
    const next = setting.connect().then(async (connection) => {
      await send(connection, get("/hello"));
      return connection;
    });
    await eventually("it waits", () => setting.listener.figures.connections === 4);
    await assert.rejects(async () => {
      using refused = await setting.connect();
      await refused.handshake();
    });
    assert.equal(setting.listener.figures.refusedConnections, 1);
    assert.equal(setting.listener.figures.handshakes, 3);
    held.pop()!.close();
    held.push(await next);
    assert.match(await receive(held.at(-1)!, whole), /hello/);
  } finally {
    for (const connection of held) connection.close();
  }
});

Deno.test("who is known does not count among a source's strangers", async () => {
  await using setting = await start({ connectionsPerSource: 1, waitingPerSource: 1 });
  const held: Deno.TlsConn[] = [];
  try {
    for (let i = 1; i <= 3; i++) {
      const connection = await setting.connect();
      held.push(connection);
      await send(connection, get("/slow", "X-Known: somebody\r\n"));
      await eventually("it is served", () => setting.listener.figures.requests.caller === i);
    }
  } finally {
    setting.answer();
    for (const connection of held) connection.close();
  }
});

Deno.test("requests beyond the allowance wait; those of a caller go on meanwhile", async () => {
  const none = { rate: 0.001, burst: 5 };
  await using setting = await start({
    strangers: { all: none, each: none, atOnce: 10 },
  });
  // 3 ms for the first, 1 for each of the others.
  using connection = await setting.connect();
  for (let i = 0; i < 3; i++) {
    await send(connection, get("/hello"));
    assert.match(await receive(connection, whole), /^HTTP\/1.1 200/);
  }
  await send(connection, get("/hello"));
  await eventually("it waits", () => setting.listener.figures.delayed === 1);
  using known = await setting.connect();
  await send(known, get("/hello", "X-Known: somebody\r\n"));
  assert.match(await receive(known, whole), /^HTTP\/1.1 200/);
  assert.equal(setting.greeted(), 4);
  assert.deepEqual(setting.listener.figures.requests, { stranger: 3, caller: 1 });
});

Deno.test("who sends request after request without waiting for an answer is cut off", async () => {
  await using setting = await start({ pending: 8, patience: 600_000 });
  using connection = await setting.connect();
  await send(connection, get("/slow").repeat(20));
  assert.equal(await receive(connection, never), "");
  assert.ok(setting.listener.figures.requests.stranger <= 8);
  setting.answer();
});

Deno.test("who asks by HTTP/2 and takes it back, again and again, is cut off", async () => {
  const none = { rate: 0.001, burst: 1 };
  await using setting = await start({
    ...{ strangers: { all: none, each: none, atOnce: 10 }, givenUp: 8, patience: 600_000 },
  });
  const session = connectHttp2(`https://127.0.0.1:${setting.listener.port}`, {
    ...{ ca: setting.ca, servername: hostname },
  });
  using _ = { [Symbol.dispose]: () => session.destroy() };
  session.on("error", () => {});
  const ask = () => {
    const stream = session.request({ ":path": "/hello", ":authority": hostname });
    stream.on("error", () => {});
    stream.end();
    return stream;
  };
  const first = ask();
  await new Promise((resolve) => first.once("response", resolve));
  for (let i = 0; i < 8; i++) {
    const waiting = setting.listener.figures.delayed;
    const stream = ask();
    await eventually("it waits", () => setting.listener.figures.delayed > waiting);
    stream.close(constants.NGHTTP2_CANCEL);
  }
  assert.equal(setting.listener.figures.connections, 1);
  const stream = ask();
  await eventually("it waits", () => setting.listener.figures.delayed === 9);
  stream.close(constants.NGHTTP2_CANCEL);
  await eventually("it is gone", () => setting.listener.figures.connections === 0);
});

Deno.test("who does not take in an answer is cut off", async () => {
  await using setting = await start({ answerPatience: 2000 });
  using connection = await setting.connect();
  await send(connection, get("/long"));
  // A little, so that it is on its way; then nothing.
  await connection.read(new Uint8Array(1000));
  await eventually("it is gone", () => setting.listener.figures.connections === 0);
});

Deno.test("a stranger's connection makes room after its term where others wait", async () => {
  await using setting = await start({ connectionsPerSource: 1, term: 0 });
  using first = await setting.connect();
  await send(first, get("/hello"));
  assert.doesNotMatch(await receive(first, whole), /connection: close/i);
  const next = setting.connect().then(async (connection) => {
    await send(connection, get("/hello"));
    return connection;
  });
  await eventually("it waits", () => setting.listener.figures.connections === 2);
  await send(first, get("/hello"));
  assert.match(await receive(first, whole), /connection: close/i);
  using second = await next;
  assert.match(await receive(second, whole), /hello/);
});

Deno.test("connections beyond so many a second stay with the kernel, and none is lost", async () => {
  await using setting = await start({ accepts: 20 });
  for (let round = 1; round <= 3; round++) {
    const connections = await Promise.all(Array.from({ length: 12 }, () => setting.connect()));
    await Promise.all(connections.map(async (connection) => {
      await send(connection, get("/hello"));
      assert.match(await receive(connection, whole), /hello/);
      connection.close();
    }));
    // It takes two in a tenth of a second, or all that are there and is away for six times as long.
    assert.ok(setting.listener.figures.pauses >= round, `${setting.listener.figures.pauses}`);
  }
});

Deno.test("a new certificate is for new connections; the others go on", async () => {
  await using setting = await start();
  using former = await setting.connect();
  await send(former, get("/hello"));
  await receive(former, whole);
  // The authority of the first certificate is not the one of the second.
  await using other = await start();
  setting.listener.use(await other.certificate());
  await send(former, get("/hello"));
  assert.match(await receive(former, whole), /hello/);
  await assert.rejects(async () => {
    using refused = await setting.connect();
    await refused.handshake();
  });
  using next = await Deno.startTls(
    await Deno.connect({ hostname: "127.0.0.1", port: setting.listener.port }),
    { hostname, caCerts: [other.ca], alpnProtocols: ["http/1.1"] },
  );
  await send(next, get("/hello"));
  assert.match(await receive(next, whole), /hello/);
});
