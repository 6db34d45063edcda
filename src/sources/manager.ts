// Runs the sources, keeps what each reported last in good order (on disk, too), and tells what really changed. A source in
// trouble changes nothing: its last good report stays in force, and only its age grows. One that suddenly tells of much less
// than before is not taken at its word until that has lasted.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Schedule } from '../base/schedule.ts';
import type { Cluster, Problem } from '../model/cluster.ts';
import type { ClusterDelta } from './delta.ts';
import type { GuardSettings } from './guard.ts';
import { HeldBack, losesMost, withKnown } from './guard.ts';
import { LastGood } from './last-good.ts';
import type { Source } from './source.ts';
import type { StateFolder } from './state-folder.ts';

export type { ClusterDelta, Replaced } from './delta.ts';

/** A source and how far it is trusted. */
export interface ManagedSource {
  readonly source: Source;
  /** Whether nothing may be denied before it has told what it knows. */
  readonly isRequired: boolean;
  /** Absent: what it says is taken at its word, as from a file that a person edits. */
  readonly guard?: GuardSettings | undefined;
}

export interface SourceManagerOptions {
  readonly sources: readonly ManagedSource[];
  /** Where the last good states outlive a restart; they do not when absent. */
  readonly state?: StateFolder | undefined;
  /** Called within each report that changed something, and for no other. */
  readonly onDelta: (delta: ClusterDelta) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly schedule: Schedule;
}

export interface SourceStatus {
  readonly name: string;
  readonly isRequired: boolean;
  /** When it last reported well, in milliseconds of `now`, in this run or before; absent before the first time. */
  readonly lastGoodAt: number | undefined;
  /** Whether what is known of it comes from an earlier run: it has not reported well in this one. */
  readonly isRestored: boolean;
  /** What is wrong now; absent while it reads well. */
  readonly trouble: string | undefined;
  readonly tasks: number;
  /** Entries of the last report that were left out or only partly used. */
  readonly problems: number;
  /** Tasks that are kept although the source does not tell of them any more; absent when nothing is held back. */
  readonly heldBack: number | undefined;
}

/** Milliseconds that the first attempt of a source is waited for whose state of the run before is there. */
const RESTORED_WAIT_MS = 100;

/** Problems of one report that get a line of their own in the log; the rest is summed up in one. */
const LOGGED_PROBLEMS = 20;

interface Supervised extends ManagedSource {
  readonly good: LastGood;
  lastGoodAt: number | undefined;
  isRestored: boolean;
  held: HeldBack | undefined;
  /** Ends the wait for the losses that are held back; absent while there is none, or while the source is in trouble. */
  cancelHold: (() => void) | undefined;
  trouble: string | undefined;
  /** The problems known, by place and reason; each is logged and counted when it first appears. */
  problems: Set<string>;
}

export class SourceManager {
  readonly #options: SourceManagerOptions;
  readonly #supervised: readonly Supervised[];

