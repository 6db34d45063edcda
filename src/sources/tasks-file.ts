// Portolan's own task format: a JSON file in which people without an orchestrator write down what runs where. This maps
// it to the model, so that "web" of the framework "home" is found as web.home.mesos; its shape is in `tasks-schema.ts`.
import type { z } from 'zod';
import { nearest } from '../base/nearest.ts';
import type { Agent } from '../model/agent.ts';
import type { Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Port } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { parseIp } from './address.ts';
import { isObject, show } from './fields.ts';
import type { Path } from './json.ts';
import { JsonError, parseJson, pathText, positionAt, positionOf } from './json.ts';
import { addressesOfHost } from './mesos-hosts.ts';
import type { Reading, Resolve } from './reading.ts';
import { NO_LABELS, NONE } from './reading.ts';
import { expectation, type port, task, tasksFile } from './tasks-schema.ts';
import { parseVip, uniteVips } from './vip.ts';

/** Problems of one file that get line and column; each costs a walk over the text, and the log shows no more. */
const LOCATED_PROBLEMS = 20;

type TaskEntry = z.infer<typeof task>;

export interface TasksFileOptions {
  /** Known addresses of host names; without it a host that is given by name has none. */
  readonly resolve?: Resolve | undefined;
}

/**
 * Reads a file of tasks. A task that cannot be used is left out and named in a problem, with its line and column.
 * @throws JsonError when the text is no JSON object with a list `tasks`
 */
export function readTasksFile(file: string, options: TasksFileOptions = {}): Reading {
  const document = parseJson(file);
  const json = file.charCodeAt(0) === 0xfeff ? file.slice(1) : file;
  if (!isObject(document))
    throw new JsonError(`expected an object with a list "tasks", got ${show(document)}`, positionAt(json, 0));
  const entries = document.tasks;
  if (!Array.isArray(entries))
    throw new JsonError(`tasks: expected a list of tasks, got ${show(entries)}`, positionOf(json, ['tasks']));
  const problems: Problem[] = [];
  const complain = (path: Path, why: string) => {
    const where = pathText(path);
    if (problems.length >= LOCATED_PROBLEMS) {
      problems.push({ where, why });
      return;
    }
    const { line, column } = positionOf(json, path);
    problems.push({ where: `line ${line}, column ${column}: ${where}`, why });
  };
  const head = check(tasksFile.omit({ tasks: true }), { ...document, tasks: undefined }, [], complain);
  if (entries.some((entry) => isObject(entry) && 'appId' in entry))
    complain(
      ['tasks'],
      'looks like an answer of Marathon to /v2/tasks; read /v2/apps?embed=apps.tasks instead, which has the ports',
    );
  const cluster = new HandWritten(head?.framework ?? 'local', options.resolve);
  entries.forEach((entry: unknown, i) => {
    const read = check(task, entry, ['tasks', i], complain);
    if (read && !cluster.add(read))
      complain(['tasks', i, 'id'], `another task of the framework has the id ${show(read.id)}; the task is left out`);
  });
  return { cluster: cluster.done(), problems };
}

