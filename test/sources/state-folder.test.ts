// The folder of saved states: two generations, ages, refusals, and a disk that cannot be written.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { type ManagedSource, SourceManager } from '../../src/sources/manager.ts';
import type { Source, SourceSink } from '../../src/sources/source.ts';
import { StateFolder } from '../../src/sources/state-folder.ts';
import { agent, cluster, framework, task } from '../records/sample.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const MAX_AGE_MS = 60_000;

/** A folder and a program that uses it; several may use one after the other. */
function open(folder = mkdtempSync(join(tmpdir(), 'state-')), nowMs = 1_000) {
  if (!folders.includes(folder)) folders.push(folder);
  const lines: Record<string, unknown>[] = [];
  const log = (fields: Record<string, unknown>, msg: string) => lines.push({ ...fields, msg });
  const logger = { debug: log, info: log, warn: log, error: log, fatal: log } as unknown as Logger;
  const metrics = new Metrics();
  const clock = { ms: nowMs };
  const waiting: (() => void)[] = [];
  const state = new StateFolder({
    folder: join(folder, 'states'),
    maxAgeMs: MAX_AGE_MS,
    log: logger,
    metrics,
    now: () => clock.ms,
    schedule: (run) => {
      waiting.push(run);
      return () => waiting.splice(waiting.indexOf(run), 1);
    },
  });
  const count = (name: string) => [...metrics].find(({ spec }) => spec.name === name)?.value ?? 0;
  /** Saves a state with one task of that id. */
  const save = async (id: string, goodAt = clock.ms): Promise<void> => {
    state.note('mesos a', true, () => ({ source: 'mesos a', goodAt, cluster: cluster({ tasks: [task({ id })] }) }));
    await state.stop();
  };
  const load = async () => (await state.load('mesos a'))?.cluster.tasks.map(({ id }) => id).join();
  return { folder, states: join(folder, 'states'), state, lines, logger, metrics, clock, count, save, load, waiting };
}

/** The file of the present generation. */
const currentOf = (states: string): string =>
  join(states, readdirSync(states).find((name) => name.endsWith('.state'))!);

describe('StateFolder', () => {
  test('gives what was saved last, with a trace of nothing else', async () => {
    const { folder, states, save, count } = open();
    await save('first');
    await save('second');
    expect(await open(folder).load()).toBe('second');
    expect(readdirSync(states)).toHaveLength(2);
    expect(count('portolan_state_writes_total')).toBe(2);
  });

  test('a file cut anywhere is refused with a message, and the one before it used', async () => {
    const { folder, states, save } = open();
    await save('first');
    await save('second');
    const file = currentOf(states);
    const { length } = readFileSync(file);
    for (let cut = length - 1; cut >= 0; cut -= 37) {
      truncateSync(file, cut);
      const { load, lines, count } = open(folder);
      expect(await load()).toBe('first');
      expect(lines).toEqual([
        { source: 'mesos a', file, why: expect.stringContaining('its end is missing'), msg: 'saved state refused' },
      ]);
      expect(count('portolan_state_refused_total')).toBe(1);
    }
  });

  test('a crash between the two renames leaves the one before', async () => {
    const { folder, states, save } = open();
    await save('first');
    await save('second');
    const file = currentOf(states);
    renameSync(file, `${file}.next`);
    expect(await open(folder).load()).toBe('first');
  });

  test('what is too old is refused with its age', async () => {
    const { folder, save } = open();
    await save('old', 1_000);
    const { load, lines } = open(folder, 1_000 + MAX_AGE_MS + 1_000);
    expect(await load()).toBeUndefined();
    expect(lines[0]!.why).toBe('it is 61 s old: expected at most 60 s (state.maxAge)');
    expect(await open(folder, 1_000 + MAX_AGE_MS).load()).toBe('old');
  });

  test('the state of another source is not taken', async () => {
    const { folder, states, save } = open();
    await save('a');
    const other = open(folder);
    other.state.note('mesos b', true, () => ({ source: 'mesos b', goodAt: 1_000, cluster: cluster() }));
    const mine = currentOf(states);
    await other.state.stop();
    const theirs = readdirSync(states).find((name) => join(states, name) !== mine)!;
    writeFileSync(mine, readFileSync(join(states, theirs)));
    const { load, lines } = open(folder);
    expect(await load()).toBeUndefined();
    expect(lines[0]!.why).toBe('expected the state of mesos a, got that of mesos b');
  });

  test('what cannot be written is said once, counted each time, tried again, and harms nothing', async () => {
    const { folder, states, state, save, lines, count, waiting } = open();
    // A file stands where the folder should.
    writeFileSync(states, '');
    await save('lost');
    for (let i = 0; i < 3; i++) {
      waiting.shift()?.();
      await state.stop();
    }
    expect(count('portolan_state_write_failures_total')).toBeGreaterThan(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ msg: 'state cannot be written; it stays in memory and is tried again' });
    rmSync(states);
    await save('kept');
    expect(lines.at(-1)!.msg).toBe('state can be written again');
    expect(await open(folder).load()).toBe('kept');
  });

  test('a state without news is written again after an hour, for its age', async () => {
    const { state, save, clock, count, waiting } = open();
    await save('a');
    const note = () =>
      state.note('mesos a', false, () => ({ source: 'mesos a', goodAt: clock.ms, cluster: cluster() }));
    clock.ms += 3_599_999;
    note();
    expect(waiting).toEqual([]);
    clock.ms += 1;
    note();
    await state.stop();
    expect(count('portolan_state_writes_total')).toBe(2);
  });
});

