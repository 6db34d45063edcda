// Between the sources and what is published: a thing that several sources tell of is published once. Takes the deltas of
// the single sources and gives deltas of the same form in which each thing stands under one source and one key.
// The cost is proportional to the delta.
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import type { Task } from '../model/task.ts';
import { taskKey } from '../model/task.ts';
import { isSameWork } from './compare.ts';
import type { ClusterDelta, Replaced } from './delta.ts';
import { Delta } from './delta.ts';
import { isOneTask, isToldByCluster, mergeTasks } from './merge-tasks.ts';

/** How things of a kind are told apart and put together. */
interface Rules<T> {
  /** Its key within its source. */
  keyOf(value: T): string;
  /** Whether two of one id, told by two sources, are one. */
  isOne(a: T, b: T): boolean;
  /** Of several views of one thing the one that is preferred comes first, and the thing goes by its key. */
  isPreferred(value: T): boolean;
  /** @param first the view that comes first */
  merge(first: T, second: T): T;
  /** Whether a merged value says the same as the one before. */
  isSame(a: T, b: T): boolean;
}

const TASKS: Rules<Task> = {
  keyOf: taskKey,
  isOne: isOneTask,
  isPreferred: isToldByCluster,
  merge: mergeTasks,
  isSame: (a, b) => a.agent === b.agent && a.framework === b.framework && isSameWork(a, b),
};

/** Mesos knows the address and port of an agent; Marathon only what it calls itself. Nothing is to be added. */
const AGENTS: Rules<Agent> = {
  keyOf: ({ id }) => id,
  isOne: (a, b) => a.hostname === b.hostname,
  isPreferred: ({ port }) => port !== undefined,
  merge: (first) => first,
  isSame: Object.is,
};

/** Mesos knows where a scheduler is; the scheduler does not tell. */
const FRAMEWORKS: Rules<Framework> = {
  keyOf: ({ id }) => id,
  isOne: (a, b) => a.name === b.name,
  isPreferred: ({ host }) => host !== '',
  merge: (first) => first,
  isSame: Object.is,
};

interface Published<T> {
  readonly source: string;
  readonly value: T;
}

/** What one source says of a thing. */
interface View<T> extends Published<T> {
  value: T;
  /** Whether a preferred view of it has ended; until that comes back this one does not count. */
  isOverruled: boolean;
}

/** All views of the things of one id, and what is published of them. */
interface Entry<T> {
  views: View<T>[];
  published: readonly Published<T>[];
}

/** Told of each difference in what is published. */
interface Differences<T> {
  upserted(source: string, replaced: Replaced<T>): void;
  removed(source: string, value: T): void;
}

/** The views of all things of one kind. */
class Views<T extends { readonly id: string }> {
  readonly #rules: Rules<T>;
  readonly #rankOf: (source: string) => number;
  /** By id, but for those of which there is only one view, and that is published as it is: most of them. */
  readonly #entries = new Map<string, Entry<T>>();
  readonly #alone = new Map<string, View<T>>();

  constructor(rules: Rules<T>, rankOf: (source: string) => number) {
    this.#rules = rules;
    this.#rankOf = rankOf;
  }

