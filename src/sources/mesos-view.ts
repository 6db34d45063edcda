// The cluster as the operator API of a Mesos master tells it (POST /api/v1): one state at the start, then events. Knows
// nothing of HTTP: it is fed parsed events. Follows dcos-net's listener.
import type { Agent } from '../model/agent.ts';
import type { Cluster, Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Task } from '../model/task.ts';
import { isSameAgent, isSameFramework } from './compare.ts';
import type { Fields } from './fields.ts';
import { listOf, objectOf, show } from './fields.ts';
import { readAgent, readFramework } from './mesos-hosts.ts';
import type { TaskFacts, TaskMessage } from './mesos-tasks.ts';
import { idOf, mergeFacts, taskMessage, taskOf, taskState, updateMessage } from './mesos-tasks.ts';
import type { Resolve } from './reading.ts';
import { resolveLocalhost } from './reading.ts';
import type { ClusterChange } from './source.ts';

/** What an event did to a `MesosView`. */
export type ViewUpdate =
  /** Everything was replaced: take `cluster()`. */
  | { readonly kind: 'snapshot'; readonly problems: readonly Problem[] }
  | { readonly kind: 'change'; readonly change: ClusterChange; readonly problems: readonly Problem[] }
  /** A heartbeat, an event that is not read here, or one that moved nothing. */
  | { readonly kind: 'nothing'; readonly problems: readonly Problem[] };

export interface MesosViewOptions {
  /** Known addresses of host names; by default only `localhost` has one. */
  readonly resolve?: Resolve | undefined;
}

/** What is to be reported after an event. */
interface Moves {
  readonly tasks: Task[];
  readonly removedTasks: string[];
  readonly agents: Agent[];
  readonly removedAgents: string[];
  readonly frameworks: Framework[];
  readonly removedFrameworks: string[];
}

/**
 * The tasks, agents and frameworks of a stream of events. A task whose agent or framework is not known (yet) is held
 * back and comes out when both are; a task that ended is forgotten.
 */
export class MesosView {
  readonly #resolve: Resolve;
  readonly #agents = new Map<string, Agent>();
  readonly #frameworks = new Map<string, Framework>();
  /** By framework id and task id, joined as in `taskKey`. */
  readonly #facts = new Map<string, TaskFacts>();
  /** Those of the tasks whose agent and framework are known. */
  readonly #tasks = new Map<string, Task>();
  readonly #recovered = new Set<string>();
  #problems: Problem[] = [];

  constructor(options: MesosViewOptions = {}) {
    this.#resolve = options.resolve ?? resolveLocalhost;
  }

  /**
   * Agents that a new leading master expects back and that have not come yet. Until it is empty the view lacks their tasks,
   * so a consumer had better keep what it had (dcos-net waits up to 10 minutes).
   */
  get recoveredAgents(): ReadonlySet<string> {
    return this.#recovered;
  }

