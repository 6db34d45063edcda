// Numbers made of many: what a table shows of several turns, and of the latencies of one run.

/** Of several turns: the middle value, the least and the greatest. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError for no values */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('Cannot take the median: no values');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** Latencies of one run, milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** @param milliseconds at least one; sorted in place */
export function latenciesOf(milliseconds: Float64Array): Latencies {
  if (milliseconds.length === 0) throw new RangeError('Cannot take percentiles: no answers');
  milliseconds.sort();
  // The least value that the share of all is at or below (nearest rank).
  const at = (share: number) => milliseconds[Math.ceil(share * milliseconds.length) - 1]!;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

/** The middle of several runs, value by value. */
export function medianLatencies(runs: readonly Latencies[]): Latencies {
  const of = (key: keyof Latencies) => spread(runs.map((run) => run[key])).median;
  return { p50: of('p50'), p99: of('p99'), p999: of('p999'), max: of('max') };
}