/** The value when it fits; unknown keys cost only themselves. Everything that does not fit is complained of. */
function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  at: Path,
  complain: (path: Path, why: string) => void,
): T | undefined {
  const result = schema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  const pruned = structuredClone(value);
  let isUsable = true;
  for (const issue of result.error.issues.flatMap(innermost)) {
    if (issue.code === 'unrecognized_keys') {
      const owner = issue.path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown>)[step], pruned);
      for (const key of issue.keys) {
        delete (owner as Record<string, unknown>)[key];
        if (key === 'tasks' && at.length === 0) continue;
        const known = issue.message.split(' ');
        const near = nearest(key, known);
        complain(
          [...at, ...issue.path, key],
          `unknown key; ${near === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${near}"?`}`,
        );
      }
    } else {
      isUsable = false;
      const found = issue.path.reduce<unknown>(
        (inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step],
        value,
      );
      complain(
        [...at, ...issue.path],
        `expected ${issue.message}, got ${show(found)}${at.length === 0 ? '' : '; the task is left out'}`,
      );
    }
  }
  return isUsable ? schema.parse(pruned) : undefined;
}

/** Of a choice between shapes the issues of the one that the value came nearest to: an object is meant as an object. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const nested = issue.errors.find((issues) =>
    issues.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return nested ? nested.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) : [issue];
}

/** Turns tasks as written into tasks of the model. */
class HandWritten {
  readonly #framework: string;
  readonly #resolve: Resolve | undefined;
  readonly #agents = new Map<string, Agent>();
  readonly #frameworks = new Map<string, Framework>();
  readonly #tasks: Task[] = [];
  readonly #ids = new Set<string>();

  constructor(framework: string, resolve: Resolve | undefined) {
    this.#framework = framework;
    this.#resolve = resolve;
  }

  /** @returns false when its framework has a task of that id already */
  add(entry: TaskEntry): boolean {
    const framework = this.#frameworkOf(entry.framework ?? this.#framework);
    const host = entry.host ?? entry.addresses![0]!;
    const id = this.#freeId(framework, entry.id, `${entry.name}.${host}`);
    if (id === undefined) return false;
    const agent = this.#agentOf(host);
    const own = entry.addresses?.length ? entry.addresses.map((address) => parseIp(address)!) : undefined;
    const written = (entry.ports ?? []).map((value) => (typeof value === 'number' ? { port: value } : value));
    this.#tasks.push({
      id,
      name: entry.name,
      framework,
      agent,
      state: entry.state ?? 'running',
      healthy: entry.healthy,
      ready: entry.ready ?? true,
      discovery: {
        name: entry.name,
        ports: written.map(({ port: number, name, protocol }) => ({
          number,
          name: name ?? '',
          protocol: protocol ?? 'tcp',
        })),
      },
      addresses: (own ?? agent.addresses).map((address) => ({ ip: address, origin: 'netinfo', network: undefined })),
      hostPorts: written.flatMap(({ port: number, hostPort }) => hostPort ?? (own ? [] : number)),
      ports: written.map((value, i) =>
        portOf(value, i === 0 ? entry.vip : undefined, agent.addresses.length === 0 && !own),
      ),
      labels: entry.labels ?? NO_LABELS,
      app: entry.app,
      runtime: undefined,
      weight: entry.weight,
    });
    return true;
  }

  done(): Reading['cluster'] {
    return { tasks: this.#tasks, agents: [...this.#agents.values()], frameworks: [...this.#frameworks.values()] };
  }

  /** The stated id when it is free; else one that stays the same while other tasks come and go. */
  #freeId(framework: Framework, stated: string | undefined, made: string): string | undefined {
    let id = stated ?? made;
    for (let n = 2; this.#ids.has(`${framework.id}/${id}`); n++) {
      if (stated !== undefined) return undefined;
      id = `${made}.${n}`;
    }
    this.#ids.add(`${framework.id}/${id}`);
    return id;
  }

  #frameworkOf(name: string): Framework {
    let framework = this.#frameworks.get(name);
    if (!framework) {
      framework = { id: name, name, active: true, host: '', port: undefined, addresses: NONE };
      this.#frameworks.set(name, framework);
    }
    return framework;
  }

  #agentOf(host: string): Agent {
    let agent = this.#agents.get(host);
    if (!agent) {
      agent = {
        id: host,
        hostname: host,
        host,
        port: undefined,
        addresses: addressesOfHost(host, this.#resolve),
        labels: undefined,
      };
      this.#agents.set(host, agent);
    }
    return agent;
  }
}

/** @param onHostOnly the task has no address but its host's, which is not known yet: the port is the host's */
function portOf(written: z.infer<typeof port>, first: string | undefined, onHostOnly: boolean): Port {
  const texts = [first ?? [], written.vip ?? []].flat();
  return {
    name: written.name,
    protocol: written.protocol ?? 'tcp',
    containerPort: onHostOnly ? undefined : written.port,
    hostPort: onHostOnly ? written.port : written.hostPort,
    servicePort: written.servicePort,
    labels: written.labels,
    vips: texts.reduce<Port['vips']>((vips, text) => uniteVips(vips, [parseVip(text)!]), undefined),
  };
}
