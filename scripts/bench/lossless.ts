/**
 * The highest packet rate that arrives without loss, by trying.
 *
 * @module
 */

/** Packets at one end of a try. */
export interface Passage {
  readonly count: number;
  /** From the first to the last one, by that end's own clock. */
  readonly seconds: number;
}

/** What one try brought. */
export interface Probe {
  readonly sent: Passage;
  readonly received: Passage;
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

/**
 * A sender below that part of what it was asked for is near its own limit; a receiver that gets
 * packets at less than that part of the sender's rate gets them out of queues, which would overflow
 * if it went on.
 */
const slack = 0.95;

/** Packets per second. */
function rateOf({ count, seconds }: Passage): number {
  return seconds > 0 ? count / seconds : 0;
}

/** Whether the rate arrived, in full and in time. */
export function isLossless({ sent, received }: Probe, tolerance: number): boolean {
  return sent.count > 0 && received.count >= sent.count * (1 - tolerance) &&
    rateOf(received) >= rateOf(sent) * slack;
}

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
      const result = await probe(rate);
      if (isLossless(result, options.tolerance)) {
        // The receiver's clock misses what is before the first packet it sees.
        const received = Math.min(rateOf(result.received), rateOf(result.sent));
        return { sent: rateOf(result.sent), received };
      }
    }
    return undefined;
  };
  while (probes < options.maxProbes && high > low * (1 + options.precision)) {
    const arrived = await arrives();
    if (arrived !== undefined) {
      const isSenderSpent = arrived.sent < rate * slack &&
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
