/**
 * A name server for tests: `dns_program.ts ADDRESS NAME ADDRESS-OF-NAME`. It knows one name, has
 * addresses of IPv4 for it, and prints what it is asked.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { Buffer } from "node:buffer";

const [address, name, answer] = Deno.args;

/** The question's name, and where its type stands (RFC 1035, 4.1.2). */
function question(message: Uint8Array): { name: string; end: number } {
  const labels: string[] = [];
  let offset = 12;
  while (message[offset] !== 0) {
    const length = message[offset];
    labels.push(new TextDecoder().decode(message.subarray(offset + 1, offset + 1 + length)));
    offset += 1 + length;
  }
  return { name: labels.join("."), end: offset + 1 };
}

const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
socket.on("message", (message, remote) => {
  const asked = question(message);
  const type = message.readUInt16BE(asked.end);
  // deno-lint-ignore no-console -- that is how it tells the test
  console.log(`asked ${asked.name} ${type === 1 ? "A" : type === 28 ? "AAAA" : type}`);
  const known = asked.name.toLowerCase() === name;
  const reply = Buffer.from(message.subarray(0, asked.end + 4));
  reply.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  reply.writeUInt16BE(known && type === 1 ? 1 : 0, 6);
  reply.writeUInt16BE(0, 8);
  reply.writeUInt16BE(0, 10);
  const record = Buffer.from([
    ...[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4],
    ...answer.split(".").map(Number),
  ]);
  socket.send(
    known && type === 1 ? Buffer.concat([reply, record]) : reply,
    remote.port,
    remote.address,
  );
});
// deno-lint-ignore no-console -- that is how it tells the test
socket.bind(53, address, () => console.log("listening"));
