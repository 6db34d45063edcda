// Which of its names a task is found under while it is ill: unhealthy, about to be killed, or not (any more) ready. It
// leaves them once that has lasted, comes back once it has been well for as long, and where all that share a name are ill
// they all stay: an answer that may fail is better than none. Stands between the merged sources and the publisher.
import type { Counter } from '../base/metrics.ts';
import { Metrics } from '../base/metrics.ts';
import type { Schedule } from '../base/schedule.ts';
import type { Standing, Task } from '../model/task.ts';
import { isWell, taskKey } from '../model/task.ts';
import type { ClusterDelta, Replaced } from './delta.ts';
import { NONE } from './reading.ts';

export interface HealthSettings {
  /** Milliseconds for which a task must have been ill, or well again, until that counts. */
  readonly holdMs: number;
  /** Milliseconds for which a task that is about to be killed keeps its names. */
  readonly drainMs: number;
}

export interface HealthOptions {
  readonly settings: HealthSettings;
  /** What a task shares with others, each of which alone would do: its names. */
  readonly namesOf: (task: Task) => readonly string[];
  /** Called with what is to be published at once: deltas as they came, with the standing of their tasks, and more. */
  readonly publish: (deltas: readonly ClusterDelta[]) => void;
  readonly metrics: Metrics;
  readonly schedule: Schedule;
}

/** A task that is ill, or was a moment ago. Of the others nothing is kept. */
interface Patient {
  readonly source: string;
  readonly key: string;
  task: Task;
  /** Whether it counts as well. */
  isIn: boolean;
  /** Whether it ever did: one that never did has nothing to prove. */
  hasBeenIn: boolean;
  /** What it is waited for to have lasted. */
  waitingFor: 'well' | 'ill' | 'killing' | undefined;
  cancel: (() => void) | undefined;
}

/** All that go by one name. */
interface Group {
  /** How many count as well. */
  well: number;
  /** Those that do not; absent before the first one, because most names never have any. */
  out: Set<Patient> | undefined;
  /** Whether all are out, so that they are answered all the same. */
  isFloor: boolean;
}

/** Whether a task is there at all: it runs, be it for its last seconds. */
function isThere({ state }: Task): boolean {
  return state === 'running' || state === 'killing';
}

/** An ill task may stand in when there is no other; one that has not come up yet is none. */
function canStandIn({ task, hasBeenIn }: Patient): boolean {
  return task.ready || hasBeenIn;
}

const NO_NAMES: readonly string[] = Object.freeze([]);

export class HealthPolicy {
  readonly #options: HealthOptions;
  readonly #patients = new Map<string, Patient>();
  readonly #groups = new Map<string, Group>();
  readonly #left: Counter;
  readonly #returned: Counter;
  readonly #floors: Counter;
  /** Names whose tasks changed since they were last weighed. */
  readonly #touched = new Set<string>();
  /** Those whose names may have changed since they were last published. */
  readonly #moved = new Set<Patient>();

