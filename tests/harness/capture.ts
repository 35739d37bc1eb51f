/**
 * Packets on the wire between two hosts, by tcpdump.
 *
 * @module
 */

import type { NetworkNamespace } from "./namespace.ts";
import type { ManagedProcess } from "./process.ts";

/** Captured packets of a file in the classic libpcap format, link-level header included. */
export function parsePcap(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // pcap-savefile(5): 24 bytes of header, then for each packet 16 bytes (seconds, fraction,
  // captured length, length) and the packet, in the byte order of the magic number.
  if (file.length < 24) throw new Error("not a capture: shorter than its header");
  const littleEndian = view.getUint32(0, true) === 0xa1b2c3d4;
  if (!littleEndian && view.getUint32(0, false) !== 0xa1b2c3d4) {
    throw new Error("not a capture: unknown magic number");
  }
  const packets: Uint8Array[] = [];
  for (let offset = 24; offset + 16 <= file.length;) {
    const length = view.getUint32(offset + 8, littleEndian);
    // The last packet may be cut when tcpdump is killed.
    if (offset + 16 + length > file.length) break;
    packets.push(file.subarray(offset + 16, offset + 16 + length));
    offset += 16 + length;
  }
  return packets;
}

/** A tcpdump that runs. */
export class Capture implements AsyncDisposable {
  private constructor(readonly process: ManagedProcess, readonly file: string) {}

  /**
   * Starts and waits until packets are being captured.
   *
   * @param filter As pcap-filter(7) says, for example `udp port 1194`.
   */
  static async start(
    namespace: NetworkNamespace,
    device: string,
    filter: string,
    file: string,
  ): Promise<Capture> {
    const process = namespace.spawn([
      ...["tcpdump", "-i", device, "-n", "-U", "--immediate-mode", "-s", "0", "-Z", "root"],
      ...["-w", file, filter],
    ]);
    const capture = new Capture(process, file);
    await process.waitForLine(/listening on/);
    return capture;
  }

  /** Ends it and returns the packets. */
  async stop(): Promise<Uint8Array[]> {
    await this.process.stop("SIGINT");
    return parsePcap(await Deno.readFile(this.file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
