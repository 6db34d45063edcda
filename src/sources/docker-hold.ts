// Containers that fail again and again: between the tries they have no address, and each try may have another. They are
// held back until they have been up for a while, so that answers do not flap.

interface Life {
  startedAt: number;
  /** Short lives in a row. */
  shortLives: number;
}

/** Short lives in a row from which on a container is held: restarting one by hand is no failure. */
const TOLERATED = 2;

export class HoldDown {
  readonly #holdMs: number;
  readonly #now: () => number;
  readonly #lives = new Map<string, Life>();

  /**
   * @param holdMs milliseconds; a life shorter than this is short, and a container that is held has to be up for as long
   * @param now milliseconds
   */
  constructor(holdMs: number, now: () => number) {
    this.#holdMs = holdMs;
    this.#now = now;
  }

  started(id: string): void {
    const life = this.#lives.get(id);
    if (life) life.startedAt = this.#now();
    else this.#lives.set(id, { startedAt: this.#now(), shortLives: 0 });
  }

  died(id: string): void {
    const life = this.#lives.get(id);
    if (!life) return;
    if (this.#now() - life.startedAt < this.#holdMs) life.shortLives++;
    else this.#lives.delete(id);
  }

  /** It will not start again. */
  forget(id: string): void {
    this.#lives.delete(id);
  }

  /** Milliseconds for which a container is still to be held; 0 when it is not. */
  remaining(id: string): number {
    const life = this.#lives.get(id);
    if (!life || life.shortLives < TOLERATED) return 0;
    return Math.max(0, life.startedAt + this.#holdMs - this.#now());
  }
}
