// The manager keeps what was reported last and tells only what changed. The law: applying all deltas to nothing gives the
// cluster that was reported last.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { type Schedule, schedule } from '../../src/base/schedule.ts';
import type { Agent } from '../../src/model/agent.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Framework } from '../../src/model/framework.ts';
import { type Task, taskKey } from '../../src/model/task.ts';
import { type ClusterDelta, type ManagedSource, SourceManager } from '../../src/sources/manager.ts';
import type { Source, SourceSink } from '../../src/sources/source.ts';

class FakeSource implements Source {
  readonly name: string;
  sink!: SourceSink;
  isStopped = false;
  constructor(name = 'fake') {
    this.name = name;
  }
  async start(sink: SourceSink): Promise<void> {
    this.sink = sink;
  }
  async stop(): Promise<void> {
    this.isStopped = true;
  }
}

const managed = (name: string) => ({ source: new FakeSource(name), isRequired: true });

const agent = (id: string, address = '192.0.2.1'): Agent => ({ id, hostname: id, host: address, addresses: [address] });
const framework = (id: string, active = true): Framework => ({ id, name: id, active, host: '', addresses: [] });
const task = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  name: id,
  framework: framework('F'),
  agent: agent('S1'),
  state: 'running',
  ready: true,
  addresses: [{ ip: '192.0.2.7', origin: 'netinfo' }],
  hostPorts: [31_000],
  ports: [{ name: 'http', protocol: 'tcp', containerPort: 80, vips: [{ kind: 'named', label: '/a', port: 80 }] }],
  labels: { a: '1' },
  ...more,
});
const cluster = (tasks: readonly Task[], more: Partial<Cluster> = {}): Cluster => ({
  tasks,
  agents: [agent('S1')],
  frameworks: [framework('F')],
  ...more,
});

