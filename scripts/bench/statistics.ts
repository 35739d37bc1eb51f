/**
 * The few statistics that the benchmark needs.
 *
 * @module
 */

/** A value of one round; `null` where the round has none. */
export type Sample = number | null;

/** The samples that are there. */
export function present(samples: readonly Sample[]): number[] {
  return samples.filter((sample) => sample !== null);
}

/** The value in the middle, of an even number the mean of the two there; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median of the ratios round by round, of the rounds in which both have a sample. What a round
 * has in common, such as a machine that is slow just then, cancels out.
 *
 * @returns undefined without such a round, or where a ratio means nothing: `to` is 0 or negative.
 */
export function medianRatio(of: readonly Sample[], to: readonly Sample[]): number | undefined {
  const ratios: number[] = [];
  for (const [round, sample] of of.entries()) {
    const other = to[round] ?? null;
    if (sample === null || other === null) continue;
    if (other <= 0) return undefined;
    ratios.push(sample / other);
  }
  return median(ratios);
}
