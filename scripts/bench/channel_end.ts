/**
 * One end of a lean channel under load: sends and receives so many bytes at once. Run as a program:
 * `channel_end.ts listen|connect psk|box ENGINE BYTES [PORT]`.
 *
 * @module
 */

import { box, psk } from "../../mod.ts";
import { print } from "../print.ts";

const hostname = "127.0.0.1";
const secret = "for this measurement alone";

/** What is sent again and again, in bytes: no multiple of a record, so that a shift would show. */
const patternLength = 1_000_003;

// Fixed keys: nothing but the speed is of interest here.
const serverSecret = new Uint8Array(32).fill(1);
const clientSecret = new Uint8Array(32).fill(2);

/** The same bytes at both ends. */
function pattern(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(patternLength);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 >>> 0; // The C standard's example of rand().
    bytes[i] = state >>> 16;
  }
  return bytes;
}

async function open(
  role: string,
  kind: string,
  engine: string,
  port: number,
): Promise<psk.Channel> {
  const options = { hostname, port };
  if (kind === "psk") {
    const shared = { ...options, secret, engine: engine as psk.RecordEngine };
    return role === "connect" ? await psk.connect(shared) : await accept(psk.listen(shared));
  }
  const server = await box.importBoxKeyPair(serverSecret);
  const identity = { keyPair: server, allows: () => true };
  const chosen = { ...options, engine: engine as box.BoxEngine };
  if (role === "listen") return await accept(box.listen({ ...chosen, identity: () => identity }));
  const keyPair = await box.importBoxKeyPair(clientSecret);
  return await box.connect({ ...chosen, serverKey: server.publicKey, keyPair });
}

async function accept(listener: psk.ChannelListener): Promise<psk.Channel> {
  print(`listening on port ${listener.address.port}`);
  const channel = await listener.accept();
  listener.close();
  if (channel === undefined) throw new Error("nobody came");
  return channel;
}

async function send(channel: psk.Channel, bytes: number, sent: Uint8Array): Promise<void> {
  const writer = channel.writable.getWriter();
  for (let left = bytes; left > 0;) {
    for (let offset = 0; offset < sent.length && left > 0;) {
      const length = Math.min(65_536, sent.length - offset, left);
      await writer.write(sent.subarray(offset, offset + length));
      offset += length;
      left -= length;
    }
  }
  await writer.close();
}

/** Receives so many bytes. @throws {Error} at the first that is not what was sent. */
async function receive(channel: psk.Channel, bytes: number, sent: Uint8Array): Promise<void> {
  const { compare } = (await import("node:buffer")).Buffer;
  let received = 0;
  for await (const chunk of channel.readable) {
    for (let offset = 0; offset < chunk.length;) {
      const place = (received + offset) % sent.length;
      const length = Math.min(chunk.length - offset, sent.length - place);
      const [got, meant] = [
        chunk.subarray(offset, offset + length),
        sent.subarray(place, place + length),
      ];
      if (compare(got, meant) !== 0) throw new Error(`changed near byte ${received + offset}`);
      offset += length;
    }
    received += chunk.length;
  }
  if (received !== bytes) throw new Error(`${received} bytes came, not ${bytes}`);
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const [role, kind, engine, count, port = "0"] = Deno.args;
const bytes = Number(count);
const sent = pattern();
const process = (await import("node:process")).default;
const channel = await open(role, kind, engine, Number(port));
const [start, processorStart] = [performance.now(), processorSeconds()];
await Promise.all([send(channel, bytes, sent), receive(channel, bytes, sent)]);
await channel.closed;
const seconds = (performance.now() - start) / 1000;
const processor = processorSeconds() - processorStart;
const peak = Number(Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+)/)?.[1]) * 1024;
print(JSON.stringify({ seconds, processor, peak }));