/** Timers that run when the test says so. */
class Timers {
  ms = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly run: () => void }>();
  readonly schedule: Schedule = (run, afterMs) => {
    const timer = { at: this.ms + afterMs, run };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  };
  pass(ms: number): void {
    this.ms += ms;
    for (const timer of [...this.#waiting].sort((a, b) => a.at - b.at))
      if (timer.at <= this.ms && this.#waiting.delete(timer)) timer.run();
  }
}

async function setUp(source = new FakeSource(), more: Partial<ManagedSource> = {}) {
  const deltas: ClusterDelta[] = [];
  const lines: { level: string; msg: string; fields: Record<string, unknown> }[] = [];
  const log = (level: string) => (fields: Record<string, unknown>, msg: string) => lines.push({ level, msg, fields });
  const logger = {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    fatal: log('fatal'),
  } as unknown as Logger;
  const metrics = new Metrics();
  const clock = { ms: 1_000 };
  const timers = new Timers();
  const manager = new SourceManager({
    sources: [{ source, isRequired: true, ...more }],
    onDelta: (delta) => deltas.push(delta),
    log: logger,
    metrics,
    now: () => clock.ms,
    schedule: timers.schedule,
  });
  await manager.start();
  const count = (name: string) =>
    [...metrics].find(({ spec }) => spec.name === name && spec.labels?.source === source.name)?.value ?? 0;
  return { source, sink: source.sink, manager, deltas, lines, count, clock, timers };
}

/** A copy in which no object is the same, as a new poll gives it. */
const copy = <T>(value: T): T => structuredClone(value);

describe('SourceManager', () => {
  test('a report that repeats what is known tells nothing', async () => {
    const { sink, deltas, clock, manager } = await setUp();
    sink.snapshot(cluster([task('a'), task('b')]));
    expect(deltas).toHaveLength(1);
    expect(deltas[0]!.upserted.tasks.map(([now, before]) => [now.id, before])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    clock.ms = 2_000;
    sink.snapshot(copy(cluster([task('a'), task('b')])));
    expect(deltas).toHaveLength(1);
    expect(manager.status()).toEqual([
      {
        name: 'fake',
        isRequired: true,
        lastGoodAt: 2_000,
        isRestored: false,
        trouble: undefined,
        tasks: 2,
        problems: 0,
        heldBack: undefined,
      },
    ]);
  });

  const changes: [string, Partial<Task>][] = [
    ['state', { state: 'killing' }],
    ['health', { healthy: false }],
    ['readiness', { ready: false }],
    ['name', { name: 'x' }],
    ['app', { app: '/x' }],
    ['runtime', { runtime: 'docker' }],
    ['weight', { weight: 2 }],
    ['labels, one more', { labels: { a: '1', b: '2' } }],
    ['labels, one other', { labels: { b: '1' } }],
    ['an address', { addresses: [{ ip: '192.0.2.8', origin: 'netinfo' }] }],
    ["an address's origin", { addresses: [{ ip: '192.0.2.7', origin: 'docker' }] }],
    ["an address's network", { addresses: [{ ip: '192.0.2.7', origin: 'netinfo', network: 'dcos' }] }],
    ['host ports', { hostPorts: [31_001] }],
    ['discovery', { discovery: { name: 'a', ports: [] } }],
    [
      'a port',
      {
        ports: [{ name: 'http', protocol: 'tcp', containerPort: 81, vips: [{ kind: 'named', label: '/a', port: 80 }] }],
      },
    ],
    [
      'a virtual address',
      {
        ports: [{ name: 'http', protocol: 'tcp', containerPort: 80, vips: [{ kind: 'literal', ip: '/a', port: 80 }] }],
      },
    ],
    ["its agent's address", { agent: agent('S1', '192.0.2.2') }],
    ['its framework', { framework: framework('F', false) }],
  ];
  test.each(changes)('a change of %s is told with the task before', async (_, change) => {
    const { sink, deltas } = await setUp();
    sink.snapshot(cluster([task('a'), task('b')]));
    const changed = task('a', change);
    sink.snapshot(copy(cluster([changed, task('b')], { agents: [changed.agent], frameworks: [changed.framework] })));
    const tasks = deltas[1]!.upserted.tasks;
    expect(tasks[0]).toEqual([changed, task('a')]);
  });

  test('unchanged tasks keep their objects, so that identity tells', async () => {
    const { sink, manager } = await setUp();
    sink.snapshot(cluster([task('a'), task('b')]));
    const before = manager.clusters().get('fake')!;
    sink.snapshot(copy(cluster([task('a'), task('b', { healthy: true })])));
    const after = manager.clusters().get('fake')!;
    expect(after.tasks[0]).toBe(before.tasks[0]);
    expect(after.tasks[1]).not.toBe(before.tasks[1]);
    expect(after.tasks[1]!.agent).toBe(before.agents[0]);
  });

  test('trouble changes nothing, is logged once and counted each time; a good report ends it', async () => {
    const { sink, deltas, lines, count, manager, clock } = await setUp();
    sink.snapshot(cluster([task('a')]));
    clock.ms = 5_000;
    sink.trouble('Cannot read x: timeout');
    sink.trouble('Cannot read x: timeout');
    expect(manager.status()[0]).toMatchObject({ lastGoodAt: 1_000, trouble: 'Cannot read x: timeout', tasks: 1 });
    expect(count('portolan_source_failures_total')).toBe(2);
    expect(lines.map(({ msg }) => msg)).toEqual(['source in trouble']);
    sink.snapshot(cluster([task('a')]));
    expect(manager.status()[0]).toMatchObject({ lastGoodAt: 5_000, trouble: undefined });
    expect(lines.map(({ msg }) => msg)).toEqual(['source in trouble', 'source reads again']);
    expect(deltas).toHaveLength(1);
  });

  test('a problem is logged and counted when it appears, not while it lasts, and again when it comes back', async () => {
    const { sink, lines, count } = await setUp();
    const problem = { where: 'slaves[1]', why: 'pid is missing' };
    sink.snapshot(cluster([]), [problem]);
    sink.snapshot(cluster([]), [problem]);
    expect(count('portolan_source_problems_total')).toBe(1);
    sink.snapshot(cluster([]), [{ ...problem, why: 'pid is empty' }]);
    expect(count('portolan_source_problems_total')).toBe(2);
    sink.snapshot(cluster([]), []);
    sink.snapshot(cluster([]), [problem]);
    expect(count('portolan_source_problems_total')).toBe(3);
    expect(lines.map(({ fields }) => fields.why)).toEqual(['pid is missing', 'pid is empty', 'pid is missing']);
  });

  test('thousands of problems do not make thousands of log lines', async () => {
    const { sink, lines, count } = await setUp();
    sink.snapshot(
      cluster([]),
      Array.from({ length: 5_000 }, (_, i) => ({ where: `tasks[${i}]`, why: 'is odd' })),
    );
    expect(count('portolan_source_problems_total')).toBe(5_000);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toMatchObject({ msg: 'more source entries not usable', fields: { count: 4_980 } });
  });

  test('of two tasks with one key the first counts, and that is a problem', async () => {
    const { sink, manager, lines } = await setUp();
    sink.snapshot(cluster([task('a', { name: 'first' }), task('a', { name: 'second' })]));
    expect(
      manager
        .clusters()
        .get('fake')!
        .tasks.map(({ name }) => name),
    ).toEqual(['first']);
    expect(lines[0]!.fields.why).toBe('is reported twice; the first one counts');
  });

  test('a source that cannot start is in trouble, and the others run', async () => {
    const bad = new FakeSource('bad');
    bad.start = async () => {
      throw new Error('no such socket');
    };
    const { manager, count } = await setUp(bad);
    expect(manager.status()[0]!.trouble).toBe('Cannot start: no such socket');
    expect(count('portolan_source_failures_total')).toBe(1);
    expect(manager.clusters().size).toBe(0);
    await manager.stop();
    expect(bad.isStopped).toBe(true);
  });

  test('two sources of one name are refused', () => {
    const options = { onDelta: () => {}, log: {} as Logger, metrics: new Metrics(), now: () => 0, schedule };
    expect(() => new SourceManager({ ...options, sources: [managed('x'), managed('x')] })).toThrow(
      'Cannot run two sources of one name: x',
    );
  });

  test('framework ids may hold a slash', async () => {
    const { sink, deltas } = await setUp();
    const slashed = task('t/1', { framework: framework('a.json/home') });
    sink.change({ tasks: [slashed] });
    sink.change({ removedTasks: [taskKey(slashed)] });
    expect(deltas[1]!.removed.tasks.map(({ id }) => id)).toEqual(['t/1']);
  });

  test('masters are told when they change or are lost', async () => {
    const { sink, deltas } = await setUp();
    const masters = { leader: { ip: '192.0.2.1', port: 5050 }, all: [] };
    sink.snapshot(cluster([], { masters }));
    sink.snapshot(copy(cluster([], { masters })));
    sink.change({ masters: null });
    expect(deltas.map(({ upserted, removed }) => [upserted.masters?.[0], removed.masters])).toEqual([
      [masters, undefined],
      [undefined, masters],
    ]);
  });

  test('law: all deltas in a row, applied to nothing, give the cluster that was reported last', async () => {
    const ids = fc.constantFrom('a', 'b', 'c', 'd');
    const anyTask = fc
      .record({
        id: ids,
        fw: fc.constantFrom('F', 'G'),
        healthy: fc.boolean(),
        port: fc.constantFrom(80, 81),
        address: fc.constantFrom('192.0.2.1', '192.0.2.2'),
      })
      .map(({ id, fw, healthy, port, address }) =>
        task(id, { framework: framework(fw), healthy, hostPorts: [port], agent: agent('S1', address) }),
      );
    const report = fc.oneof(
      fc.array(anyTask, { maxLength: 5 }).map((tasks) => ({ tasks, removed: undefined })),
      fc.record({
        tasks: fc.array(anyTask, { maxLength: 2 }),
        removed: fc.array(fc.tuple(fc.constantFrom('F', 'G'), ids), { maxLength: 2 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(report, { maxLength: 8 }), async (reports) => {
        const { sink, deltas, manager } = await setUp();
        const expected = new Map<string, Task>();
        for (const { tasks, removed } of reports) {
          if (removed === undefined) {
            sink.snapshot(cluster(tasks));
            expected.clear();
            for (const one of tasks) if (!expected.has(taskKey(one))) expected.set(taskKey(one), one);
          } else {
            sink.change({ tasks, removedTasks: removed.map((key) => key.join('/')) });
            for (const key of removed) expected.delete(key.join('/'));
            for (const one of tasks) expected.set(taskKey(one), one);
          }
        }
        const mirror = new Map<string, Task>();
        for (const { upserted, removed } of deltas) {
          for (const gone of removed.tasks) expect(mirror.delete(taskKey(gone))).toBe(true);
          for (const [now, before] of upserted.tasks) {
            expect(mirror.get(taskKey(now))).toEqual(before);
            mirror.set(taskKey(now), now);
          }
        }
        const byKey = (tasks: Iterable<Task>) => [...tasks].sort((x, y) => (taskKey(x) < taskKey(y) ? -1 : 1));
        expect(byKey(mirror.values())).toEqual(byKey(expected.values()));
        expect(byKey(manager.clusters().get('fake')?.tasks ?? [])).toEqual(byKey(expected.values()));
        expect(manager.status()[0]!.tasks).toBe(expected.size);
      }),
    );
  });
});

describe('losses that are held back', () => {
  const guard = { share: 0.5, holdMs: 300_000 };
  const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => task(`t${from + i}`));
  const names = (manager: SourceManager) =>
    manager
      .clusters()
      .get('fake')!
      .tasks.map(({ id }) => id)
      .sort()
      .join(' ');

  test('a state that lacks most tasks adds what is new and takes nothing, until that has lasted', async () => {
    const { sink, manager, timers, lines, count, deltas } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(6)));
    sink.snapshot(cluster([task('t0'), task('new')]));
    expect(names(manager)).toBe('new t0 t1 t2 t3 t4 t5');
    expect(manager.status()[0]).toMatchObject({ heldBack: 5, trouble: undefined });
    expect(count('portolan_source_held_back_total')).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { tasks: [6, 2], takenAfterSeconds: 300 } });
    timers.pass(299_999);
    sink.change({});
    expect(names(manager)).toBe('new t0 t1 t2 t3 t4 t5');
    timers.pass(1);
    expect(names(manager)).toBe('new t0');
    expect(deltas.at(-1)!.removed.tasks).toHaveLength(5);
    expect(manager.status()[0]!.heldBack).toBeUndefined();
  });

  test('what is told again or ended in the meantime is not taken back', async () => {
    const { sink, manager, timers } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(6)));
    sink.snapshot(cluster([]));
    sink.change({ tasks: [task('t1')], removedTasks: [taskKey(task('t2'))] });
    expect(names(manager)).toBe('t0 t1 t3 t4 t5');
    timers.pass(300_000);
    expect(names(manager)).toBe('t1');
  });

  test('a task that came and went while losses were held back goes with them', async () => {
    const { sink, manager, timers } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(6)));
    sink.snapshot(cluster([task('x')]));
    sink.snapshot(cluster([task('y')]));
    expect(names(manager)).toBe('t0 t1 t2 t3 t4 t5 x y');
    timers.pass(300_000);
    expect(names(manager)).toBe('y');
  });

  test('a whole state ends it at once', async () => {
    const { sink, manager, timers } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(6)));
    sink.snapshot(cluster([]));
    sink.snapshot(cluster(many(5)));
    expect(names(manager)).toBe('t0 t1 t2 t3 t4');
    timers.pass(300_000);
    expect(names(manager)).toBe('t0 t1 t2 t3 t4');
  });

  test('while the source is in trouble nobody says that they are real: the time begins anew after it', async () => {
    const { sink, manager, timers } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(6)));
    sink.snapshot(cluster([], { agents: [] }));
    sink.trouble('gone');
    timers.pass(600_000);
    sink.snapshot(cluster([], { agents: [] }));
    timers.pass(299_999);
    expect(names(manager)).toBe('t0 t1 t2 t3 t4 t5');
    timers.pass(1);
    expect(names(manager)).toBe('');
  });

  test('a state without anything is never taken at once, however little there was; small losses are', async () => {
    const { sink, manager } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(3)));
    sink.snapshot(cluster(many(1)));
    expect(names(manager)).toBe('t0');
    sink.snapshot(cluster([], { agents: [], frameworks: [] }));
    expect(names(manager)).toBe('t0');
    sink.snapshot(cluster(many(8)));
    sink.snapshot(cluster(many(4)));
    expect(names(manager)).toBe('t0 t1 t2 t3');
  });

  test('most agents gone is held back as well, new ids for as many tasks are not', async () => {
    const agents = Array.from({ length: 6 }, (_, i) => agent(`S${i}`));
    const { sink, manager } = await setUp(new FakeSource(), { guard });
    sink.snapshot(cluster(many(6), { agents }));
    sink.snapshot(cluster(many(6, 10), { agents }));
    expect(names(manager)).toBe('t10 t11 t12 t13 t14 t15');
    sink.snapshot(cluster(many(6, 10), { agents: agents.slice(0, 2) }));
    expect(manager.clusters().get('fake')!.agents).toHaveLength(6);
  });

  test('a source without a guard is taken at its word', async () => {
    const { sink, manager } = await setUp();
    sink.snapshot(cluster(many(6)));
    sink.snapshot(cluster([], { agents: [], frameworks: [] }));
    expect(names(manager)).toBe('');
  });
});

test('a source that is not required is not waited for', async () => {
  const source = new FakeSource();
  source.start = () => new Promise(() => {});
  const { manager } = await setUp(source, { isRequired: false });
  expect(manager.status()[0]).toMatchObject({ isRequired: false, lastGoodAt: undefined });
});
