// What several sources tell of is published once. The law: after any sequence of reports each task that a source knows is
// published exactly once, and what is published is the sum of the deltas.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agent } from '../../src/model/agent.ts';
import type { Framework } from '../../src/model/framework.ts';
import type { Port } from '../../src/model/port.ts';
import { type Task, taskKey } from '../../src/model/task.ts';
import type { ClusterDelta } from '../../src/sources/delta.ts';
import { LastGood } from '../../src/sources/last-good.ts';
import { readMarathonApps } from '../../src/sources/marathon-apps.ts';
import { ClusterMerge } from '../../src/sources/merge.ts';
import { readMesosStateText } from '../../src/sources/mesos-state.ts';
import type { ClusterChange } from '../../src/sources/source.ts';

const FRAMEWORK: Framework = {
  id: '0001',
  name: 'marathon',
  active: true,
  host: '192.0.2.100',
  port: undefined,
  addresses: ['192.0.2.100'],
};
const AGENT: Agent = { id: 'S1', hostname: 'a1.example.org', host: '192.0.2.1', port: 5051, addresses: ['192.0.2.1'] };

/** A task as Mesos tells it. */
const inMesos = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  name: 'web.prod',
  framework: FRAMEWORK,
  agent: AGENT,
  state: 'running',
  healthy: undefined,
  ready: true,
  discovery: { name: 'web.prod', ports: [{ number: 31_000, name: 'http', protocol: 'tcp' }] },
  addresses: [{ ip: '172.17.0.2', origin: 'netinfo' }],
  hostPorts: [31_000],
  ports: [{ name: 'http', protocol: 'tcp', hostPort: 31_000 }],
  labels: { owner: 'zeus' },
  app: undefined,
  runtime: 'docker',
  weight: undefined,
  ...more,
});

/** The same task as Marathon tells it. */
const inMarathon = (id: string, more: Partial<Task> = {}): Task => ({
  ...inMesos(id),
  framework: { ...FRAMEWORK, id: 'marathon', host: '', addresses: [] },
  agent: { ...AGENT, host: AGENT.hostname, port: undefined },
  addresses: [],
  ports: [{ name: 'http', protocol: 'tcp', hostPort: 31_000, containerPort: 80, servicePort: 10_000 }],
  labels: { owner: 'zeus', tier: 'front' },
  app: '/prod/web',
  ...more,
});

/** The manager's half and the merge, and what a consumer has that applies what comes out. */
class Published {
  readonly tasks = new Map<string, Task>();
  readonly agents = new Map<string, Agent>();
  readonly frameworks = new Map<string, Framework>();
  readonly #merge: ClusterMerge;
  readonly #sources = new Map<string, LastGood>();
  /** Called after each delta that comes out. */
  afterEach = (): void => {};

  constructor(order: readonly string[] = ['mesos', 'marathon']) {
    this.#merge = new ClusterMerge(order);
  }

  change(source: string, change: ClusterChange): readonly ClusterDelta[] {
    const known = this.#sources.get(source) ?? new LastGood(source);
    this.#sources.set(source, known);
    const delta = known.apply(change);
    const deltas = delta ? this.#merge.apply(delta) : [];
    for (const each of deltas) {
      this.#apply(each, 'tasks', this.tasks, taskKey);
      this.#apply(each, 'agents', this.agents, ({ id }) => id);
      this.#apply(each, 'frameworks', this.frameworks, ({ id }) => id);
      this.afterEach();
    }
    return deltas;
  }

  /** Takes one kind of thing over, and holds the delta to what was published before. */
  #apply<K extends 'tasks' | 'agents' | 'frameworks', T extends ClusterDelta['removed'][K][number]>(
    { source, upserted, removed }: ClusterDelta,
    kind: K,
    into: Map<string, T>,
    keyOf: (value: T) => string,
  ): void {
    for (const [now, before] of upserted[kind] as unknown as [T, T | undefined][]) {
      expect(into.get(`${source} ${keyOf(now)}`)).toBe(before);
      into.set(`${source} ${keyOf(now)}`, now);
    }
    for (const value of removed[kind] as unknown as T[]) {
      expect(into.get(`${source} ${keyOf(value)}`)).toBe(value);
      into.delete(`${source} ${keyOf(value)}`);
    }
  }
}

