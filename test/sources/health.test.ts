// Which names ill tasks keep, and when. The law: once nothing is waited for any more, a task is out exactly when it is ill,
// and kept under a name exactly when all that share it are out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Metrics } from '../../src/base/metrics.ts';
import { isWell, type Task, taskKey } from '../../src/model/task.ts';
import type { ClusterDelta } from '../../src/sources/delta.ts';
import { HealthPolicy, judged } from '../../src/sources/health.ts';
import { framework, task } from '../records/sample.ts';

/** What is published, from reports of single tasks, with timers that run when the test says so. */
class Watch {
  readonly metrics = new Metrics();
  /** By source and key, as they were published last. */
  readonly published = new Map<string, Task>();
  publications = 0;
  readonly #told = new Map<string, Task>();
  readonly #waiting = new Set<{ readonly at: number; readonly run: () => void }>();
  #ms = 0;
  readonly #policy: HealthPolicy;

  constructor(settings = { holdMs: 10_000, drainMs: 0 }) {
    this.#policy = new HealthPolicy({
      settings,
      namesOf: ({ name }) => name.split(' '),
      publish: (deltas) => this.#publish(deltas),
      metrics: this.metrics,
      schedule: (run, afterMs) => {
        const timer = { at: this.#ms + afterMs, run };
        this.#waiting.add(timer);
        return () => this.#waiting.delete(timer);
      },
    });
  }

  #publish(deltas: readonly ClusterDelta[]): void {
    this.publications++;
    for (const { source, upserted, removed } of deltas) {
      for (const [now] of upserted.tasks) this.published.set(`${source} ${taskKey(now)}`, now);
      for (const gone of removed.tasks) this.published.delete(`${source} ${taskKey(gone)}`);
    }
  }

  /** Reports tasks of a source as one change. */
  report(source: string, ...tasks: Task[]): void {
    const replaced = tasks.map((now) => [now, this.#told.get(`${source} ${taskKey(now)}`)] as const);
    for (const now of tasks) this.#told.set(`${source} ${taskKey(now)}`, now);
    const upserted = { tasks: replaced, agents: [], frameworks: [] };
    this.#policy.apply([{ source, upserted, removed: { tasks: [], agents: [], frameworks: [] } }]);
  }

  remove(source: string, id: string): void {
    const key = `${source} ${taskKey(task({ id }))}`;
    const gone = this.#told.get(key);
    if (!gone) return;
    this.#told.delete(key);
    const upserted = { tasks: [], agents: [], frameworks: [] };
    this.#policy.apply([{ source, upserted, removed: { tasks: [gone], agents: [], frameworks: [] } }]);
  }

  pass(ms: number): void {
    this.#ms += ms;
    for (const timer of [...this.#waiting].sort((a, b) => a.at - b.at))
      if (timer.at <= this.#ms && this.#waiting.delete(timer)) timer.run();
  }

  get told(): ReadonlyMap<string, Task> {
    return this.#told;
  }

  /** Ids of tasks that are found under a name. */
  under(name: string): string {
    return [...this.published.values()]
      .filter((each) => each.name.split(' ').includes(name))
      .filter((each) => (each.standing ? each.standing.isIn || each.standing.keptUnder.includes(name) : isWell(each)))
      .map(({ id }) => id)
      .sort()
      .join(' ');
  }

  count(name: string): number {
    return [...this.metrics].find(({ spec }) => spec.name === name)!.value;
  }
}

const well = (id: string, more: Partial<Task> = {}) => task({ id, name: 'web', healthy: true, ...more });
const ill = (id: string, more: Partial<Task> = {}) => well(id, { healthy: false, ...more });

describe('an ill task', () => {
  test('leaves its names once that has lasted, and comes back once it has been well for as long', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'), well('b'));
    watch.report('mesos', ill('a'));
    watch.pass(9_999);
    expect(watch.under('web')).toBe('a b');
    watch.pass(1);
    expect(watch.under('web')).toBe('b');
    expect(watch.count('portolan_health_left_total')).toBe(1);
    watch.report('mesos', well('a'));
    watch.pass(9_999);
    expect(watch.under('web')).toBe('b');
    watch.pass(1);
    expect(watch.under('web')).toBe('a b');
    expect(watch.count('portolan_health_returned_total')).toBe(1);
  });

  test('that flaps faster than that moves nothing', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'), well('b'));
    for (let i = 0; i < 5; i++) {
      watch.report('mesos', ill('a'));
      watch.pass(9_000);
      watch.report('mesos', well('a'));
      watch.pass(9_000);
    }
    expect(watch.under('web')).toBe('a b');
    expect(watch.count('portolan_health_left_total')).toBe(0);
  });

  test('other news of it does not begin the time anew', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'), well('b'));
    for (let i = 0; i < 4; i++) {
      watch.report('mesos', ill('a', { labels: { i: String(i) } }));
      watch.pass(2_500);
    }
    expect(watch.under('web')).toBe('b');
  });

  test('that is to be killed leaves at once, or after the time to drain', () => {
    const leaves = (drainMs: number, passMs: number): string => {
      const watch = new Watch({ holdMs: 10_000, drainMs });
      watch.report('mesos', well('a'), well('b'));
      watch.report('mesos', well('a', { state: 'killing' }));
      watch.pass(passMs);
      return watch.under('web');
    };
    expect(leaves(0, 0)).toBe('b');
    expect(leaves(3_000, 2_999)).toBe('a b');
    expect(leaves(3_000, 3_000)).toBe('b');
  });

  test('that comes up is found as soon as it is ready and its checks pass, and not before', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'));
    watch.report('mesos', ill('b', { ready: false }));
    watch.report('mesos', well('b', { ready: false }));
    expect(watch.under('web')).toBe('a');
    watch.report('mesos', well('b'));
    expect(watch.under('web')).toBe('a b');
    expect(watch.count('portolan_health_returned_total')).toBe(0);
  });

  test('that ends is gone at once', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'), well('b'));
    watch.report('mesos', ill('a'));
    watch.report('mesos', ill('a', { state: 'terminal' }));
    expect(watch.under('web')).toBe('b');
    watch.pass(20_000);
    expect(watch.publications).toBe(3);
  });
});