  /** @throws Error when two sources have one name */
  constructor(options: SourceManagerOptions) {
    this.#options = options;
    this.#supervised = options.sources.map((managed) => ({
      ...managed,
      good: new LastGood(managed.source.name),
      lastGoodAt: undefined,
      isRestored: false,
      held: undefined,
      cancelHold: undefined,
      trouble: undefined,
      problems: new Set(),
    }));
    const names = new Set<string>();
    for (const { name } of options.sources.map(({ source }) => source)) {
      if (names.has(name)) throw new Error(`Cannot run two sources of one name: ${name}; remove one of them`);
      names.add(name);
    }
  }

  /**
   * Starts all sources; resolves once the first attempt of each has ended, well or not. One that is not required is not
   * waited for, and one whose state of an earlier run is there not for long.
   */
  async start(): Promise<void> {
    await Promise.all(
      this.#supervised.map(async (supervised) => {
        await this.#restore(supervised);
        const first = this.#startOne(supervised);
        if (supervised.isRestored) await Promise.race([first, delay(RESTORED_WAIT_MS, undefined, { ref: false })]);
        else if (supervised.isRequired) await first;
      }),
    );
  }

  /** Stops all sources; `onDelta` is not called after it resolves. */
  async stop(): Promise<void> {
    await Promise.all(this.#supervised.map(({ source }) => source.stop()));
    for (const { cancelHold } of this.#supervised) cancelHold?.();
    await this.#options.state?.stop();
  }

  /** The last good cluster of each source that has reported, by source name. */
  clusters(): ReadonlyMap<string, Cluster> {
    return new Map(
      this.#supervised
        .filter(({ lastGoodAt }) => lastGoodAt !== undefined)
        .map(({ source, good }) => [source.name, good.cluster()]),
    );
  }

  status(): readonly SourceStatus[] {
    return this.#supervised.map(({ source, isRequired, good, lastGoodAt, isRestored, trouble, problems, held }) => ({
      name: source.name,
      isRequired,
      lastGoodAt,
      isRestored,
      trouble,
      tasks: good.taskCount,
      problems: problems.size,
      heldBack: held?.missingTasks,
    }));
  }

  /** Takes the state that the source had in an earlier run. */
  async #restore(supervised: Supervised): Promise<void> {
    const { state, log, metrics, now, onDelta } = this.#options;
    const { name } = supervised.source;
    const saved = await state?.load(name);
    if (!saved) return;
    const { delta } = supervised.good.replace(saved.cluster);
    supervised.lastGoodAt = saved.goodAt;
    supervised.isRestored = true;
    metrics
      .counter('portolan_source_restored_total', 'States of an earlier run that were used.', { source: name })
      .add();
    const ageSeconds = Math.round((now() - saved.goodAt) / 1000);
    log.warn({ source: name, ageSeconds, tasks: supervised.good.taskCount }, 'stale state of an earlier run in use');
    if (delta) onDelta(delta);
  }

  async #startOne(supervised: Supervised): Promise<void> {
    try {
      await supervised.source.start({
        snapshot: (told, problems = []) => {
          const { delta, repeated } = supervised.good.replace(this.#guarded(supervised, told));
          const known = supervised.problems;
          supervised.problems = new Set();
          this.#problems(supervised, [...problems, ...repeated], known);
          this.#reported(supervised, delta);
        },
        change: (change, problems = []) => {
          const delta = supervised.good.apply(change);
          supervised.held?.told(change);
          this.#problems(supervised, problems, supervised.problems);
          this.#reported(supervised, delta);
        },
        trouble: (message) => this.#trouble(supervised, message),
      });
    } catch (error) {
      this.#trouble(supervised, `Cannot start: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #reported(supervised: Supervised, delta: ClusterDelta | undefined): void {
    if (supervised.trouble !== undefined)
      this.#options.log.info({ source: supervised.source.name }, 'source reads again');
    supervised.trouble = undefined;
    supervised.lastGoodAt = this.#options.now();
    supervised.isRestored = false;
    if (supervised.held) supervised.cancelHold ??= this.#startHold(supervised);
    this.#changed(supervised, delta);
  }

  #changed({ source: { name: source }, good, lastGoodAt }: Supervised, delta: ClusterDelta | undefined): void {
    const goodAt = lastGoodAt!;
    this.#options.state?.note(source, delta !== undefined, () => ({ source, goodAt, cluster: good.cluster() }));
    if (delta) this.#options.onDelta(delta);
  }

  /** What is to be taken of a whole state: all of it, or, when it suddenly lacks most of what was there, not what it lacks. */
  #guarded(supervised: Supervised, told: Cluster): Cluster {
    const { source, good, guard, held } = supervised;
    const known = held?.before ?? { tasks: good.taskCount, agents: good.agentCount };
    if (!guard || !losesMost(known, told, guard)) {
      if (held) this.#options.log.info({ source: source.name }, 'source tells of its tasks again');
      this.#endHold(supervised);
      return told;
    }
    const before = good.cluster();
    supervised.held = new HeldBack(known, before, told);
    if (!held) {
      this.#options.metrics
        .counter('portolan_source_held_back_total', 'States that suddenly lacked most of what was known.', {
          source: source.name,
        })
        .add();
      this.#options.log.warn(
        {
          source: source.name,
          tasks: [known.tasks, told.tasks.length],
          agents: [known.agents, told.agents.length],
          takenAfterSeconds: guard.holdMs / 1000,
        },
        'source suddenly tells of much less: what is missing is kept',
      );
    }
    return withKnown(told, before);
  }

  #startHold(supervised: Supervised): () => void {
    return this.#options.schedule(() => {
      const { source, held, good } = supervised;
      const losses = held!.losses();
      this.#endHold(supervised);
      this.#options.log.warn({ source: source.name, tasks: losses.removedTasks!.length }, 'losses taken: they lasted');
      this.#changed(supervised, good.apply(losses));
    }, supervised.guard!.holdMs);
  }

  #endHold(supervised: Supervised): void {
    supervised.held = undefined;
    supervised.cancelHold?.();
    supervised.cancelHold = undefined;
  }

  #trouble(supervised: Supervised, message: string): void {
    const { name } = supervised.source;
    // Nobody says any more that the losses are real: they wait anew once the source reads again.
    supervised.cancelHold?.();
    supervised.cancelHold = undefined;
    this.#options.metrics
      .counter('portolan_source_failures_total', 'Attempts to read a source that failed.', { source: name })
      .add();
    if (supervised.trouble === message) return;
    supervised.trouble = message;
    const kept = supervised.lastGoodAt === undefined ? 'nothing known yet' : 'last good report stays in force';
    this.#options.log.warn({ source: name, why: message, kept }, 'source in trouble');
  }

  #problems(supervised: Supervised, problems: readonly Problem[], known: ReadonlySet<string>): void {
    const { name } = supervised.source;
    let fresh = 0;
    for (const { where, why } of problems) {
      const key = `${where}\n${why}`;
      const isNew = !known.has(key) && !supervised.problems.has(key);
      supervised.problems.add(key);
      if (isNew && ++fresh <= LOGGED_PROBLEMS)
        this.#options.log.warn({ source: name, where, why }, 'source entry not usable');
    }
    const unlogged = fresh - LOGGED_PROBLEMS;
    if (unlogged > 0) this.#options.log.warn({ source: name, count: unlogged }, 'more source entries not usable');
    if (fresh > 0)
      this.#options.metrics
        .counter('portolan_source_problems_total', 'Entries of a source that could not be used in full.', {
          source: name,
        })
        .add(fresh);
  }
}