  cluster(): Cluster {
    return {
      tasks: [...this.#tasks.values()],
      agents: [...this.#agents.values()],
      frameworks: [...this.#frameworks.values()],
    };
  }

  /** Applies one event of a subscription (`SUBSCRIBED`, `TASK_ADDED`, ...) or an answer to `GET_STATE`, parsed. */
  apply(event: unknown): ViewUpdate {
    this.#problems = [];
    const fields = objectOf(event);
    const type = fields.type;
    if (type === 'SUBSCRIBED' || type === 'GET_STATE') {
      this.#replace(objectOf(type === 'GET_STATE' ? fields.get_state : objectOf(fields.subscribed).get_state));
      return { kind: 'snapshot', problems: this.#problems };
    }
    const moves: Moves = {
      tasks: [],
      removedTasks: [],
      agents: [],
      removedAgents: [],
      frameworks: [],
      removedFrameworks: [],
    };
    if (typeof type === 'string') this.#event(type, objectOf(fields[type.toLowerCase()]), moves);
    else this.#problem('type', `expected the type of an event, got ${show(type)}`);
    const problems = this.#problems;
    return Object.values(moves).some((list) => list.length > 0)
      ? { kind: 'change', change: moves, problems }
      : { kind: 'nothing', problems };
  }

  /** Looks host names up again: what changed by it, for when `resolve` has learnt something. */
  resolveAgain(): ClusterChange {
    const moves: Moves = {
      tasks: [],
      removedTasks: [],
      agents: [],
      removedAgents: [],
      frameworks: [],
      removedFrameworks: [],
    };
    for (const agent of this.#agents.values()) this.#setAgent({ ...agent, addresses: this.#addresses(agent) }, moves);
    for (const framework of this.#frameworks.values())
      this.#setFramework({ ...framework, addresses: this.#addresses(framework) }, moves);
    return moves;
  }

  #addresses({ host, addresses }: Agent | Framework): readonly string[] {
    return addresses[0] === host ? addresses : this.#resolve(host);
  }

  #event(type: string, body: Fields, moves: Moves): void {
    switch (type) {
      case 'TASK_ADDED':
        this.#message(taskMessage(objectOf(body.task)), type, moves);
        break;
      case 'TASK_UPDATED':
        this.#message(updateMessage(body), type, moves);
        break;
      case 'AGENT_ADDED':
        this.#agent(objectOf(body.agent), type, moves);
        break;
      case 'AGENT_REMOVED':
        this.#removeAgent(idOf(body.agent_id), moves);
        break;
      case 'FRAMEWORK_ADDED':
      case 'FRAMEWORK_UPDATED':
        this.#framework(objectOf(body.framework), type, moves);
        break;
      case 'FRAMEWORK_REMOVED':
        this.#removeFramework(idOf(objectOf(body.framework_info).id), moves);
        break;
    }
  }

  #replace(state: Fields): void {
    for (const map of [this.#agents, this.#frameworks, this.#facts, this.#tasks, this.#recovered]) map.clear();
    const { get_agents, get_frameworks, get_tasks } = state;
    listOf(objectOf(get_agents).agents).forEach((agent, i) => {
      this.#agent(objectOf(agent), `get_agents.agents[${i}]`);
    });
    for (const agent of listOf(objectOf(get_agents).recovered_agents)) {
      const id = idOf(objectOf(agent).id);
      if (id !== undefined && !this.#agents.has(id)) this.#recovered.add(id);
    }
    listOf(objectOf(get_frameworks).frameworks).forEach((framework, i) => {
      this.#framework(objectOf(framework), `get_frameworks.frameworks[${i}]`);
    });
    // A master lists `tasks`, an agent `launched_tasks`.
    for (const list of ['tasks', 'launched_tasks'])
      listOf(objectOf(get_tasks)[list]).forEach((task, i) => {
        this.#message(taskMessage(objectOf(task)), `get_tasks.${list}[${i}]`);
      });
  }

  #message(message: TaskMessage | undefined, where: string, moves?: Moves): void {
    if (!message) {
      this.#problem(where, 'expected a task with task_id and framework_id; it is left out');
      return;
    }
    const key = `${message.frameworkId}/${message.id}`;
    if (taskState(message.state) === 'terminal') {
      this.#facts.delete(key);
      if (this.#tasks.delete(key)) moves?.removedTasks.push(key);
      return;
    }
    const complain = (part: string, why: string) => this.#problem(`${where}${part} (id ${show(message.id)})`, why);
    const facts = mergeFacts(this.#facts.get(key), message, complain);
    this.#facts.set(key, facts);
    this.#settle(key, facts, moves);
  }

  /** Reports a task whose agent and framework are known; takes one back whose are no longer. */
  #settle(key: string, facts: TaskFacts, moves?: Moves): void {
    const agent = this.#agents.get(facts.agentId);
    const framework = this.#frameworks.get(facts.frameworkId);
    if (agent && framework) {
      const task = taskOf(facts, framework, agent);
      this.#tasks.set(key, task);
      moves?.tasks.push(task);
    } else if (this.#tasks.delete(key)) moves?.removedTasks.push(key);
  }

  #agent(fields: Fields, where: string, moves?: Moves): void {
    const info = objectOf(fields.agent_info);
    const id = idOf(info.id);
    if (id === undefined) {
      this.#problem(where, 'expected an agent with agent_info.id; it is left out');
      return;
    }
    // An agent's own GET_STATE has no pid, and that is no problem.
    const complain = (part: string, why: string) => {
      if (fields.pid !== undefined) this.#problem(`${where}${part} (id ${id})`, why);
    };
    const agent = readAgent(id, { hostname: info.hostname, port: info.port, pid: fields.pid }, this.#resolve, complain);
    this.#setAgent(agent, moves);
  }

  #setAgent(agent: Agent, moves?: Moves): void {
    this.#recovered.delete(agent.id);
    const known = this.#agents.get(agent.id);
    if (known && isSameAgent(known, agent)) return;
    this.#agents.set(agent.id, agent);
    moves?.agents.push(agent);
    this.#settleAll((facts) => facts.agentId === agent.id, moves);
  }

  #removeAgent(id: string | undefined, moves: Moves): void {
    if (id === undefined) return;
    this.#recovered.delete(id);
    if (!this.#agents.delete(id)) return;
    moves.removedAgents.push(id);
    this.#settleAll((facts) => facts.agentId === id, moves);
  }

  #framework(fields: Fields, where: string, moves?: Moves): void {
    const info = objectOf(fields.framework_info);
    const id = idOf(info.id);
    if (id === undefined) {
      this.#problem(where, 'expected a framework with framework_info.id; it is left out');
      return;
    }
    const { name, hostname } = info;
    const { active, pid } = fields;
    const complain = (part: string, why: string) => this.#problem(`${where}${part} (id ${id})`, why);
    this.#setFramework(readFramework(id, { name, hostname, active, pid }, this.#resolve, complain), moves);
  }

  #setFramework(framework: Framework, moves?: Moves): void {
    // Masters send FRAMEWORK_UPDATED for fields that are not read here; its tasks need not be made anew for that.
    const known = this.#frameworks.get(framework.id);
    if (known && isSameFramework(known, framework)) return;
    this.#frameworks.set(framework.id, framework);
    moves?.frameworks.push(framework);
    this.#settleAll((facts) => facts.frameworkId === framework.id, moves);
  }

  /** A framework that is removed takes its tasks along: the master kills them. */
  #removeFramework(id: string | undefined, moves: Moves): void {
    if (id === undefined || !this.#frameworks.delete(id)) return;
    moves.removedFrameworks.push(id);
    for (const [key, facts] of this.#facts) {
      if (facts.frameworkId !== id) continue;
      this.#facts.delete(key);
      if (this.#tasks.delete(key)) moves.removedTasks.push(key);
    }
  }

  #settleAll(isMeant: (facts: TaskFacts) => boolean, moves?: Moves): void {
    for (const [key, facts] of this.#facts) if (isMeant(facts)) this.#settle(key, facts, moves);
  }

  #problem(where: string, why: string): void {
    this.#problems.push({ where, why });
  }
}
