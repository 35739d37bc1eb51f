/**
 * Tells whoever asks by which address the question came. Run by `internet.ts`:
 *
 *     listen PORT                      UDP and TCP, IPv4 and IPv6
 *     ask udp|tcp ADDRESS PORT SECONDS prints the answer; exit status 1 without one in that time
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function plain(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:/, "");
}

function listen(port: number): void {
  const udp = createSocket("udp6");
  udp.on("message", (_, { address, port }) => udp.send(plain(address), port, address));
  udp.bind(port, "::", () => {
    const tcp = createServer((socket) => socket.end(plain(socket.remoteAddress)));
    tcp.listen(port, "::", () => say("listening"));
  });
}

function askByUdp(address: string, port: number): void {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (answer) => {
    say(answer.toString());
    Deno.exit(0);
  });
  const ask = () => socket.send("?", port, address, () => {});
  ask();
  setInterval(ask, 300);
}

function askByTcp(address: string, port: number): void {
  const socket = connect(port, address);
  let answer = "";
  socket.on("data", (bytes) => answer += bytes.toString());
  socket.on("error", (error) => {
    say(`failed: ${error.message}`);
    Deno.exit(1);
  });
  socket.on("end", () => {
    say(answer);
    Deno.exit(0);
  });
}

const [what, ...rest] = Deno.args;
if (what === "listen") listen(Number(rest[0]));
else {
  const [protocol, address, port, seconds] = rest;
  setTimeout(() => Deno.exit(1), Number(seconds) * 1000);
  if (protocol === "udp") askByUdp(address, Number(port));
  else askByTcp(address, Number(port));
}
