// A /state document of a Mesos master (also under /master/state and /state.json) as a cluster. Read as Mesos-DNS reads it,
// but an entry that cannot be used costs only itself and is named in a problem. Large documents are read from their
// text, one task at a time; lists that are not used (completed tasks, executors) are skipped unparsed.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { MasterAddress } from '../model/masters.ts';
import type { Task } from '../model/task.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, show, textOf } from './fields.ts';
import type { Span } from './json-scan.ts';
import { JsonScanner } from './json-scan.ts';
import { readAgent, readFramework, readLeader, readMasters } from './mesos-hosts.ts';
import { mergeFacts, taskOf } from './mesos-tasks.ts';
import type { Reading, Resolve } from './reading.ts';

export interface MesosStateOptions {
  /** Known addresses of host names; without it a host that is given by name has none. */
  readonly resolve?: Resolve | undefined;
  /** All masters as configured, `address:port`, in order; the document itself names only the leader. */
  readonly masters?: readonly string[] | undefined;
}

/**
 * Reads a parsed /state document.
 * @throws TypeError when it is no object
 */
export function readMesosState(document: unknown, options: MesosStateOptions = {}): Reading {
  if (!isObject(document)) throw new TypeError(`expected a /state document, an object, got ${show(document)}`);
  const reader = new StateReader(options);
  reader.agents(document.slaves, (value) => value);
  if (reader.isList(document.frameworks, 'frameworks'))
    listOf(document.frameworks).forEach((value, i) => {
      reader.framework(i, value, isObject(value) ? value.tasks : undefined, (task) => task);
    });
  return reader.finish(document.leader);
}

/**
 * Reads the text of a /state document, going over it once and parsing it task by task.
 * @param text UTF-8
 * @throws JsonError when it is no JSON object, with line and column
 */
export function readMesosStateText(text: Buffer, options: MesosStateOptions = {}): Reading {
  const scanner = new JsonScanner(text);
  const parse = (span: unknown) => scanner.parse(span as Span);
  // Agents may stand behind the tasks that run on them, so the places of all are gathered before any is read.
  const frameworks: { fields: unknown; tasks: unknown }[] = [];
  let agents: unknown;
  let leader: unknown;
  let notList: unknown;
  scanner.object((name) => {
    if (name === 'slaves') agents = spansOrValue(scanner);
    else if (name === 'leader') leader = scanner.value();
    else if (name !== 'frameworks') scanner.skip();
    else if (scanner.next() === 'list') scanner.list(() => frameworks.push(scanFramework(scanner)));
    else notList = scanner.value();
  });
  scanner.end();
  const reader = new StateReader(options);
  reader.agents(agents, parse);
  reader.isList(notList, 'frameworks');
  frameworks.forEach(({ fields, tasks }, i) => {
    reader.framework(i, fields, tasks, parse);
  });
  return reader.finish(leader);
}

/** Members of a framework that are read; all others are skipped, which is most of the document. */
const FRAMEWORK_FIELDS = new Set(['id', 'name', 'pid', 'hostname', 'active']);

function scanFramework(scanner: JsonScanner): { fields: unknown; tasks: unknown } {
  if (scanner.next() !== 'object') return { fields: scanner.value(), tasks: undefined };
  const fields: Record<string, unknown> = {};
  let tasks: unknown;
  scanner.object((name) => {
    if (name === 'tasks') tasks = spansOrValue(scanner);
    else if (FRAMEWORK_FIELDS.has(name)) fields[name] = scanner.value();
    else scanner.skip();
  });
  return { fields, tasks };
}

/** The places of a list's elements; what is no list comes as it is. */
function spansOrValue(scanner: JsonScanner): unknown {
  if (scanner.next() !== 'list') return scanner.value();
  const spans: Span[] = [];
  scanner.list(() => spans.push(scanner.skip()));
  return spans;
}

/** What is read of one document so far. */
class StateReader {
  readonly #resolve: Resolve | undefined;
  readonly #masters: readonly MasterAddress[];
  readonly #problems: Problem[] = [];
  readonly #agents = new Map<string, Agent>();
  readonly #frameworks: Framework[] = [];
  readonly #tasks: Task[] = [];
  /** Tasks per agent that the document does not list. */
  readonly #homeless = new Map<string, { count: number; first: string }>();

  constructor(options: MesosStateOptions) {
    this.#resolve = options.resolve;
    this.#masters = readMasters(options.masters ?? [], (part, why) => this.#problem(`masters${part}`, why));
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

  /** @param parse makes an element's value of what stands in the list */
  agents(list: unknown, parse: (element: unknown) => unknown): void {
    if (!this.isList(list, 'slaves')) return;
    listOf(list).forEach((element, i) => {
      const value = parse(element);
      const id = isObject(value) ? textOf(value.id) : undefined;
      if (id === undefined) this.#problem(`slaves[${i}]`, 'expected an object with an id; it is left out');
      else
        this.#agents.set(
          id,
          readAgent(id, value as Fields, this.#resolve, (part, why) =>
            this.#problem(`slaves[${i}]${part} (id ${id})`, why),
          ),
        );
    });
  }

  /** @param parse makes a task's value of what stands in the list `tasks` */
  framework(i: number, value: unknown, tasks: unknown, parse: (element: unknown) => unknown): void {
    if (!isObject(value)) {
      this.#problem(`frameworks[${i}]`, `expected an object, got ${show(value)}; it is left out`);
      return;
    }
    const called = ` (name ${show(value.name)})`;
    // Mesos 0.2x documents in the wild have frameworks without an id; their place serves as well.
    const id = textOf(value.id) ?? `frameworks[${i}]`;
    const framework = readFramework(id, value, this.#resolve, (part, why) =>
      this.#problem(`frameworks[${i}]${part}${called}`, why),
    );
    this.#frameworks.push(framework);
    if (!this.isList(tasks, `frameworks[${i}].tasks${called}`)) return;
    const list = listOf(tasks);
    for (let t = 0; t < list.length; t++) this.#task(parse(list[t]), framework, `frameworks[${i}].tasks[${t}]`);
  }

  #task(value: unknown, framework: Framework, place: string): void {
    const id = isObject(value) ? textOf(value.id) : undefined;
    if (!isObject(value) || id === undefined || textOf(value.state) === undefined) {
      this.#problem(place, 'expected an object with an id and a state; the task is left out');
      return;
    }
    const complain = (part: string, why: string) => this.#problem(`${place}${part} (id ${show(id)})`, why);
    const agentId = textOf(value.slave_id);
    if (agentId === undefined) {
      complain('', 'slave_id is missing; the task is left out');
      return;
    }
    const agent = this.#agents.get(agentId);
    if (!agent) {
      const others = this.#homeless.get(agentId);
      if (others) others.count++;
      else this.#homeless.set(agentId, { count: 1, first: id });
      return;
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
    this.#tasks.push(taskOf(mergeFacts(undefined, message, complain), framework, agent));
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
