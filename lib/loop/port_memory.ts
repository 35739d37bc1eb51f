/**
 * The worker's memory: packets and addresses for good, and regions for the structs of ports, which
 * come and go with devices and sockets.
 *
 * @module
 */

import { PinnedMemory } from "deno-tun";
import { VpnError } from "../base/errors.ts";

/** Enough for a `DatagramPort` of 64 messages and 256 pieces, which takes some 24 KB. */
const regionSize = 32_768;
/** Devices and sockets that can be attached at the same time. */
const regionCount = 64;

/** Messages per system call of a socket. */
export const portMessages = 64;
/** Pieces that the messages of one call have together. */
export const portPieces = 256;

/** `PinnedMemory` never takes back what it gave; this one does, region by region. */
export class PortMemory extends PinnedMemory {
  readonly #free: number[] = [];
  #next = 0;
  #end = 0;
  #inRegion = false;

  /** @param size Bytes that can be reserved for good. */
  constructor(size: number) {
    super(size + regionCount * regionSize);
    for (let i = 0; i < regionCount; i++) this.#free.push(this.allocate(regionSize));
  }

  /** Reserves bytes, in the region while `build` runs; see `PinnedMemory.allocate`. */
  override allocate(size: number, align = 64): number {
    if (!this.#inRegion) return super.allocate(size, align);
    const start = Math.ceil(this.#next / align) * align;
    if (start + size > this.#end) throw new RangeError("a port does not fit its region");
    this.#next = start + size;
    return start;
  }

  /**
   * Makes a port in a region of its own. The region's number frees it when the port is gone.
   *
   * @throws {VpnError} when all regions are in use.
   */
  build<const Port>(make: () => Port): { readonly port: Port; readonly region: number } {
    const region = this.#free.pop();
    if (region === undefined) {
      throw new VpnError(`more than ${regionCount} sockets and devices`, "attach fewer");
    }
    this.bytes.fill(0, region, region + regionSize);
    this.#next = region;
    this.#end = region + regionSize;
    this.#inRegion = true;
    try {
      return { port: make(), region };
    } catch (error) {
      this.#free.push(region);
      throw error;
    } finally {
      this.#inRegion = false;
    }
  }

  /** Frees the region of a port that is used no more. */
  free(region: number): void {
    this.#free.push(region);
  }
}
