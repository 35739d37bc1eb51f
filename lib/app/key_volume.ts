/**
 * Renegotiation by volume: how much went under the present key. `reneg-bytes` and `reneg-pkts` count
 * both directions together, as OpenVPN does; the usage limit of AES-GCM counts each, for each has a
 * key of its own.
 *
 * The usage limit keeps an attacker's advantage below 2^-57: q + s <= 2^36 - 1, with q messages and s
 * blocks of 16 bytes (draft-irtf-cfrg-aead-limits, section 5.1.1; OpenVPN's `crypto.c`,
 * `cipher_get_aead_limits`). ChaCha20-Poly1305 has none that would be reached before the packet-ids
 * end.
 *
 * @module
 */

import type { TlsOptions } from "../config/mod.ts";
import type { PeerTraffic } from "../loop/counters.ts";

/** How often the volume is looked at, ms. */
export const volumeCheckInterval = 1000;

/** Messages and blocks together that one key of AES-GCM may protect. */
export const gcmUsageLimit = 2 ** 36 - 1;

const blockLength = 16;

/** See the module's page. */
export class KeyVolume {
  readonly #maximumBytes: number;
  readonly #maximumPackets: number;
  #usageLimit = Infinity;
  #before: PeerTraffic | undefined;

  constructor(tls: Pick<TlsOptions, "renegBytes" | "renegPkts">) {
    this.#maximumBytes = tls.renegBytes ?? 0;
    this.#maximumPackets = tls.renegPkts;
  }

  /** A new key for this cipher is in use from here on. */
  keyChanged(traffic: PeerTraffic, cipher: string): void {
    this.#before = traffic;
    this.#usageLimit = /^AES-\d+-GCM$/.test(cipher) ? gcmUsageLimit : Infinity;
  }

  /** Whether the key has carried as much as it may. */
  exceeded(traffic: PeerTraffic): boolean {
    const before = this.#before;
    const bytesIn = traffic.bytesIn - (before?.bytesIn ?? 0);
    const bytesOut = traffic.bytesOut - (before?.bytesOut ?? 0);
    const packetsIn = traffic.packetsIn - (before?.packetsIn ?? 0);
    const packetsOut = traffic.packetsOut - (before?.packetsOut ?? 0);
    return (this.#maximumBytes > 0 && bytesIn + bytesOut >= this.#maximumBytes) ||
      (this.#maximumPackets > 0 && packetsIn + packetsOut >= this.#maximumPackets) ||
      usage(packetsIn, bytesIn) > this.#usageLimit ||
      usage(packetsOut, bytesOut) > this.#usageLimit;
  }
}

/** Messages and blocks, where each message's last block counts as whole. */
function usage(packets: number, bytes: number): number {
  return packets + bytes / blockLength + packets;
}
