// Counters in shared memory: every thread adds to its own slice without a lock, a reader adds the slices up.

/** A counter as it is declared: its Prometheus name, its labels and its help line. */
export interface CounterSpec {
  /** `portolan_<noun>_<unit>_total` */
  readonly name: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A counter of the main thread, for things that happen seldom. */
export class Counter {
  readonly spec: CounterSpec;
  value = 0;
  constructor(spec: CounterSpec) {
    this.spec = spec;
  }
  add(count = 1): void {
    this.value += count;
  }
}

/** The counters of the main thread, by name and labels. */
export class Metrics {
  readonly #counters = new Map<string, Counter>();

  /** The counter of that name and labels; made at the first call. */
  counter(name: string, help: string, labels: Readonly<Record<string, string>> = {}): Counter {
    const key = `${name}{${Object.entries(labels)
      .map(([k, v]) => `${k}=${JSON.stringify(v)}`)
      .join(',')}}`;
    let counter = this.#counters.get(key);
    if (!counter) {
      counter = new Counter({ name, help, labels });
      this.#counters.set(key, counter);
    }
    return counter;
  }

  /** Values by name and labels, as Prometheus writes them. */
  named(): Record<string, number> {
    return Object.fromEntries(Array.from(this.#counters, ([key, { value }]) => [key.replace(/\{\}$/, ''), value]));
  }

  /** All counters, in the order in which they were made. */
  *[Symbol.iterator](): IterableIterator<Counter> {
    yield* this.#counters.values();
  }
}