const mesos = (...tasks: Task[]): ClusterChange => ({ tasks, agents: [AGENT], frameworks: [FRAMEWORK] });
const marathon = (...tasks: Task[]): ClusterChange => ({
  tasks,
  agents: tasks.map(({ agent }) => agent),
  frameworks: tasks.map(({ framework }) => framework),
});

describe('a task that Mesos and Marathon tell of', () => {
  test('is one: Mesos says that it runs and where, Marathon adds health, readiness, service ports, labels and app', () => {
    const published = new Published();
    published.change('mesos', mesos(inMesos('web.1')));
    published.change('marathon', marathon(inMarathon('web.1', { healthy: false, ready: false })));
    expect([...published.tasks.keys()]).toEqual(['mesos 0001/web.1']);
    expect(published.tasks.get('mesos 0001/web.1')).toEqual({
      ...inMesos('web.1'),
      healthy: false,
      ready: false,
      ports: [
        {
          name: 'http',
          protocol: 'tcp',
          hostPort: 31_000,
          containerPort: 80,
          servicePort: 10_000,
          index: undefined,
          networks: undefined,
          labels: undefined,
          vips: undefined,
        },
      ],
      labels: { owner: 'zeus', tier: 'front' },
      app: '/prod/web',
    });
  });

  test('comes out the same whichever source tells first', () => {
    const one = new Published();
    one.change('mesos', mesos(inMesos('web.1')));
    one.change('marathon', marathon(inMarathon('web.1')));
    const other = new Published();
    other.change('marathon', marathon(inMarathon('web.1')));
    other.change('mesos', mesos(inMesos('web.1')));
    expect(other.tasks).toEqual(one.tasks);
    expect(other.agents).toEqual(one.agents);
  });

  test('is published without a gap when it moves from one source to the other', () => {
    const published = new Published();
    published.change('marathon', marathon(inMarathon('web.1')));
    published.afterEach = () => expect(published.tasks.size).toBeGreaterThan(0);
    const deltas = published.change('mesos', mesos(inMesos('web.1')));
    expect(
      deltas.map(({ source, upserted, removed }) => [source, upserted.tasks.length, removed.tasks.length]),
    ).toEqual([
      ['mesos', 1, 0],
      ['marathon', 0, 1],
    ]);
    expect([...published.tasks.keys()]).toEqual(['mesos 0001/web.1']);
  });

  test('stays as Mesos tells it when Marathon drops it, without what Marathon added', () => {
    const published = new Published();
    published.change('mesos', mesos(inMesos('web.1')));
    published.change('marathon', marathon(inMarathon('web.1', { healthy: false })));
    published.change('marathon', { removedTasks: ['marathon/web.1'] });
    expect([...published.tasks.values()]).toEqual([inMesos('web.1')]);
  });

  test('is over when Mesos says so, although Marathon lists it still', () => {
    const published = new Published();
    published.change('mesos', mesos(inMesos('web.1')));
    published.change('marathon', marathon(inMarathon('web.1')));
    published.change('mesos', { removedTasks: ['0001/web.1'] });
    expect(published.tasks.size).toBe(0);
    published.change('marathon', marathon(inMarathon('web.1', { healthy: true })));
    expect(published.tasks.size).toBe(0);
    published.change('mesos', mesos(inMesos('web.1')));
    expect([...published.tasks.values()].map(({ healthy }) => healthy)).toEqual([true]);
  });

  test('stays as Marathon tells it when Mesos does not know its agent any more (a new master that waits for its agents)', () => {
    const published = new Published();
    published.change('mesos', mesos(inMesos('web.1')));
    published.change('marathon', marathon(inMarathon('web.1')));
    published.afterEach = () => expect(published.tasks.size).toBeGreaterThan(0);
    published.change('mesos', { removedTasks: ['0001/web.1'], removedAgents: ['S1'] });
    expect([...published.tasks]).toEqual([['marathon marathon/web.1', inMarathon('web.1')]]);
    expect([...published.agents.keys()]).toEqual(['marathon S1']);
    published.change('mesos', mesos(inMesos('web.1')));
    expect([...published.tasks.keys()]).toEqual(['mesos 0001/web.1']);
    expect([...published.agents.keys()]).toEqual(['mesos S1']);
  });

  test('changes nothing when Marathon tells nothing new', () => {
    const published = new Published();
    published.change('mesos', mesos(inMesos('web.1')));
    published.change('marathon', marathon(inMarathon('web.1')));
    expect(published.change('marathon', { tasks: [inMarathon('web.1', { hostPorts: [31_001] })] })).toEqual([]);
  });
});

