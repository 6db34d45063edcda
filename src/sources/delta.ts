// The difference between two states of one source: what consumers get, and how it is gathered while a report is taken.
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import type { Masters } from '../model/masters.ts';
import type { Network } from '../model/network.ts';
import type { Service } from '../model/service.ts';
import type { Task } from '../model/task.ts';
import { isSameMasters } from './compare.ts';

/** A new value and the one that it replaces, which is undefined when the key is new. */
export type Replaced<T> = readonly [now: T, before: T | undefined];

/** What really changed in one source. A report that repeats what is known makes none. */
export interface ClusterDelta {
  /** `Source.name`. */
  readonly source: string;
  readonly upserted: {
    /** By name. */
    readonly tasks: readonly Replaced<Task>[];
    readonly agents: readonly Replaced<Agent>[];
    readonly frameworks: readonly Replaced<Framework>[];
    /** Absent when none changed; the same for networks. */
    readonly services?: readonly Replaced<Service>[] | undefined;
    readonly networks?: readonly Replaced<Network>[] | undefined;
    /** Absent when the masters did not change or are no longer known. */
    readonly masters?: Replaced<Masters> | undefined;
  };
  readonly removed: {
    readonly tasks: readonly Task[];
    readonly agents: readonly Agent[];
    readonly frameworks: readonly Framework[];
    readonly services?: readonly Service[] | undefined;
    readonly networks?: readonly Network[] | undefined;
    /** The masters that were known before and no longer are. */
    readonly masters?: Masters | undefined;
  };
}

interface Moved<T> {
  readonly upserted: Replaced<T>[];
  readonly removed: T[];
}

/** Gathers the difference. */
export class Delta {
  readonly tasks: Moved<Task> = { upserted: [], removed: [] };
  readonly agents: Moved<Agent> = { upserted: [], removed: [] };
  readonly frameworks: Moved<Framework> = { upserted: [], removed: [] };
  readonly services: Moved<Service> = { upserted: [], removed: [] };
  readonly networks: Moved<Network> = { upserted: [], removed: [] };
  readonly #source: string;
  #masters: Replaced<Masters> | undefined;
  #removedMasters: Masters | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  masters(before: Masters | undefined, now: Masters | undefined): void {
    if (isSameMasters(before, now)) return;
    if (now) this.#masters = [now, before];
    else this.#removedMasters = before;
  }

  replaceAll<T extends { readonly id: string }>(
    before: ReadonlyMap<string, T>,
    reported: readonly T[],
    isSame: (a: T, b: T) => boolean,
    moved: Moved<T>,
  ): Map<string, T> {
    const now = new Map<string, T>();
    for (const value of reported) {
      if (now.has(value.id)) continue;
      const known = before.get(value.id);
      const isKept = known !== undefined && isSame(known, value);
      now.set(value.id, isKept ? known : value);
      if (!isKept) moved.upserted.push([value, known]);
    }
    for (const [id, value] of before) if (!now.has(id)) moved.removed.push(value);
    return now;
  }

  replaceSome<T extends { readonly id: string }>(
    values: Map<string, T>,
    reported: readonly T[] | undefined,
    removed: readonly string[] | undefined,
    isSame: (a: T, b: T) => boolean,
    moved: Moved<T>,
  ): void {
    const again = new Set(reported?.map(({ id }) => id));
    for (const id of removed ?? []) {
      const value = values.get(id);
      if (value === undefined || again.has(id)) continue;
      values.delete(id);
      moved.removed.push(value);
    }
    for (const value of reported ?? []) {
      const known = values.get(value.id);
      if (known !== undefined && isSame(known, value)) continue;
      values.set(value.id, value);
      moved.upserted.push([value, known]);
    }
  }

  done(): ClusterDelta | undefined {
    const { tasks, agents, frameworks, services, networks } = this;
    const isQuiet = [tasks, agents, frameworks, services, networks].every(
      ({ upserted, removed }) => upserted.length === 0 && removed.length === 0,
    );
    if (isQuiet && !this.#masters && !this.#removedMasters) return undefined;
    // Those of one app share most of what is made of them, which is then made once.
    if (tasks.upserted.length > 1) tasks.upserted.sort(([a], [b]) => (a.name < b.name ? -1 : Number(a.name > b.name)));
    return {
      source: this.#source,
      upserted: {
        tasks: tasks.upserted,
        agents: agents.upserted,
        frameworks: frameworks.upserted,
        masters: this.#masters,
        ...(services.upserted.length > 0 && { services: services.upserted }),
        ...(networks.upserted.length > 0 && { networks: networks.upserted }),
      },
      removed: {
        tasks: tasks.removed,
        agents: agents.removed,
        frameworks: frameworks.removed,
        masters: this.#removedMasters,
        ...(services.removed.length > 0 && { services: services.removed }),
        ...(networks.removed.length > 0 && { networks: networks.removed }),
      },
    };
  }
}
