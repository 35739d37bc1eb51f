/**
 * One try of a UDP packet rate.
 *
 * @module
 */

import type { Probe } from "./lossless.ts";
import type { Ends } from "./tunnel.ts";

const program = new URL("./udp_program.ts", import.meta.url).pathname;
const port = 5202;

/**
 * Sends datagrams from client to server.
 *
 * @param length Bytes of each one's payload, 1 to 2,000.
 * @param rate Packets per second to send.
 */
export async function probeUdp(
  ends: Ends,
  length: number,
  rate: number,
  seconds: number,
): Promise<Probe> {
  const deno = [Deno.execPath(), "run", "--quiet", "--allow-ffi", program];
  const place = [ends.address, String(port), String(length)];
  await using receiver = ends.server.spawn([...deno, "receive", ...place], { name: "receiver" });
  await receiver.waitForLine(/^listening$/);
  const speed = [String(Math.round(rate)), String(seconds)];
  await using sender = ends.client.spawn([...deno, "send", ...place, ...speed], { name: "sender" });
  const timeoutMs = seconds * 1000 + 15_000;
  const reports = [
    await sender.waitForLine(/^sent (\d+) in ([\d.]+) s$/, { timeoutMs }),
    await receiver.waitForLine(/^received (\d+) in ([\d.]+) s$/, { timeoutMs }),
  ];
  const [sent, received] = reports.map(([, count, took]) => ({
    count: Number(count),
    seconds: Number(took),
  }));
  return { sent, received };
}