describe('which tasks are one', () => {
  const countOf = (a: Task, b: Task): number => {
    const published = new Published();
    published.change('mesos', { tasks: [a] });
    published.change('marathon', { tasks: [b] });
    return published.tasks.size;
  };
  const named = (id: string, name: string): Framework => ({ ...FRAMEWORK, id, name });

  test.each([
    ['the same name of the framework', inMesos('1'), inMarathon('1'), 1],
    ['the same id of the framework', inMesos('1'), inMarathon('1', { framework: named('0001', 'other') }), 1],
    ['another framework', inMesos('1'), inMarathon('1', { framework: named('0002', 'other') }), 2],
    ['another task', inMesos('1'), inMarathon('2'), 2],
    [
      'another agent (a second cluster in which a scheduler counts from 0, too)',
      inMesos('1'),
      inMesos('1', { agent: { ...AGENT, id: 'T1' } }),
      2,
    ],
    [
      'an agent of which only the host is told (Marathon before 0.8)',
      inMesos('1'),
      inMarathon('1', { agent: { ...AGENT, id: AGENT.hostname, host: AGENT.hostname } }),
      1,
    ],
  ])('%s: %#', (_, a, b, count) => {
    expect(countOf(a, b)).toBe(count);
  });

  test('two of one source never are', () => {
    const published = new Published();
    published.change('mesos', { tasks: [inMesos('1'), inMesos('1', { framework: named('0002', 'marathon') })] });
    expect(published.tasks.size).toBe(2);
  });

  test('of two sources of a kind the one that is configured first takes precedence', () => {
    const published = new Published(['second', 'first']);
    published.change('first', { tasks: [inMesos('1', { hostPorts: [1] })] });
    published.change('second', { tasks: [inMesos('1', { hostPorts: [2] })] });
    expect([...published.tasks]).toMatchObject([['second 0001/1', { hostPorts: [2] }]]);
  });
});

describe('ports of both', () => {
  const portsOf = (runs: Port[], adds: Port[]): readonly Port[] => {
    const published = new Published();
    published.change('mesos', { tasks: [inMesos('1', { ports: runs })] });
    published.change('marathon', { tasks: [inMarathon('1', { ports: adds })] });
    return [...published.tasks.values()][0]!.ports;
  };
  const line = ({ name, protocol, networks = [], ...numbers }: Port) => {
    const [host, container, service] = [numbers.hostPort, numbers.containerPort, numbers.servicePort].map(
      (each) => each ?? '-',
    );
    return [name, protocol, `${host}:${container}`, service, ...networks].join(' ');
  };

  test('on two networks Mesos has two of them, and both are offered as the one service', () => {
    const adds: Port[] = [
      { name: 'web', protocol: 'tcp', containerPort: 80, servicePort: 10_000, networks: ['a', 'b'] },
    ];
    const runs: Port[] = ['a', 'b'].map((network) => ({
      name: 'web',
      protocol: 'tcp',
      containerPort: 80,
      networks: [network],
    }));
    expect(portsOf(runs, adds).map(line)).toEqual(['web tcp -:80 10000 a', 'web tcp -:80 10000 b']);
  });

  test('one number of two protocols is two', () => {
    const adds: Port[] = [
      { name: 'dns', protocol: 'udp', hostPort: 7, servicePort: 1 },
      { name: 'dns', protocol: 'tcp', hostPort: 7, servicePort: 2 },
    ];
    expect(portsOf([{ name: 'dns', protocol: 'tcp', hostPort: 7 }], adds).map(line)).toEqual([
      'dns tcp 7:- 2',
      'dns udp 7:- 1',
    ]);
  });

  test("in host networking the number may be told as the host's by one and as the program's by the other", () => {
    const adds: Port[] = [{ name: 'web', protocol: 'tcp', containerPort: 7, servicePort: 1 }];
    expect(portsOf([{ name: 'web', protocol: 'tcp', hostPort: 7 }], adds).map(line)).toEqual(['web tcp 7:- 1']);
  });
});

