// Where the last good states of the sources lie between two runs: a folder with two generations of a file for each source.
// A state is written a little after it changed; what cannot be written stays in memory and is tried again.
import { hash } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { syncFolder, writeFileAtomically } from '../base/atomic-file.ts';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Schedule } from '../base/schedule.ts';
import type { SavedState } from './snapshot.ts';
import { readSnapshot, snapshotText } from './snapshot.ts';

export interface StateFolderOptions {
  readonly folder: string;
  /** Milliseconds; a state that is older when the program starts is not used. */
  readonly maxAgeMs: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly schedule: Schedule;
}

/** Milliseconds from a change until it is written: changes that come together are written together. */
const WRITE_AFTER_MS = 500;

/** Milliseconds until what could not be written is tried again. */
const RETRY_MS = 10_000;

/** Milliseconds after which a state that did not change is written again all the same, for its age. */
const RENEW_MS = 3_600_000;

/** Writing takes at most one part in so many of the time, however fast a large state changes. */
const WRITE_SHARE = 20;

interface Kept {
  /** Gives the state as it is when it comes to writing. */
  state: () => SavedState;
  writtenGoodAt: number;
  /** How long the last writing took, milliseconds. */
  tookMs: number;
  cancel: (() => void) | undefined;
  writing: Promise<void>;
  failure: string | undefined;
}

export class StateFolder {
  readonly #options: StateFolderOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: StateFolderOptions) {
    this.#options = options;
  }

  /** What the source said last in good order before this run; undefined when nothing usable is there. Never throws. */
  async load(source: string): Promise<SavedState | undefined> {
    const { log, metrics, now, maxAgeMs } = this.#options;
    for (const file of generations(this.#fileOf(source))) {
      try {
        const state = readSnapshot(await readFile(file));
        if (state.source !== source) throw new Error(`expected the state of ${source}, got that of ${state.source}`);
        const ageMs = now() - state.goodAt;
        if (ageMs > maxAgeMs)
          throw new Error(
            `it is ${Math.round(ageMs / 1000)} s old: expected at most ${maxAgeMs / 1000} s (state.maxAge)`,
          );
        return state;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        metrics.counter('portolan_state_refused_total', 'Saved states that could not be used.', { source }).add();
        log.error({ source, file, why: (error as Error).message }, 'saved state refused');
      }
    }
    return undefined;
  }

  /**
   * Says that a source reported well.
   * @param isChanged whether it said anything new
   * @param state called when it comes to writing
   */
  note(source: string, isChanged: boolean, state: () => SavedState): void {
    const { now, schedule } = this.#options;
    let kept = this.#kept.get(source);
    if (!kept) {
      kept = {
        state,
        writtenGoodAt: Number.NEGATIVE_INFINITY,
        tookMs: 0,
        cancel: undefined,
        writing: Promise.resolve(),
        failure: undefined,
      };
      this.#kept.set(source, kept);
    }
    kept.state = state;
    if (kept.cancel || (!isChanged && now() - kept.writtenGoodAt < RENEW_MS)) return;
    const afterMs = kept.failure === undefined ? Math.max(WRITE_AFTER_MS, kept.tookMs * WRITE_SHARE) : RETRY_MS;
    kept.cancel = schedule(() => this.#write(source), afterMs);
  }

  /** Writes what waits to be written; to be called when nothing is noted any more. */
  async stop(): Promise<void> {
    for (const [source, { cancel }] of this.#kept) if (cancel) this.#write(source);
    await Promise.all([...this.#kept.values()].map(({ writing }) => writing));
    for (const { cancel } of this.#kept.values()) cancel?.();
  }

  #write(source: string): void {
    const kept = this.#kept.get(source)!;
    kept.cancel?.();
    kept.cancel = undefined;
    kept.writing = kept.writing.then(() => this.#writeNow(source, kept));
  }

  async #writeNow(source: string, kept: Kept): Promise<void> {
    const { folder, log, metrics, schedule } = this.#options;
    const file = this.#fileOf(source);
    const [current, previous] = generations(file);
    const next = `${file}.next`;
    const startedAt = performance.now();
    const state = kept.state();
    try {
      await mkdir(folder, { recursive: true });
      await writeFileAtomically(next, pieces(state));
      await rename(current, previous).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await rename(next, current);
      await syncFolder(folder);
      if (kept.failure !== undefined) log.info({ source, file }, 'state can be written again');
      kept.failure = undefined;
      kept.writtenGoodAt = state.goodAt;
      metrics.counter('portolan_state_writes_total', 'States of sources written to disk.', { source }).add();
    } catch (error) {
      const { message } = error as Error;
      metrics.counter('portolan_state_write_failures_total', 'States that could not be written.', { source }).add();
      if (kept.failure !== message)
        log.error({ source, file, why: message }, 'state cannot be written; it stays in memory and is tried again');
      kept.failure = message;
      kept.cancel ??= schedule(() => this.#write(source), RETRY_MS);
    }
    kept.tookMs = performance.now() - startedAt;
  }

  /** Names of sources hold anything, so the file goes by their hash. */
  #fileOf(source: string): string {
    return join(this.#options.folder, `source-${hash('sha1', source).slice(0, 16)}.state`);
  }
}

/** The newest first. */
function generations(file: string): readonly [string, string] {
  return [file, `${file}.previous`];
}

/** The text, with a pause after each piece in which the rest of the program goes on. */
async function* pieces(state: SavedState): AsyncGenerator<string, void, undefined> {
  for (const piece of snapshotText(state)) {
    yield piece;
    await breathe();
  }
}
