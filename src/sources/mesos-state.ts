// A /state document of a Mesos master (also under /master/state and /state.json) as a cluster. Read as Mesos-DNS reads it,
// but an entry that cannot be used costs only itself and is named in a problem. Large documents are read from their
// text, one task at a time; lists that are not used (completed tasks, executors) are skipped unparsed.
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { MasterAddress } from '../model/masters.ts';
import type { Task } from '../model/task.ts';
import { isSameAgent, isSameFramework, isSameWork } from './compare.ts';
import type { Fields } from './fields.ts';
import { isObject, listOf, show, textOf } from './fields.ts';
import type { Span } from './json-scan.ts';
import { JsonScanner } from './json-scan.ts';
import { readAgent, readFramework, readLeader, readMasters } from './mesos-hosts.ts';
import type { Complaint, TaskText } from './mesos-reread.ts';
import { TaskTexts } from './mesos-reread.ts';
import { mergeFacts, taskOf } from './mesos-tasks.ts';
import type { Reading, Resolve } from './reading.ts';
import { NONE } from './reading.ts';

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
  const state = new StateBuilder(options, NOTHING_KNOWN);
  state.agents(document.slaves, (value) => value);
  if (state.isList(document.frameworks, 'frameworks'))
    listOf(document.frameworks).forEach((value, i) => {
      state.framework(i, value, isObject(value) ? value.tasks : undefined, (task, framework, list, t) => {
        state.task(task, framework, list, t);
      });
    });
  return state.finish(document.leader);
}

/** Reads the text of one /state document: `MesosStateReader.read`. */
export function readMesosStateText(text: Buffer, options: MesosStateOptions = {}): Reading {
  return new MesosStateReader(options).read(text);
}

/** Reads the texts of one master's documents one after another; what is as it was keeps its objects. */
export class MesosStateReader {
  readonly #options: MesosStateOptions;
  #known = NOTHING_KNOWN;

  constructor(options: MesosStateOptions = {}) {
    this.#options = options;
  }

  /**
   * Goes over the text once and parses it task by task.
   * @param text UTF-8
   * @throws JsonError when it is no JSON object, with line and column
   */
  read(text: Buffer): Reading {
    const scanner = new JsonScanner(text);
    const texts = new TaskTexts(scanner, text, this.#known.texts);
    const parse = (span: unknown) => scanner.parse(span as Span);
    // Agents may stand behind the tasks that run on them, so the places of all are gathered before any is read.
    const frameworks: { fields: unknown; tasks: unknown }[] = [];
    let agents: unknown;
    let leader: unknown;
    let notList: unknown;
    scanner.object((name) => {
      if (name === 'slaves') agents = listOrValue(scanner, () => scanner.skip());
      else if (name === 'leader') leader = scanner.value();
      else if (name !== 'frameworks') scanner.skip();
      else if (scanner.next() === 'list') scanner.list(() => frameworks.push(scanFramework(scanner, texts)));
      else notList = scanner.value();
    });
    scanner.end();
    const state = new StateBuilder(this.#options, this.#known);
    state.agents(agents, parse);
    state.isList(notList, 'frameworks');
    frameworks.forEach(({ fields, tasks }, i) => {
      state.framework(i, fields, tasks, (task, framework, list, t) => {
        state.taskText(task as TaskText, framework, list, t, parse);
      });
    });
    const reading = state.finish(leader);
    this.#known = {
      texts: frameworks.flatMap(({ tasks }) => (Array.isArray(tasks) ? (tasks as TaskText[]) : [])),
      agents: byId(reading.cluster.agents),
      frameworks: byId(reading.cluster.frameworks),
    };
    return reading;
  }
}

/** What a reading leaves for the next one. */
interface Known {
  readonly texts: readonly TaskText[];
  readonly agents: ReadonlyMap<string, Agent>;
  readonly frameworks: ReadonlyMap<string, Framework>;
}

const NOTHING_KNOWN: Known = { texts: NONE, agents: new Map(), frameworks: new Map() };

function byId<T extends { readonly id: string }>(values: readonly T[]): Map<string, T> {
  return new Map(values.map((value) => [value.id, value]));
}

/** Members of a framework that are read; all others are skipped, which is most of the document. */
const FRAMEWORK_FIELDS = new Set(['id', 'name', 'pid', 'hostname', 'active']);

function scanFramework(scanner: JsonScanner, texts: TaskTexts): { fields: unknown; tasks: unknown } {
  if (scanner.next() !== 'object') return { fields: scanner.value(), tasks: undefined };
  const fields: Record<string, unknown> = {};
  let tasks: unknown;
  scanner.object((name) => {
    if (name === 'tasks') tasks = listOrValue(scanner, () => texts.next());
    else if (FRAMEWORK_FIELDS.has(name)) fields[name] = scanner.value();
    else scanner.skip();
  });
  return { fields, tasks };
}

/** What `element` gives for each element of a list; what is no list comes as it is. */
function listOrValue(scanner: JsonScanner, element: () => Span): unknown {
  if (scanner.next() !== 'list') return scanner.value();
  const elements: Span[] = [];
  scanner.list(() => elements.push(element()));
  return elements;
}

/** What is made of one document so far. */
class StateBuilder {
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

  /** @param parse makes an element's value of what stands in the list */
  agents(list: unknown, parse: (element: unknown) => unknown): void {
    if (!this.isList(list, 'slaves')) return;
    listOf(list).forEach((element, i) => {
      const value = parse(element);
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
    });
  }

  /** @param read reads an element of the list `tasks`; the list is `frameworks[0].tasks`, and `t` its number there */
  framework(
    i: number,
    value: unknown,
    tasks: unknown,
    read: (element: unknown, framework: Framework, list: string, t: number) => void,
  ): void {
    if (!isObject(value)) {
      this.#problem(`frameworks[${i}]`, `expected an object, got ${show(value)}; it is left out`);
      return;
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
    if (!this.isList(tasks, `frameworks[${i}].tasks${called}`)) return;
    const elements = listOf(tasks);
    const list = `frameworks[${i}].tasks`;
    for (let t = 0; t < elements.length; t++) read(elements[t], framework, list, t);
  }

  /** A task by its text. One that was read before, with the framework and agent that it has now, is not read again. */
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
