/**
 * Renegotiation by volume (`reneg-bytes`, `reneg-pkts`): how much went under the present key, in
 * both directions together, as OpenVPN counts it.
 *
 * @module
 */

import type { TlsOptions } from "../config/mod.ts";
import type { PeerTraffic } from "../loop/counters.ts";

/** How often the volume is looked at, ms. */
export const volumeCheckInterval = 1000;

/** See the module's page. */
export class KeyVolume {
  readonly #maximumBytes: number;
  readonly #maximumPackets: number;
  #bytesBefore = 0;
  #packetsBefore = 0;

  constructor(tls: Pick<TlsOptions, "renegBytes" | "renegPkts">) {
    this.#maximumBytes = tls.renegBytes ?? 0;
    this.#maximumPackets = tls.renegPkts;
  }

  /** Whether there is any limit to look after. */
  get limited(): boolean {
    return this.#maximumBytes > 0 || this.#maximumPackets > 0;
  }

  /** A new key is in use from here on. */
  keyChanged(traffic: PeerTraffic): void {
    this.#bytesBefore = traffic.bytesIn + traffic.bytesOut;
    this.#packetsBefore = traffic.packetsIn + traffic.packetsOut;
  }

  /** Whether the key has carried as much as it may. */
  exceeded(traffic: PeerTraffic): boolean {
    const bytes = traffic.bytesIn + traffic.bytesOut - this.#bytesBefore;
    const packets = traffic.packetsIn + traffic.packetsOut - this.#packetsBefore;
    return (this.#maximumBytes > 0 && bytes >= this.#maximumBytes) ||
      (this.#maximumPackets > 0 && packets >= this.#maximumPackets);
  }
}
