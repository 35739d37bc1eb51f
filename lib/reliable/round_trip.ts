/**
 * A peer's round-trip time, smoothed: what a sender's acknowledgements say of it. Pure.
 *
 * Source: RFC 6298, section 2 (SRTT; its timer is not ours, `tls-timeout` is).
 *
 * @module
 */

/** Weight of a new sample (RFC 6298, section 2: alpha). */
const alpha = 1 / 8;

/** A round-trip time, and of when it is. */
export interface RoundTrip {
  /** Smoothed, ms. */
  readonly time: number;
  /** When the last sample came, ms since 1970. */
  readonly measuredAt: number;
}

/** See the module's page. */
export class RoundTripEstimate {
  #smoothed: number | undefined;
  #measuredAt = 0;

  /**
   * Takes a sample, ms. What no clock can have measured is left out.
   *
   * @param now ms since 1970.
   */
  add(sample: number, now: number): void {
    if (!(sample >= 0 && sample < Infinity)) return;
    const former = this.#smoothed;
    this.#smoothed = former === undefined ? sample : former + alpha * (sample - former);
    this.#measuredAt = now;
  }

  /** Undefined before the first sample. */
  get current(): RoundTrip | undefined {
    if (this.#smoothed === undefined) return undefined;
    return { time: this.#smoothed, measuredAt: this.#measuredAt };
  }
}