describe('when all are ill', () => {
  test('all are answered, and it is counted', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'), well('b'));
    watch.report('mesos', ill('a'), ill('b'));
    watch.pass(10_000);
    expect(watch.under('web')).toBe('a b');
    expect(watch.count('portolan_health_floors_total')).toBe(1);
    watch.report('mesos', well('c'));
    expect(watch.under('web')).toBe('c');
    watch.remove('mesos', 'c');
    expect(watch.under('web')).toBe('a b');
    expect(watch.count('portolan_health_floors_total')).toBe(2);
  });

  test('one that has not come up yet does not stand in', () => {
    const watch = new Watch();
    watch.report('mesos', well('new', { ready: false }));
    expect(watch.under('web')).toBe('');
    watch.report('mesos', ill('a'));
    expect(watch.under('web')).toBe('a');
  });

  test('each name is looked at by itself, over all sources', () => {
    const watch = new Watch();
    watch.report('mesos', well('a', { name: 'web vip' }));
    watch.report('marathon', well('b', { name: 'api vip' }));
    watch.report('mesos', ill('a', { name: 'web vip' }));
    watch.pass(10_000);
    expect([watch.under('web'), watch.under('api'), watch.under('vip')]).toEqual(['a', 'b', 'b']);
    watch.remove('marathon', 'b');
    expect(watch.under('vip')).toBe('a');
  });

  test('what changes for others is published with the change that caused it', () => {
    const watch = new Watch();
    watch.report('mesos', well('a'), well('b'));
    watch.report('mesos', ill('a'));
    watch.pass(10_000);
    const { publications } = watch;
    watch.remove('mesos', 'b');
    expect(watch.under('web')).toBe('a');
    expect(watch.publications).toBe(publications + 1);
  });
});

test('containers of engines pass as they are', () => {
  const watch = new Watch();
  const container = ill('a', { framework: framework({ system: 'docker' }) });
  watch.report('docker', container);
  expect([...watch.published.values()]).toEqual([container]);
});

test('of one moment, what is ill is out unless all of a name are (judged)', () => {
  const [first, second] = judged([[well('a'), ill('b')], [ill('c', { name: 'db' })]], ({ name }) => [name]);
  expect(first!.map(({ standing }) => standing)).toEqual([undefined, { isIn: false, keptUnder: [] }]);
  expect(second!.map(({ standing }) => standing)).toEqual([{ isIn: false, keptUnder: ['db'] }]);
});

test('in the end only what is told last counts, whatever came before', () => {
  const step = fc.oneof(
    fc.record({
      source: fc.constantFrom('mesos', 'marathon'),
      id: fc.constantFrom('a', 'b', 'c'),
      name: fc.constantFrom('web', 'api', 'web api'),
      state: fc.constantFrom('running' as const, 'killing' as const, 'terminal' as const, 'preparing' as const),
      healthy: fc.constantFrom(true, false, undefined),
    }),
    fc.record({ source: fc.constantFrom('mesos', 'marathon'), remove: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ pass: fc.constantFrom(1_000, 5_000, 10_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(0, 3_000), (steps, drainMs) => {
      const watch = new Watch({ holdMs: 10_000, drainMs });
      for (const each of steps) {
        if ('pass' in each) watch.pass(each.pass);
        else if ('remove' in each) watch.remove(each.source, each.remove);
        else watch.report(each.source, task(each));
      }
      watch.pass(10_000);
      const told = [...watch.told.values()].filter(({ state }) => state === 'running' || state === 'killing');
      for (const name of ['web', 'api']) {
        const those = told.filter((each) => each.name.split(' ').includes(name));
        const fit = those.some(isWell) ? those.filter(isWell) : those;
        const found = watch.under(name);
        expect(found).toBe(
          fit
            .map(({ id }) => id)
            .sort()
            .join(' '),
        );
      }
    }),
    { numRuns: 500 },
  );
});
