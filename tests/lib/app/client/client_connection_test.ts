import assert from "node:assert/strict";
import { encodeSockaddr } from "deno-tun";
import { ClientConnection } from "../../../../lib/app/client/client_connection.ts";
import type {
  ConnectionContext,
  ConnectionEnd,
} from "../../../../lib/app/client/connection_context.ts";
import { NoWrap } from "../../../../lib/crypto/control_wrap.ts";
import { testCertificates } from "../../control/certificates.ts";
import { client } from "../../config/profile.ts";
import { RecordedLog } from "../../net/machine.ts";

/** How a connection ends whose server never answers. */
async function endOf(...lines: string[]): Promise<ConnectionEnd> {
  const config = client(...lines);
  const ended = Promise.withResolvers<ConnectionEnd>();
  const { ca, client: own } = testCertificates();
  const parts: Partial<ConnectionContext> = {
    config,
    connection: config.connections[0],
    credentials: { ca, cert: own.certificate, key: own.key } as never,
    wrap: new NoWrap(),
    log: new RecordedLog(),
    socket: 1,
    address: encodeSockaddr("192.0.2.1", 1194),
    transmit: () => {},
    command: () => {},
    stopped: new AbortController().signal,
    ended: ended.resolve,
  };
  const connection = new ClientConnection(parts as ConnectionContext);
  const end = await ended.promise;
  connection.end(end);
  return end;
}

Deno.test("connect-timeout, or server-poll-timeout: on to the next remote", async () => {
  for (const option of ["connect-timeout", "server-poll-timeout"]) {
    assert.deepEqual(await endOf(`${option} 1`), {
      kind: "restart",
      reason: "server-poll-timeout",
    });
  }
});

Deno.test("hand-window ends the attempt, and with tls-exit the program", async () => {
  const usual = await endOf("hand-window 1");
  assert.equal(usual.kind, "restart");
  const last = await endOf("hand-window 1", "tls-exit");
  assert.ok(last.kind === "exit" && last.reason === "tls-error" && last.error !== undefined);
});
