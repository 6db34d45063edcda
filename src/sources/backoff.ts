// How long to wait before the next attempt: longer after each failure, and never as long as the neighbour, so that a
// master that comes back is not met by everybody at once. (dcos-net and Marathon-LB wait alike.)
import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffOptions {
  /** Milliseconds, at most, before the first new attempt. */
  readonly firstMs: number;
  /** Milliseconds, at most, before any attempt. */
  readonly maxMs: number;
  /** Milliseconds for which things must go well until failures are forgotten: what fails at once is no success. */
  readonly settledMs: number;
  /** Milliseconds. */
  readonly now: () => number;
  /** 0 to below 1; `Math.random` when absent. */
  readonly random?: (() => number) | undefined;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;
  #goodSince: number | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Things go well (still). */
  good(): void {
    this.#goodSince ??= this.#options.now();
  }

  /**
   * Things went wrong.
   * @returns milliseconds to wait: half to all of a span that doubles with each failure in a row
   */
  failed(): number {
    const { firstMs, maxMs, settledMs, now, random = Math.random } = this.#options;
    if (this.#goodSince !== undefined && now() - this.#goodSince >= settledMs) this.#failures = 0;
    this.#goodSince = undefined;
    const span = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures++, 30));
    return span * (0.5 + random() / 2);
  }
}

/** Waits; resolves early when the signal fires. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
