/**
 * One end of a TCP transfer of random bytes in both directions at once. Run as a program:
 * `transfer_program.ts listen|connect ADDRESS BYTES [PORT]`.
 *
 * @module
 */

import { createHash, randomFillSync } from "node:crypto";

/** Bytes per write. */
const chunkLength = 65_536;

/** Sends that many random bytes, closes the direction and returns their SHA-256. */
async function send(connection: Deno.TcpConn, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(chunkLength);
  for (let left = bytes; left > 0;) {
    const part = chunk.subarray(0, Math.min(left, chunkLength));
    randomFillSync(part);
    hash.update(part);
    for (let sent = 0; sent < part.length;) sent += await connection.write(part.subarray(sent));
    left -= part.length;
  }
  await connection.closeWrite();
  return hash.digest("hex");
}

/** Reads to the end and returns the SHA-256 of it all. */
async function receive(connection: Deno.TcpConn, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(chunkLength);
  let received = 0;
  for (;;) {
    const length = await connection.read(chunk);
    if (length === null) break;
    hash.update(chunk.subarray(0, length));
    received += length;
  }
  if (received !== bytes) throw new Error(`${received} bytes came, not ${bytes}`);
  return hash.digest("hex");
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

async function open(mode: string, hostname: string, port: number): Promise<Deno.TcpConn> {
  if (mode === "connect") return await Deno.connect({ hostname, port });
  using listener = Deno.listen({ hostname, port: 0 });
  print(`listening on port ${listener.addr.port}`);
  return await listener.accept();
}

const [mode, hostname, bytes, port] = Deno.args;
using connection = await open(mode, hostname, Number(port));
const start = performance.now();
const [sent, received] = await Promise.all([
  send(connection, Number(bytes)),
  receive(connection, Number(bytes)),
]);
const milliseconds = Math.round(performance.now() - start);
print(`done in ${milliseconds} ms, sent ${sent}, received ${received}`);
