// A state that suddenly lacks most of what was there is more often a fault than the truth: a master that has just started,
// an answer that is half of one. What is new in it counts at once; what it lacks stays until that has lasted.
import type { Agent } from '../model/agent.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import { taskKey } from '../model/task.ts';
import type { ClusterChange } from './source.ts';

/** How much a source tells of. */
export interface Extent {
  readonly tasks: number;
  readonly agents: number;
}

export interface GuardSettings {
  /** Part of the tasks, or of the agents, that may go at once; more is held back. 0 to 1. */
  readonly share: number;
  /** Milliseconds for which losses are held back. */
  readonly holdMs: number;
}

/** Fewer than these go with one app; they are held back only when nothing at all is left. */
const LEAST = 4;

/** Losses of one source that are held back. */
export class HeldBack {
  /** How much there was before any of it was held back. */
  readonly before: Extent;
  readonly #tasks: Set<string>;
  readonly #agents: Set<string>;
  readonly #frameworks: Set<string>;

  /** @param known all that is answered, of which `told` lacks something */
  constructor(before: Extent, known: Cluster, told: Cluster) {
    this.before = before;
    this.#tasks = new Set(known.tasks.map(taskKey));
    this.#agents = new Set(known.agents.map(idOf));
    this.#frameworks = new Set(known.frameworks.map(idOf));
    this.told(told);
  }

  /** Tasks that are answered although the source does not tell of them. */
  get missingTasks(): number {
    return this.#tasks.size;
  }

  /** What the source tells of again, or says is gone, is held back no more. */
  told({ tasks, agents, frameworks, removedTasks, removedAgents, removedFrameworks }: ClusterChange): void {
    for (const task of tasks ?? []) this.#tasks.delete(taskKey(task));
    for (const { id } of agents ?? []) this.#agents.delete(id);
    for (const { id } of frameworks ?? []) this.#frameworks.delete(id);
    for (const key of removedTasks ?? []) this.#tasks.delete(key);
    for (const id of removedAgents ?? []) this.#agents.delete(id);
    for (const id of removedFrameworks ?? []) this.#frameworks.delete(id);
  }

  /** What goes when the losses are taken. */
  losses(): ClusterChange {
    return {
      removedTasks: [...this.#tasks],
      removedAgents: [...this.#agents],
      removedFrameworks: [...this.#frameworks],
    };
  }
}

/** Whether a state lacks so much of what was known that it is not taken at its word. */
export function losesMost(known: Extent, told: Cluster, { share }: GuardSettings): boolean {
  const { tasks, agents } = told;
  const loses = (before: number, now: number): boolean => before >= LEAST && before - now > before * share;
  const isEmptied = tasks.length === 0 && agents.length === 0 && known.tasks + known.agents > 0;
  return isEmptied || loses(known.tasks, tasks.length) || loses(known.agents, agents.length);
}

/** A state, and what was known that it lacks. */
export function withKnown(told: Cluster, known: Cluster): Cluster {
  const keys = new Set(told.tasks.map(taskKey));
  return {
    ...told,
    tasks: [...told.tasks, ...known.tasks.filter((task) => !keys.has(taskKey(task)))],
    agents: withAbsent<Agent>(told.agents, known.agents),
    frameworks: withAbsent<Framework>(told.frameworks, known.frameworks),
    masters: told.masters ?? known.masters,
    services: told.services ?? known.services,
    networks: told.networks ?? known.networks,
  };
}

function withAbsent<T extends { readonly id: string }>(told: readonly T[], known: readonly T[]): readonly T[] {
  const ids = new Set(told.map(idOf));
  return [...told, ...known.filter(({ id }) => !ids.has(id))];
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}