describe('a restart', () => {
  class DeadSource implements Source {
    readonly name = 'mesos a';
    sink!: SourceSink;
    async start(sink: SourceSink): Promise<void> {
      this.sink = sink;
      sink.trouble('Cannot read http://192.0.2.1:5050: no answer');
      return new Promise(() => {});
    }
    async stop(): Promise<void> {}
  }

  const managerOf = ({ state, logger, metrics, clock }: ReturnType<typeof open>, more: Partial<ManagedSource> = {}) => {
    const source = new DeadSource();
    const served: string[] = [];
    const manager = new SourceManager({
      sources: [{ source, isRequired: true, ...more }],
      state,
      onDelta: ({ upserted, removed }) => {
        served.push(...upserted.tasks.map(([{ id }]) => `+${id}`), ...removed.tasks.map(({ id }) => `-${id}`));
      },
      log: logger,
      metrics,
      now: () => clock.ms,
      schedule: () => () => {},
    });
    return { source, manager, served };
  };

  test('with a master that does not answer serves the last good state, and says how old it is', async () => {
    const before = open();
    await before.save('kept');
    const after = open(before.folder, 31_000);
    const { manager, served, source } = managerOf(after);
    await manager.start();
    expect(served).toEqual(['+kept']);
    expect(manager.status()[0]).toMatchObject({ isRestored: true, lastGoodAt: 1_000, tasks: 1 });
    expect(after.count('portolan_source_restored_total')).toBe(1);
    expect(after.lines[0]).toMatchObject({ ageSeconds: 30, msg: 'stale state of an earlier run in use' });
    source.sink.snapshot(cluster({ tasks: [task({ id: 'fresh' })], agents: [agent()], frameworks: [framework()] }));
    expect(served).toEqual(['+kept', '+fresh', '-kept']);
    expect(manager.status()[0]).toMatchObject({ isRestored: false, lastGoodAt: 31_000 });
    await manager.stop();
    expect(await open(before.folder).load()).toBe('fresh');
  });

  test('an empty state that a new master tells then is held back like any other', async () => {
    const before = open();
    await before.save('kept');
    const { manager, served, source } = managerOf(open(before.folder), { guard: { share: 0.5, holdMs: 1_000 } });
    await manager.start();
    source.sink.snapshot(cluster());
    expect(served).toEqual(['+kept']);
    await manager.stop();
  });
});
