/**
 * `--tun`: an IP tunnel on a device of its own, over one channel at a time.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { VpnError } from "../../base/errors.ts";
import type { Channel } from "../../channel/connection/channel.ts";
import { type TunnelAddress, TunnelInterface } from "../../net/tunnel_interface.ts";
import { defaultKeepalive, Keepalive } from "./keepalive.ts";
import { frameHeaderLength, keepaliveFrame, PacketFrames } from "./packet_frames.ts";
import { TunQueue } from "./tun_queue.ts";

/** What the command line says of the device. */
export interface TunLinkOptions {
  /** `ADDRESS/PREFIX`, one of each family at most. */
  readonly tun: readonly string[];
  /** `tun`, the next free one, where not given. */
  readonly dev?: string;
  /** In bytes; 1,500 where not given. */
  readonly mtu?: number;
}

/** With that many bytes of packets a write is full; the last packet may go beyond. */
const batchLength = 65536;

/** A frame of the longest packet, in bytes. */
const longestFrame = frameHeaderLength + 65535;

/** How long a device is left alone that has nothing to read, ms. */
const idlePause = 10;

/** How long a peer that takes nothing may hold up the end, ms. */
const farewellPatience = 2000;

/** Reads `ADDRESS/PREFIX`. @throws {VpnError} when it is none. */
export function parseTunAddress(text: string): TunnelAddress & { prefixLength: number } {
  const [, address, prefix] = text.match(/^([0-9a-fA-F:.]+)\/(\d{1,3})$/) ?? [];
  const prefixLength = Number(prefix);
  if (address === undefined || prefixLength > (address.includes(":") ? 128 : 32)) {
    throw new VpnError(`${text} is no address with a prefix`, "write it as 10.9.0.1/24");
  }
  return { address, prefixLength };
}

/** The device and what goes through it. */
export class TunLink implements AsyncDisposable {
  readonly #device: TunnelInterface;
  readonly #queue: TunQueue;
  readonly #log: Log;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #channel: Channel | undefined;
  readonly #reading: Promise<void>;

  private constructor(device: TunnelInterface, log: Log) {
    this.#device = device;
    this.#log = log;
    this.#queue = new TunQueue(device.fd);
    this.#reading = this.#readPackets();
  }

  /** Opens the device. @throws {VpnError} when that may not be, or an address is malformed. */
  static async open({ tun, dev = "tun", mtu = 1500 }: TunLinkOptions, log: Log): Promise<TunLink> {
    const addresses = tun.map(parseTunAddress);
    const isIpv6 = ({ address }: TunnelAddress) => address.includes(":");
    const ipv4 = addresses.filter((address) => !isIpv6(address));
    const ipv6 = addresses.filter(isIpv6);
    if (ipv4.length > 1 || ipv6.length > 1) {
      throw new VpnError("--tun takes one IPv4 and one IPv6 address at most");
    }
    const description = { name: dev, mtu, ipv4: ipv4[0], ipv6: ipv6[0] };
    return new TunLink(await TunnelInterface.open(description, log), log);
  }

  /**
   * Carries packets over a channel until it ends or another one takes its place.
   *
   * @throws {ChannelError} when it was cut or failed a check.
   */
  async carry(channel: Channel): Promise<void> {
    this.#channel?.abort("another channel took its place");
    this.#channel = channel;
    const writer = this.#writer = channel.writable.getWriter();
    const frames = new PacketFrames();
    // The kernel refuses what is no packet, and a full queue loses some: as on any link.
    const take = (packet: Uint8Array) => void this.#queue.write(packet);
    const keepalive = new Keepalive(
      defaultKeepalive,
      () => {
        // While others wait to be sent, one more says nothing.
        if ((writer.desiredSize ?? 0) > 0) writer.write(keepaliveFrame).catch(() => {});
      },
      () => channel.abort("the peer has been silent for too long"),
    );
    try {
      for await (const chunk of channel.readable) {
        keepalive.received();
        frames.push(chunk, take);
      }
      await writer.close();
    } catch (error) {
      channel.abort();
      throw error;
    } finally {
      keepalive.stop();
      if (this.#channel === channel) this.#channel = this.#writer = undefined;
    }
  }

  async #readPackets(): Promise<void> {
    const batch = new Uint8Array(batchLength + longestFrame);
    // A wait for each batch, so that nothing else starves while packets never end.
    while (await this.#queue.readable()) {
      let length = 0;
      while (length < batchLength) {
        const packet = this.#queue.read();
        if (packet === undefined) break;
        batch[length] = packet.length >> 8;
        batch[length + 1] = packet.length & 0xff;
        batch.set(packet, length + frameHeaderLength);
        length += frameHeaderLength + packet.length;
      }
      if (length > 0) await this.#send(batch.subarray(0, length));
      // A device that is down may be called readable all the time.
      else await new Promise((resolve) => setTimeout(resolve, idlePause));
    }
    if (!this.#queue.gone) return;
    this.#log.error(`the device ${this.#device.name} was deleted`);
    this.#channel?.abort("the device was deleted");
  }

  /** Without a channel, or in one that fails, packets are lost; its reader says why. */
  async #send(packets: Uint8Array): Promise<void> {
    await this.#writer?.write(packets).catch(() => {});
  }

  /** Says the end to the peer, then removes the device. */
  async close(): Promise<void> {
    const [writer, channel] = [this.#writer, this.#channel];
    this.#writer = undefined;
    const giveUp = setTimeout(() => channel?.abort("the peer takes nothing"), farewellPatience);
    await this.#queue.close();
    await this.#reading;
    await writer?.close().catch(() => {});
    clearTimeout(giveUp);
    await this.#device.close();
    this.#log.at(1, "the TUN device is closed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