test("the article's five tasks, from Mesos's /state and from Marathon's /v2/apps, are five", () => {
  const fixture = (path: string) => readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
  const { cluster } = readMesosStateText(fixture('article/state.json'));
  const app = JSON.parse(fixture('marathon/article-httpi-bridge-vip-haproxy.json').toString()) as object;
  const tasks = cluster.tasks.map(({ id, agent, hostPorts }, i) => ({
    id,
    host: agent.hostname,
    slaveId: agent.id,
    state: 'TASK_RUNNING',
    ports: hostPorts,
    healthCheckResults: [{ alive: i > 0 }],
  }));
  const { cluster: told } = readMarathonApps({ apps: [{ ...app, healthChecks: [{ protocol: 'HTTP' }], tasks }] });
  const published = new Published();
  published.change('marathon', told as ClusterChange);
  published.change('mesos', cluster as ClusterChange);
  expect([...published.tasks.values()]).toEqual(
    cluster.tasks.map((task, i) => ({
      ...task,
      healthy: i > 0,
      app: '/httpi',
      labels: { ...task.labels, HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http', HAPROXY_0_PORT: '3141' },
      ports: task.ports.map((port) => ({ ...port, containerPort: port.hostPort, index: 0 })),
    })),
  );
  expect([...published.agents.values()]).toEqual(cluster.agents);
});

test('agents and frameworks of both are published once, as Mesos tells them', () => {
  const published = new Published();
  const seen = inMarathon('1');
  published.change('marathon', { agents: [seen.agent], frameworks: [{ ...seen.framework, id: '0001' }] });
  published.change('mesos', { agents: [AGENT], frameworks: [FRAMEWORK] });
  expect([...published.agents]).toEqual([['mesos S1', AGENT]]);
  expect([...published.frameworks]).toEqual([['mesos 0001', FRAMEWORK]]);
});

test('masters pass', () => {
  const masters = { leader: { ip: '192.0.2.10', port: 5050 }, all: [] };
  const published = new Published();
  expect(published.change('mesos', { masters })).toMatchObject([
    { source: 'mesos', upserted: { masters: [masters, undefined] } },
  ]);
  expect(published.change('mesos', { masters: null })).toMatchObject([{ source: 'mesos', removed: { masters } }]);
});

test('after any sequence of reports each task is published once, as the sources that know it tell together', () => {
  const ids = ['a', 'b', 'c'] as const;
  const step = fc.oneof(
    fc.record({
      source: fc.constantFrom('mesos', 'marathon', 'marathon 2'),
      put: fc.subarray([...ids]),
      drop: fc.subarray([...ids]),
      healthy: fc.boolean(),
    }),
    fc.constant('lose agent' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const published = new Published();
      const known = new Map<string, Map<string, Task>>();
      const over = new Set<string>();
      for (const each of steps) {
        const source = each === 'lose agent' ? 'mesos' : each.source;
        const mine = known.get(source) ?? new Map<string, Task>();
        known.set(source, mine);
        if (each === 'lose agent') {
          published.change('mesos', {
            removedTasks: [...mine.keys()].map((id) => `0001/${id}`),
            removedAgents: ['S1'],
          });
          mine.clear();
        } else {
          const [make, framework] = source === 'mesos' ? [inMesos, '0001'] : [inMarathon, 'marathon'];
          const tasks = each.put.map((id) => make(id, { healthy: each.healthy }));
          const gone = each.drop.filter((id) => !each.put.includes(id) && mine.has(id));
          published.change(source, {
            tasks,
            agents: [make('').agent],
            removedTasks: gone.map((id) => `${framework}/${id}`),
          });
          for (const task of tasks) mine.set(task.id, task);
          for (const id of gone) mine.delete(id);
          if (source === 'mesos') for (const id of gone) over.add(id);
        }
        for (const id of ids)
          if (known.get('mesos')?.has(id) || ![...known.values()].some((tasks) => tasks.has(id))) over.delete(id);
      }
      for (const id of ids) {
        const views = [...known.values()].flatMap((tasks) => tasks.get(id) ?? []);
        const shown = [...published.tasks].filter(([, task]) => task.id === id);
        expect(shown).toHaveLength(views.length > 0 && !over.has(id) ? 1 : 0);
        for (const [key, task] of shown) {
          expect(key.startsWith('mesos ')).toBe(known.get('mesos')?.has(id) ?? false);
          expect(task.healthy).toBe(views.every(({ healthy }) => healthy !== false));
        }
      }
    }),
  );
});
