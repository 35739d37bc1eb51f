/**
 * Whether packets as long as the tunnel's reach the server, by ping(8) without fragmentation.
 *
 * @module
 */

import { Netlink } from "deno-tun";
import type { Connection } from "../config/mod.ts";
import { Check, type Finding } from "./finding.ts";

const mtu = new Check("path MTU");

/** IP and ICMP headers, bytes. */
const headers = { 4: 28, 6: 48 } as const;

/** The least that IPv4 hosts take in practice and IPv6 ones must (RFC 8200), bytes. */
const smallest = { 4: 576, 6: 1280 } as const;

/** Lengths that are tried at the same time: a lost one costs a second of waiting. */
const atOnce = 8;

/** What a packet of a given length, in bytes with its IP header, comes to. */
export type Echo = (length: number) => Promise<boolean>;

/**
 * The longest packets that reach `address`.
 *
 * @param longest The length to begin with, bytes.
 * @returns `longest` if they do; undefined when not even short ones are answered.
 */
export async function pathMtu(
  longest: number,
  family: 4 | 6,
  echo: Echo,
): Promise<number | undefined> {
  if (!await echo(smallest[family])) return undefined;
  if (await echo(longest)) return longest;
  let [works, fails] = [smallest[family] as number, longest];
  // Steps of 8 bytes: that is how fragments are cut, and near enough.
  while (fails - works > 8) {
    const step = Math.max(8, Math.ceil((fails - works) / (atOnce + 1)));
    const lengths: number[] = [];
    for (let length = works + step; length < fails; length += step) lengths.push(length);
    const answered = await Promise.all(lengths.map(echo));
    const lost = answered.indexOf(false);
    if (lost >= 0) fails = lengths[lost];
    const passed = lost < 0 ? lengths.length : lost;
    if (passed > 0) works = lengths[passed - 1];
  }
  return works;
}

/**
 * Compares the path with the packets that the tunnel sends.
 *
 * @param start The words that start the client, without options.
 */
export async function checkPathMtu(
  address: string,
  { mtu: sizes }: Pick<Connection, "mtu">,
  start: string,
  echo?: Echo,
): Promise<Finding> {
  const family = address.includes(":") ? 6 : 4;
  const device = deviceMtu(address);
  // What `mssfix` makes of TCP; longer packets are cut in pieces, and not all networks take pieces.
  const wanted = Math.min(
    sizes.mssfix > 0 ? Math.max(sizes.mssfix, smallest[family]) : 1500,
    device,
  );
  try {
    const found = await pathMtu(
      wanted,
      family,
      echo ?? ((length) => ping(address, family, length)),
    );
    if (found === undefined) return mtu.skipped(`${address} answers no ping`);
    if (found === wanted) return mtu.ok(`packets of ${wanted} bytes reach ${address}`);
    return mtu.problem(
      `packets of more than ${found} bytes are lost on the way to ${address}: ` +
        "connections through the tunnel would hang",
      `${start} --mssfix ${found} mtu`,
    );
  } catch {
    return mtu.skipped("the program ping is missing");
  }
}

/** The MTU of the interface that leads to an address, bytes. */
function deviceMtu(address: string): number {
  const netlink = Netlink.open();
  try {
    const index = netlink.getRoute(address)?.interfaceIndex;
    return (index === undefined ? undefined : netlink.link(index)?.mtu) ?? 1500;
  } finally {
    netlink.close();
  }
}

/** One echo request that must not be fragmented, and another if it gets no answer. */
async function ping(address: string, family: 4 | 6, length: number): Promise<boolean> {
  const { success } = await new Deno.Command("ping", {
    args: [
      ...["-n", "-q", "-c", "2", "-i", "0.2", "-W", "1", "-M", "do"],
      ...["-s", String(length - headers[family]), address],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}
