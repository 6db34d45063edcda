// Many hints, one action: it runs when the hints have paused, and not later than a given time after the first of them.

export interface DebounceOptions {
  /** Milliseconds without a hint after which the action runs. */
  readonly quietMs: number;
  /** Milliseconds after the first hint at which it runs in any case. */
  readonly maxMs: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly run: () => void;
}

export class Debounce {
  readonly #options: DebounceOptions;
  #timer: NodeJS.Timeout | undefined;
  #firstAt: number | undefined;

  constructor(options: DebounceOptions) {
    this.#options = options;
  }

  hint(): void {
    const { quietMs, maxMs, now, run } = this.#options;
    this.#firstAt ??= now();
    clearTimeout(this.#timer);
    const leftMs = Math.max(0, this.#firstAt + maxMs - now());
    this.#timer = setTimeout(
      () => {
        this.#firstAt = undefined;
        run();
      },
      Math.min(quietMs, leftMs),
    );
  }

  /** Forgets the hints so far. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#firstAt = undefined;
  }
}