  constructor(options: HealthOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#left = metrics.counter('portolan_health_left_total', 'Tasks that left their names because they were ill.');
    this.#returned = metrics.counter('portolan_health_returned_total', 'Tasks that came back to their names.');
    this.#floors = metrics.counter(
      'portolan_health_floors_total',
      'Names whose tasks all came to be ill, and that are answered with all of them.',
    );
  }

  /** Takes what changed in the merged sources and publishes it, as one change. */
  apply(deltas: readonly ClusterDelta[]): void {
    for (const { source, upserted, removed } of deltas) {
      for (const task of removed.tasks) this.#replace(source, undefined, task);
      for (const [now, before] of upserted.tasks) this.#replace(source, now, before);
    }
    this.#weigh();
    // Mostly all are well, and then nothing is to be said of them.
    if (this.#patients.size === 0 && this.#moved.size === 0) {
      if (deltas.length > 0) this.#options.publish(deltas);
      return;
    }
    const shown = deltas.map((delta): ClusterDelta => {
      const tasks = delta.upserted.tasks.map(([now, before]): Replaced<Task> => {
        const patient = this.#patientOf(delta.source, now);
        if (!patient) return [now, before];
        this.#moved.delete(patient);
        return [this.#shown(patient), before];
      });
      return { ...delta, upserted: { ...delta.upserted, tasks } };
    });
    this.#publish(shown);
  }

  #patientOf(source: string, task: Task): Patient | undefined {
    // Mostly all are well, and then no key has to be made.
    return this.#patients.size === 0 ? undefined : this.#patients.get(keyOf(source, task));
  }

  /** Waits for nothing any more. */
  stop(): void {
    for (const { cancel } of this.#patients.values()) cancel?.();
  }

  /** @param now undefined when the task is gone */
  #replace(source: string, now: Task | undefined, before: Task | undefined): void {
    // What engines tell of has rules of its own for this.
    if ((now ?? before)!.framework.system !== undefined) return;
    const known = this.#patientOf(source, (now ?? before)!);
    const wasThere = before !== undefined && isThere(before);
    if (known) this.#leave(known.task, known);
    else if (wasThere) this.#leave(before, undefined);
    if (!now || !isThere(now)) {
      if (known) this.#discharge(known);
      return;
    }
    if (!known && isWell(now)) {
      this.#join(now, undefined);
      return;
    }
    const patient: Patient = known ?? {
      source,
      key: keyOf(source, now),
      task: now,
      isIn: wasThere,
      hasBeenIn: wasThere,
      waitingFor: undefined,
      cancel: undefined,
    };
    this.#patients.set(patient.key, patient);
    patient.task = now;
    this.#examine(patient);
  }

  /** Decides how a patient, which is in no group at this moment, stands from now on, and when that is looked at again. */
  #examine(patient: Patient): void {
    const { holdMs, drainMs } = this.#options.settings;
    const { task } = patient;
    const isNowWell = isWell(task);
    const waitingFor = isNowWell ? 'well' : task.state === 'killing' ? 'killing' : 'ill';
    const waitMs = isNowWell && !patient.hasBeenIn ? 0 : waitingFor === 'killing' ? drainMs : holdMs;
    if (isNowWell === patient.isIn) this.#await(patient, undefined, 0);
    else if (waitMs === 0) this.#turn(patient);
    else this.#await(patient, waitingFor, waitMs);
    this.#settle(patient);
  }

  #await(patient: Patient, waitingFor: Patient['waitingFor'], waitMs: number): void {
    if (patient.waitingFor === waitingFor) return;
    patient.cancel?.();
    patient.waitingFor = waitingFor;
    patient.cancel = waitingFor && this.#options.schedule(() => this.#lasted(patient), waitMs);
  }

  #lasted(patient: Patient): void {
    this.#leave(patient.task, patient);
    this.#turn(patient);
    this.#settle(patient);
    this.#moved.add(patient);
    this.#weigh();
    this.#publish([]);
  }

  #turn(patient: Patient): void {
    this.#await(patient, undefined, 0);
    patient.isIn = !patient.isIn;
    if (patient.hasBeenIn) (patient.isIn ? this.#returned : this.#left).add();
    if (patient.isIn) patient.hasBeenIn = true;
  }

  /** Puts a patient into its groups; one that has recovered is none any more. */
  #settle(patient: Patient): void {
    if (!patient.isIn || !isWell(patient.task)) this.#join(patient.task, patient);
    else {
      this.#patients.delete(patient.key);
      this.#join(patient.task, undefined);
    }
  }

  #discharge(patient: Patient): void {
    patient.cancel?.();
    this.#patients.delete(patient.key);
    this.#moved.delete(patient);
  }

  #join(task: Task, patient: Patient | undefined): void {
    for (const name of this.#options.namesOf(task)) {
      let group = this.#groups.get(name);
      if (!group) {
        group = { well: 0, out: undefined, isFloor: false };
        this.#groups.set(name, group);
      }
      if (!patient || patient.isIn) group.well++;
      else if (group.out) group.out.add(patient);
      else group.out = new Set([patient]);
      this.#touched.add(name);
    }
  }

  #leave(task: Task, patient: Patient | undefined): void {
    for (const name of this.#options.namesOf(task)) {
      const group = this.#groups.get(name);
      if (!group) continue;
      if (patient && !patient.isIn) group.out?.delete(patient);
      else group.well--;
      this.#touched.add(name);
    }
  }

  /** Sees for each name with a change whether all that go by it are out. */
  #weigh(): void {
    for (const name of this.#touched) {
      const group = this.#groups.get(name)!;
      const out: readonly Patient[] = group.out ? [...group.out] : NONE;
      const isFloor = group.well === 0 && out.some(canStandIn);
      if (isFloor && !group.isFloor) this.#floors.add();
      if (isFloor !== group.isFloor) for (const patient of out) this.#moved.add(patient);
      group.isFloor = isFloor;
      if (group.well === 0 && out.length === 0) this.#groups.delete(name);
    }
    this.#touched.clear();
  }

  /** @param deltas with whatever else is to be known of patients */
  #publish(deltas: readonly ClusterDelta[]): void {
    const bySource = new Map<string, Replaced<Task>[]>();
    for (const patient of this.#moved) {
      const replaced: Replaced<Task> = [this.#shown(patient), patient.task];
      const known = bySource.get(patient.source);
      if (known) known.push(replaced);
      else bySource.set(patient.source, [replaced]);
    }
    this.#moved.clear();
    const more = Array.from(
      bySource,
      ([source, tasks]): ClusterDelta => ({
        source,
        upserted: { tasks, agents: [], frameworks: [] },
        removed: { tasks: [], agents: [], frameworks: [] },
      }),
    );
    if (deltas.length + more.length > 0) this.#options.publish([...deltas, ...more]);
  }

  /** The task, with what the records need to know of it. */
  #shown(patient: Patient): Task {
    const { task, isIn } = patient;
    if (isIn && isWell(task)) return task;
    const keptUnder =
      isIn || !canStandIn(patient)
        ? NO_NAMES
        : this.#options.namesOf(task).filter((name) => this.#groups.get(name)!.isFloor);
    return { ...task, standing: { isIn, keptUnder } satisfies Standing };
  }
}

/**
 * Tasks of one moment with their standing, nothing being known of the time before: what is ill is out at once.
 * @param tasks those of each source
 */
export function judged(
  tasks: readonly (readonly Task[])[],
  namesOf: HealthOptions['namesOf'],
): readonly (readonly Task[])[] {
  let found = tasks;
  const policy = new HealthPolicy({
    settings: { holdMs: 0, drainMs: 0 },
    namesOf,
    publish: (deltas) => {
      found = deltas.map(({ upserted }) => upserted.tasks.map(([task]) => task));
    },
    metrics: new Metrics(),
    schedule: () => () => {},
  });
  policy.apply(
    tasks.map((ofSource, number) => ({
      source: String(number),
      upserted: { tasks: ofSource.map((task) => [task, undefined] as const), agents: [], frameworks: [] },
      removed: { tasks: [], agents: [], frameworks: [] },
    })),
  );
  return found;
}

function keyOf(source: string, task: Task): string {
  return `${source}\n${taskKey(task)}`;
}