  has(source: string, id: string): boolean {
    const isAlone = this.#alone.get(id)?.source === source;
    return isAlone || (this.#entries.get(id)?.views.some((view) => view.source === source) ?? false);
  }

  /** @param overrules whether the end of a preferred view is the end of the thing, whatever other views say */
  update(
    source: string,
    upserted: readonly Replaced<T>[],
    removed: readonly T[],
    overrules: (gone: T) => boolean,
    differences: Differences<T>,
  ): void {
    const touched = new Set<string>();
    for (const value of removed) {
      this.#join(value.id);
      this.#remove(source, value, overrules);
      touched.add(value.id);
    }
    for (const [value] of upserted) {
      if (this.#putAlone(source, value, differences)) continue;
      this.#join(value.id);
      this.#put(source, value);
      touched.add(value.id);
    }
    for (const id of touched) {
      this.#publish(id, differences);
      this.#part(id);
    }
  }

  /** Takes the only view that there is of an id, and publishes it. @returns whether it is the only one */
  #putAlone(source: string, value: T, differences: Differences<T>): boolean {
    const { id } = value;
    if (this.#entries.has(id)) return false;
    const known = this.#alone.get(id);
    if (!known) this.#alone.set(id, { source, value, isOverruled: false });
    else if (known.source !== source || this.#rules.keyOf(known.value) !== this.#rules.keyOf(value)) return false;
    else if (known.value === value || this.#rules.isSame(known.value, value)) return true;
    differences.upserted(source, [value, known?.value]);
    if (known) known.value = value;
    return true;
  }

  /** Makes an entry of a view that is alone. */
  #join(id: string): void {
    const view = this.#alone.get(id);
    if (!view) return;
    this.#alone.delete(id);
    this.#entries.set(id, { views: [view], published: [{ source: view.source, value: view.value }] });
  }

  /** Leaves a view alone that is published as it is. */
  #part(id: string): void {
    const entry = this.#entries.get(id);
    const [view] = entry?.views ?? [];
    if (!view || entry!.views.length > 1 || view.isOverruled) return;
    // What is published says the same but may be an older object, to which others compare.
    view.value = entry!.published[0]!.value;
    this.#entries.delete(id);
    this.#alone.set(id, view);
  }

  #put(source: string, value: T): void {
    const { keyOf, isOne, isPreferred } = this.#rules;
    const key = keyOf(value);
    const entry = this.#entries.get(value.id)!;
    const ofThing = entry.views.filter((view) => isOne(view.value, value));
    if (isPreferred(value)) for (const view of ofThing) view.isOverruled = false;
    const known = entry.views.find((view) => view.source === source && keyOf(view.value) === key);
    if (known) known.value = value;
    else entry.views.push({ source, value, isOverruled: ofThing.some((view) => view.isOverruled) });
  }

  #remove(source: string, value: T, overrules: (gone: T) => boolean): void {
    const { keyOf, isOne, isPreferred } = this.#rules;
    const key = keyOf(value);
    const entry = this.#entries.get(value.id);
    const at = entry?.views.findIndex((view) => view.source === source && keyOf(view.value) === key) ?? -1;
    if (!entry || at < 0) return;
    const gone = entry.views.splice(at, 1)[0]!.value;
    const others = entry.views.filter((view) => isOne(view.value, gone));
    if (!isPreferred(gone) || others.some((view) => isPreferred(view.value)) || !overrules(gone)) return;
    for (const view of others) view.isOverruled = true;
  }

  #publish(id: string, differences: Differences<T>): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    const { keyOf } = this.#rules;
    const before = new Map(entry.published.map((each) => [keyIn(each), each]));
    entry.published = this.#groups(entry.views).map((group) => {
      const { source, value } = this.#merged(group);
      const known = before.get(keyIn({ source, value }));
      before.delete(keyIn({ source, value }));
      const isKept = known !== undefined && (known.value === value || this.#rules.isSame(known.value, value));
      if (!isKept) differences.upserted(source, [value, known?.value]);
      return isKept ? known : { source, value };
    });
    for (const { source, value } of before.values()) differences.removed(source, value);
    if (entry.views.length === 0) this.#entries.delete(id);

    function keyIn({ source, value }: Published<T>): string {
      return `${source}\n${keyOf(value)}`;
    }
  }

  /** The views that count, those of one thing together, in the order of precedence. */
  #groups(views: readonly View<T>[]): View<T>[][] {
    if (views.length === 1) return views[0]!.isOverruled ? [] : [[views[0]!]];
    const { isOne, isPreferred, keyOf } = this.#rules;
    const groups: View<T>[][] = [];
    // The order does not depend on which source told first.
    const ordered = [...views].sort(
      (a, b) =>
        Number(isPreferred(b.value)) - Number(isPreferred(a.value)) ||
        this.#rankOf(a.source) - this.#rankOf(b.source) ||
        (keyOf(a.value) < keyOf(b.value) ? -1 : 1),
    );
    for (const view of ordered) {
      if (view.isOverruled) continue;
      const group = groups.find((those) =>
        those.every(({ source, value }) => source !== view.source && isOne(value, view.value)),
      );
      if (group) group.push(view);
      else groups.push([view]);
    }
    return groups;
  }

  #merged([first, ...others]: View<T>[]): Published<T> {
    const value = others.reduce((merged, view) => this.#rules.merge(merged, view.value), first!.value);
    return { source: first!.source, value };
  }
}

