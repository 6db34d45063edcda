// What is made of one /state document of a Mesos master, entry by entry: agents first, then each framework and its tasks. Read
// as Mesos-DNS reads it, but an entry that cannot be used costs only itself and is named in a problem.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { MasterAddress } from '../model/masters.ts';
import type { Task } from '../model/task.ts';
import { isSameAgent, isSameFramework, isSameWork } from './compare.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, show, textOf } from './fields.ts';
import { readAgent, readFramework, readLeader, readMasters } from './mesos-hosts.ts';
import type { Complaint, TaskText } from './mesos-reread.ts';
import { mergeFacts, taskOf } from './mesos-tasks.ts';
import type { Reading, Resolve } from './reading.ts';
import { NONE } from './reading.ts';

export interface MesosStateOptions {
  /** Known addresses of host names; without it a host that is given by name has none. */
  readonly resolve?: Resolve | undefined;
  /** All masters as configured, `address:port`, in order; the document itself names only the leader. */
  readonly masters?: readonly string[] | undefined;
}

/** What a reading leaves for the next one. */
export interface Known {
  readonly texts: readonly TaskText[];
  readonly agents: ReadonlyMap<string, Agent>;
  readonly frameworks: ReadonlyMap<string, Framework>;
}

export const NOTHING_KNOWN: Known = { texts: NONE, agents: new Map(), frameworks: new Map() };

/** What is made of one document so far. */
export class StateBuilder {
  readonly #resolve: Resolve | undefined;
  readonly #masters: readonly MasterAddress[];
  readonly #known: Known;
  readonly #problems: Problem[] = [];
  readonly #agents = new Map<string, Agent>();
  readonly #frameworks: Framework[] = [];
  readonly #tasks: Task[] = [];
  /** Tasks per agent that the document does not list. */
  readonly #homeless = new Map<string, { count: number; first: string }>();

  constructor(options: MesosStateOptions, known: Known) {
    this.#resolve = options.resolve;
    this.#masters = readMasters(options.masters ?? [], (part, why) => this.#problem(`masters${part}`, why));
    this.#known = known;
  }

  #problem(where: string, why: string): void {
    this.#problems.push({ where, why });
  }

  /** Whether it is a list; absent is fine, anything else a problem. */
  isList(value: unknown, where: string): boolean {
    if (Array.isArray(value)) return true;
    if (value !== undefined) this.#problem(where, `expected a list, got ${show(value)}`);
    return false;
  }

  /** An agent, the element `i` of the list `slaves`. */
  agent(i: number, value: unknown): void {
    const id = isObject(value) ? textOf(value.id) : undefined;
    if (id === undefined) {
      this.#problem(`slaves[${i}]`, 'expected an object with an id; it is left out');
      return;
    }
    const agent = readAgent(id, value as Fields, this.#resolve, (part, why) =>
      this.#problem(`slaves[${i}]${part} (id ${id})`, why),
    );
    const known = this.#known.agents.get(id);
    this.#agents.set(id, known && isSameAgent(known, agent) ? known : agent);
  }

  /** A framework without its tasks, the element `i` of the list `frameworks`. @returns undefined when it is left out */
  framework(i: number, value: unknown): Framework | undefined {
    if (!isObject(value)) {
      this.#problem(`frameworks[${i}]`, `expected an object, got ${show(value)}; it is left out`);
      return undefined;
    }
    const called = ` (name ${show(value.name)})`;
    // Mesos 0.2x documents in the wild have frameworks without an id; their place serves as well.
    const id = textOf(value.id) ?? `frameworks[${i}]`;
    let framework = readFramework(id, value, this.#resolve, (part, why) =>
      this.#problem(`frameworks[${i}]${part}${called}`, why),
    );
    const known = this.#known.frameworks.get(id);
    if (known && isSameFramework(known, framework)) framework = known;
    this.#frameworks.push(framework);
    return framework;
  }

  /** The elements of a framework's member `tasks`. @param value the framework, the element `i` of the list `frameworks` */
  tasksOf(i: number, value: unknown, tasks: unknown): readonly unknown[] {
    return this.isList(tasks, `frameworks[${i}].tasks (name ${show((value as Fields).name)})`) ? listOf(tasks) : NONE;
  }

  /**
   * A task by its text. One that was read before, with the framework and agent that it has now, is not read again.
   * @param list where it stands, `frameworks[0].tasks`, and `t` its number there; the same below
   */
  taskText(text: TaskText, framework: Framework, list: string, t: number, parse: (text: TaskText) => unknown): void {
    const { task, before } = text;
    if (task && task.framework === framework && this.#agents.get(task.agent.id) === task.agent) {
      for (const { part, why } of text.complaints) this.#complain(list, t, task.id, part, why);
      this.#tasks.push(task);
      return;
    }
    const complaints: Complaint[] = [];
    text.task = this.task(parse(text), framework, list, t, before, complaints);
    text.complaints = complaints.length === 0 ? NONE : complaints;
    text.before = undefined;
  }

  /**
   * A task.
   * @param before the task that it may be, unchanged
   * @param complaints gets what is wrong with parts of it
   * @returns undefined when it is left out
   */
  task(
    value: unknown,
    framework: Framework,
    list: string,
    t: number,
    before?: Task,
    complaints?: Complaint[],
  ): Task | undefined {
    const id = isObject(value) ? textOf(value.id) : undefined;
    if (!isObject(value) || id === undefined || textOf(value.state) === undefined) {
      this.#problem(`${list}[${t}]`, 'expected an object with an id and a state; the task is left out');
      return undefined;
    }
    const agentId = textOf(value.slave_id);
    if (agentId === undefined) {
      this.#complain(list, t, id, '', 'slave_id is missing; the task is left out');
      return undefined;
    }
    const agent = this.#agents.get(agentId);
    if (!agent) {
      const others = this.#homeless.get(agentId);
      if (others) others.count++;
      else this.#homeless.set(agentId, { count: 1, first: id });
      return undefined;
    }
    const { name, state, container, discovery, resources, labels, health_check } = value;
    const message = {
      id,
      frameworkId: framework.id,
      agentId,
      name,
      state,
      statuses: listOf(value.statuses),
      container,
      discovery,
      resources,
      labels,
      health_check,
    };
    const facts = mergeFacts(undefined, message, (part, why) => {
      complaints?.push({ part, why });
      this.#complain(list, t, id, part, why);
    });
    const task = taskOf(facts, framework, agent);
    // Much of what a master says of a task, such as the times of its statuses, changes nothing here.
    const isSame = before?.framework === framework && before.agent === agent && isSameWork(before, task);
    this.#tasks.push(isSame ? before : task);
    return isSame ? before : task;
  }

  #complain(list: string, t: number, id: string, part: string, why: string): void {
    this.#problem(`${list}[${t}]${part} (id ${show(id)})`, why);
  }

  finish(leader: unknown): Reading {
    // One line an agent: after a master's failover thousands of tasks may wait for theirs.
    for (const [id, { count, first }] of this.#homeless)
      this.#problem('slaves', `no agent has the id ${id}; ${count} of its tasks left out, the first is ${show(first)}`);
    const leading = readLeader(leader, this.#resolve, (part, why) => this.#problem(`leader${part}`, why));
    const masters = leading || this.#masters.length > 0 ? { leader: leading, all: this.#masters } : undefined;
    return {
      cluster: { tasks: this.#tasks, agents: [...this.#agents.values()], frameworks: this.#frameworks, masters },
      problems: this.#problems,
    };
  }
}
