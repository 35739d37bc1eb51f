/**
 * The highest packet rate that arrives without loss, by trying.
 *
 * @module
 */

/** What one try brought. Rates are in packets per second. */
export interface Probe {
  /** Rate that really left the sender. */
  readonly sent: number;
  readonly received: number;
}

/** How to search. */
export interface SearchOptions {
  /** Rate to begin with. */
  readonly start: number;
  /** Whether `start` is known to be near: the steps are small then. */
  readonly near: boolean;
  /** Part of the packets that may be missing. */
  readonly tolerance: number;
  /** The search ends when the lowest rate that fails is so much above the highest that doesn't. */
  readonly precision: number;
  /** Tries at most. */
  readonly maxProbes: number;
}

/** A sender below that part of what it was asked for is near its own limit. */
const senderSlack = 0.95;

/**
 * Searches upwards or downwards with growing steps until one rate arrives and another doesn't, then
 * halves the distance. A rate counts as lossy when it is so twice in a row: a hiccup of the machine
 * is no property of the tunnel. The search also ends where asking the sender for more brings no
 * more.
 *
 * @returns Packets per second received at the best rate.
 * @throws {Error} when no rate arrived.
 */
export async function searchLossless(
  probe: (rate: number) => Promise<Probe>,
  options: SearchOptions,
): Promise<number> {
  let best = 0;
  let low = 0;
  let high = Infinity;
  let rate = options.start;
  let step = options.near ? 1.2 : 2;
  let probes = 0;
  const arrives = async () => {
    for (let tries = 0; tries < 2 && probes < options.maxProbes; tries++) {
      probes++;
      const { sent, received } = await probe(rate);
      if (sent > 0 && received >= sent * (1 - options.tolerance)) return { sent, received };
    }
    return undefined;
  };
  while (probes < options.maxProbes && high > low * (1 + options.precision)) {
    const arrived = await arrives();
    if (arrived !== undefined) {
      const isSenderSpent = arrived.sent < rate * senderSlack &&
        arrived.received < best * (1 + options.precision);
      best = Math.max(best, arrived.received);
      if (isSenderSpent) break;
      low = rate;
    } else {
      high = rate;
    }
    if (low > 0 && high < Infinity) {
      rate = (low + high) / 2;
    } else {
      rate = low > 0 ? rate * step : rate / step;
      step = Math.min(step * step, 2);
    }
  }
  if (best === 0) throw new Error(`no rate down to ${Math.round(rate)} packets/s without loss`);
  return best;
}