/**
 * Merges what the sources tell. Of a task that Mesos and Marathon tell of, Mesos says that it runs and where, and
 * Marathon adds health, readiness, service ports, labels and the app; it stands under Mesos's name for it. When Mesos
 * says that the task is over, it is over, although Marathon may still list it; but when Mesos does not know the task's
 * agent any more (after a change of master), Marathon's word counts.
 */
export class ClusterMerge {
  readonly #tasks: Views<Task>;
  readonly #agents: Views<Agent>;
  readonly #frameworks: Views<Framework>;

  /** @param order names of the sources; of two sources of a kind the first one takes precedence */
  constructor(order: readonly string[]) {
    const ranks = new Map(order.map((source, rank) => [source, rank]));
    const rankOf = (source: string) => ranks.get(source) ?? order.length;
    this.#tasks = new Views(TASKS, rankOf);
    this.#agents = new Views(AGENTS, rankOf);
    this.#frameworks = new Views(FRAMEWORKS, rankOf);
  }

  /**
   * Takes what changed in one source.
   * @returns what changes in what is published, to be applied in this order: what a thing is to be found under next
   *   comes before what it was found under till now goes
   */
  apply(delta: ClusterDelta): readonly ClusterDelta[] {
    const { source, upserted, removed } = delta;
    const deltas = new Map<string, Delta>();
    const deltaOf = (name: string): Delta => {
      let known = deltas.get(name);
      if (!known) {
        known = new Delta(name);
        deltas.set(name, known);
      }
      return known;
    };
    // The delta's own source comes first.
    const own = deltaOf(source);
    if (upserted.masters) own.masters(upserted.masters[1], upserted.masters[0]);
    else own.masters(removed.masters, undefined);
    // No two systems tell of one service or network.
    own.services.upserted.push(...(upserted.services ?? []));
    own.services.removed.push(...(removed.services ?? []));
    own.networks.upserted.push(...(upserted.networks ?? []));
    own.networks.removed.push(...(removed.networks ?? []));
    const into = <T>(movedIn: (delta: Delta) => { upserted: Replaced<T>[]; removed: T[] }): Differences<T> => ({
      upserted: (name, replaced) => movedIn(deltaOf(name)).upserted.push(replaced),
      removed: (name, value) => movedIn(deltaOf(name)).removed.push(value),
    });
    const never = () => false;
    this.#frameworks.update(
      source,
      upserted.frameworks,
      removed.frameworks,
      never,
      into(({ frameworks }) => frameworks),
    );
    this.#agents.update(
      source,
      upserted.agents,
      removed.agents,
      never,
      into(({ agents }) => agents),
    );
    const knowsAgent = ({ agent }: Task) => this.#agents.has(source, agent.id);
    this.#tasks.update(
      source,
      upserted.tasks,
      removed.tasks,
      knowsAgent,
      into(({ tasks }) => tasks),
    );
    const changed = [...deltas.values()].flatMap((each) => each.done() ?? []);
    if (changed.length <= 1) return changed;
    return [...changed.map(gained), ...changed.map(lost)].filter(tellsSomething);
  }
}

const NOTHING = { tasks: [], agents: [], frameworks: [] } as const;

function gained({ source, upserted }: ClusterDelta): ClusterDelta {
  return { source, upserted, removed: NOTHING };
}

function lost({ source, removed }: ClusterDelta): ClusterDelta {
  return { source, upserted: NOTHING, removed };
}

function tellsSomething({ upserted, removed }: ClusterDelta): boolean {
  return [upserted, removed].some(
    ({ tasks, agents, frameworks, masters, services, networks }) =>
      masters || services || networks || tasks.length > 0 || agents.length > 0 || frameworks.length > 0,
  );
}
