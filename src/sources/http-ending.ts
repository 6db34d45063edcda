// What ends a request before its answer is complete: its deadline, or the signal of whoever wants the answer. An
// AbortSignal for each request would do as well, but an engine with many containers is asked for each of them, and there
// its listeners cost as much as the rest of a request.

/** The end of one request, should it come early. */
export class Ending {
  isOver = false;
  /** Why it is over. */
  reason: unknown;
  /** What is to happen then; called at most once. */
  onEnd: ((reason: unknown) => void) | undefined;

  end(reason: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.reason = reason;
    this.onEnd?.(reason);
  }
}

/** Endings that come with a signal; all of one signal share a listener, which is there while one of them is. */
export class Followers {
  readonly #groups = new WeakMap<AbortSignal, Group>();

  /** Ends with the signal from now on. */
  add(ending: Ending, signal: AbortSignal): void {
    let group = this.#groups.get(signal);
    if (!group) {
      const endings = new Set<Ending>();
      const onAbort = (): void => {
        this.#groups.delete(signal);
        for (const each of endings) each.end(signal.reason);
      };
      group = { endings, onAbort };
      this.#groups.set(signal, group);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    group.endings.add(ending);
  }

  /** It does not end with the signal any more. */
  delete(ending: Ending, signal: AbortSignal): void {
    const group = this.#groups.get(signal);
    if (!group) return;
    group.endings.delete(ending);
    if (group.endings.size > 0) return;
    this.#groups.delete(signal);
    signal.removeEventListener('abort', group.onAbort);
  }
}

interface Group {
  readonly endings: Set<Ending>;
  readonly onAbort: () => void;
}
