// HOT PATH: no allocation, no await, no throw
// How long answers take, from a look at one turn in many: two readings of the clock for each query would be a tenth of its cost.
import { countLatency } from '../base/counters.ts';

/** One turn in so many is timed, a power of two; the first is. */
const EVERY = 64;

/** Times the turns of one listener: from having received to having handed the replies to the kernel. */
export class LatencySample {
  readonly #counters: Float64Array;
  #turns = 0;
  #began = 0;

  /** @param counters of the listener's transport */
  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  /** A turn begins: something has been received. */
  begin(): void {
    this.#began = (this.#turns++ & (EVERY - 1)) === 0 ? performance.now() : 0;
  }

  /** It is over. @param queries how many there were */
  end(queries: number): void {
    if (this.#began === 0 || queries === 0) return;
    countLatency(this.#counters, (performance.now() - this.#began) * 1_000, queries);
    this.#began = 0;
  }
}
