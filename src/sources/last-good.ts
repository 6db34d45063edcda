// What one source reported last in good order, by key, and the difference that a new report makes to it.
import type { Agent } from '../model/agent.ts';
import type { Cluster, Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Masters } from '../model/masters.ts';
import type { Network } from '../model/network.ts';
import type { Service } from '../model/service.ts';
import type { Task } from '../model/task.ts';
import { taskKey } from '../model/task.ts';
import { isSameAgent, isSameFramework, isSameNetwork, isSameService, isSameWork } from './compare.ts';
import type { ClusterDelta } from './delta.ts';
import { Delta } from './delta.ts';
import { NONE } from './reading.ts';
import type { ClusterChange } from './source.ts';

interface Entry {
  task: Task;
  /** Number of the last whole report that had it. */
  report: number;
}

/** Stands for the number of a report in entries that were removed. */
const GONE = -1;

export class LastGood {
  readonly #source: string;
  /** By framework and by id, so that comparing 50,000 tasks does not build 50,000 keys. */
  readonly #tasks = new Map<string, Map<string, Entry>>();
  #taskCount = 0;
  /** The entries in the order of the last whole report: the next one mostly has the same, which saves the look-up. */
  readonly #order: Entry[] = [];
  #report = 0;
  #agents = new Map<string, Agent>();
  #frameworks = new Map<string, Framework>();
  #services = new Map<string, Service>();
  #networks = new Map<string, Network>();
  #masters: Masters | undefined;

  /** @param source its name, for the deltas */
  constructor(source: string) {
    this.#source = source;
  }

  get taskCount(): number {
    return this.#taskCount;
  }

  get agentCount(): number {
    return this.#agents.size;
  }

  cluster(): Cluster {
    const tasks: Task[] = [];
    for (const ofFramework of this.#tasks.values()) for (const { task } of ofFramework.values()) tasks.push(task);
    return {
      tasks,
      agents: [...this.#agents.values()],
      frameworks: [...this.#frameworks.values()],
      masters: this.#masters,
      ...(this.#services.size > 0 && { services: [...this.#services.values()] }),
      ...(this.#networks.size > 0 && { networks: [...this.#networks.values()] }),
    };
  }

  /**
   * Takes a report of everything. What did not change keeps its old objects.
   * @returns no delta when nothing changed; `repeated` names the tasks that came twice, of which the first counts
   */
  replace(cluster: Cluster): { readonly delta: ClusterDelta | undefined; readonly repeated: readonly Problem[] } {
    const delta = new Delta(this.#source);
    const repeated: Problem[] = [];
    this.#agents = delta.replaceAll(this.#agents, cluster.agents, isSameAgent, delta.agents);
    this.#frameworks = delta.replaceAll(this.#frameworks, cluster.frameworks, isSameFramework, delta.frameworks);
    this.#services = delta.replaceAll(this.#services, cluster.services ?? NONE, isSameService, delta.services);
    this.#networks = delta.replaceAll(this.#networks, cluster.networks ?? NONE, isSameNetwork, delta.networks);
    delta.masters(this.#masters, cluster.masters);
    this.#masters = cluster.masters;
    this.#report++;
    let count = 0;
    for (const task of cluster.tasks) {
      const expected = this.#order[count];
      const isExpected = expected?.task.id === task.id && expected.task.framework.id === task.framework.id;
      const entry = isExpected && expected.report !== GONE ? expected : this.#find(task);
      if (entry?.report === this.#report)
        repeated.push({
          where: `task ${JSON.stringify(task.id)} of framework ${task.framework.id}`,
          why: 'is reported twice; the first one counts',
        });
      else this.#order[count++] = this.#put(task, entry, delta);
    }
    this.#order.length = count;
    if (count < this.#taskCount) this.#removeUnreported(delta);
    return { delta: delta.done(), repeated };
  }

  /** Takes a report of what moved. @returns undefined when nothing changed by it */
  apply(change: ClusterChange): ClusterDelta | undefined {
    const delta = new Delta(this.#source);
    delta.replaceSome(this.#agents, change.agents, change.removedAgents, isSameAgent, delta.agents);
    delta.replaceSome(this.#frameworks, change.frameworks, change.removedFrameworks, isSameFramework, delta.frameworks);
    delta.replaceSome(this.#services, change.services, change.removedServices, isSameService, delta.services);
    delta.replaceSome(this.#networks, change.networks, change.removedNetworks, isSameNetwork, delta.networks);
    if (change.masters !== undefined) {
      const masters = change.masters ?? undefined;
      delta.masters(this.#masters, masters);
      this.#masters = masters;
    }
    // Removals first: a key that is in both lists was replaced.
    if (change.removedTasks?.length) {
      const again = new Set(change.tasks?.map(taskKey));
      for (const key of change.removedTasks) {
        const entry = again.has(key) ? undefined : this.#findKey(key);
        if (entry) this.#remove(entry, delta);
      }
    }
    for (const task of change.tasks ?? []) this.#put(task, this.#find(task), delta);
    return delta.done();
  }

  #find(task: Task): Entry | undefined {
    return this.#tasks.get(task.framework.id)?.get(task.id);
  }

  /** @param entry the one that the task has already */
  #put(task: Task, entry: Entry | undefined, delta: Delta): Entry {
    const settled = this.#settle(task, entry?.task, delta);
    if (entry) {
      entry.task = settled;
      entry.report = this.#report;
      return entry;
    }
    const added: Entry = { task: settled, report: this.#report };
    const tasks = this.#tasks.get(task.framework.id);
    if (tasks) tasks.set(task.id, added);
    else this.#tasks.set(task.framework.id, new Map([[task.id, added]]));
    this.#taskCount++;
    return added;
  }

  #removeUnreported(delta: Delta): void {
    for (const tasks of this.#tasks.values())
      for (const entry of tasks.values()) if (entry.report !== this.#report) this.#remove(entry, delta);
  }

  #remove(entry: Entry, delta: Delta): void {
    const { id, framework } = entry.task;
    const tasks = this.#tasks.get(framework.id)!;
    tasks.delete(id);
    if (tasks.size === 0) this.#tasks.delete(framework.id);
    // An entry may still stand in the order of the last report.
    entry.report = GONE;
    this.#taskCount--;
    delta.tasks.removed.push(entry.task);
  }

  /** The task of a key as `taskKey` makes it. Framework ids of some sources contain a slash, so it is tried at each. */
  #findKey(key: string): Entry | undefined {
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const entry = this.#tasks.get(key.slice(0, slash))?.get(key.slice(slash + 1));
      if (entry) return entry;
    }
    return undefined;
  }

  /**
   * The object to keep for a task: the known one when nothing changed, so that others can compare by identity. A new one
   * is made to point to the kept agent and framework, so that old reports can be forgotten.
   */
  #settle(task: Task, known: Task | undefined, delta: Delta): Task {
    if (
      known &&
      isSameWork(known, task) &&
      isSameAgent(known.agent, task.agent) &&
      isSameFramework(known.framework, task.framework)
    )
      return known;
    const agent = kept(this.#agents, task.agent, isSameAgent);
    const framework = kept(this.#frameworks, task.framework, isSameFramework);
    const settled = task.agent === agent && task.framework === framework ? task : { ...task, agent, framework };
    delta.tasks.upserted.push([settled, known]);
    return settled;
  }
}

/** The object that is kept for a value, or the value itself. */
function kept<T extends { readonly id: string }>(
  values: ReadonlyMap<string, T>,
  value: T,
  isSame: (a: T, b: T) => boolean,
): T {
  const known = values.get(value.id);
  return known && isSame(known, value) ? known : value;
}
