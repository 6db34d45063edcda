// Files that are edited, half written, swapped and removed while they are watched.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import type { FileSourceOptions } from '../../src/sources/file.ts';
import { FILE, fileSource } from '../../src/sources/file.ts';
import { HostNames } from '../../src/sources/host-names.ts';
import { SOURCES } from '../../src/sources/index.ts';
import { readMesosStateText } from '../../src/sources/mesos-state.ts';
import type { Source } from '../../src/sources/source.ts';
import { generateState } from './generate-state.ts';
import { RecordingSink, taskNames } from './recording-sink.ts';

let folder: string;
let running: Source[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-file-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((source) => source.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function watch(name: string, options: Partial<FileSourceOptions> = {}): Promise<RecordingSink> {
  const source = fileSource({ path: join(folder, name), ...options });
  running.push(source);
  const sink = new RecordingSink();
  await source.start(sink);
  return sink;
}

const tasks = (...names: string[]) => JSON.stringify({ tasks: names.map((name) => ({ name, host: '192.0.2.1' })) });
const put = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
const atomically = (name: string, text: string) => {
  put(`.${name}.new`, text);
  renameSync(join(folder, `.${name}.new`), join(folder, name));
};
const reads = (names: string) => (report: Parameters<typeof taskNames>[0]) => taskNames(report) === names;
const isTrouble = ({ kind }: { kind: string }) => kind === 'trouble';
/** Long enough for any event under way to have been handled: many times the calm that is waited for. */
const calm = () => new Promise((resolve) => setTimeout(resolve, 400));

describe('a file', () => {
  test('is read at the start, and again when it is written in place', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json');
    expect(sink.reports.map(taskNames)).toEqual(['web']);
    put('a.json', tasks('web', 'db'));
    await sink.until(reads('db web'));
    put('a.json', tasks('db'));
    await sink.until(reads('db'));
  });

  test('is read again when another takes its place', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json');
    for (const name of ['one', 'two', 'three']) {
      atomically('a.json', tasks(name));
      await sink.until(reads(name));
    }
  });

  test('is not reported while it is half written', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json');
    const text = tasks('db');
    const file = openSync(join(folder, 'a.json'), 'w');
    writeSync(file, text.slice(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 60));
    writeSync(file, text.slice(20));
    closeSync(file);
    await sink.until(reads('db'));
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['snapshot', 'snapshot']);
  });

  test('that stays broken is trouble with its line and column, once; mended it is read again', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json');
    put('a.json', '{"tasks": [\n  {"name": "web",}\n]}');
    expect(await sink.until(isTrouble)).toEqual({
      kind: 'trouble',
      message: `${join(folder, 'a.json')}:2:17: a "," may not stand before "}"`,
    });
    await calm();
    expect(sink.reports.filter(isTrouble)).toHaveLength(1);
    put('a.json', tasks('db'));
    await sink.until(reads('db'));
  });

  test('that is large is read in pieces, and a fault in it is named by line and column all the same', async () => {
    const state = generateState({ tasks: 4_000 });
    expect(state.length).toBeGreaterThan(4 << 20);
    put('state.json', state);
    const sink = await watch('state.json');
    expect(sink.reports[0]).toMatchObject(readMesosStateText(state));
    put('state.json', Buffer.concat([state.subarray(0, -1), Buffer.from('\n,}')]));
    expect(await sink.until(isTrouble)).toEqual({
      kind: 'trouble',
      message: `${join(folder, 'state.json')}:2:2: expected a name in double quotes, got "}"`,
    });
  });

  test('that is removed is trouble, and is read again when it comes back, even as it was', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json');
    unlinkSync(join(folder, 'a.json'));
    expect(await sink.until(isTrouble)).toEqual({
      kind: 'trouble',
      message: `Cannot read ${join(folder, 'a.json')}: it does not exist`,
    });
    put('a.json', tasks('db'));
    await sink.until(reads('db'));
  });

  test('that is not there yet is trouble, and is read when it comes', async () => {
    const sink = await watch('later/a.json');
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['trouble']);
    mkdirSync(join(folder, 'later'));
    put('later/a.json', tasks('web'));
    await sink.until(reads('web'));
  });

  test('survives its folder being removed and made again', async () => {
    mkdirSync(join(folder, 'sub'));
    put('sub/a.json', tasks('web'));
    const sink = await watch('sub/a.json');
    rmSync(join(folder, 'sub'), { recursive: true });
    await sink.until(isTrouble);
    mkdirSync(join(folder, 'sub'));
    put('sub/a.json', tasks('db'));
    await sink.until(reads('db'));
    put('sub/a.json', tasks('cache'));
    await sink.until(reads('cache'));
  });

  test('behind the link that Kubernetes swaps is read again', async () => {
    const mount = (version: string, text: string) => {
      mkdirSync(join(folder, version));
      put(`${version}/a.json`, text);
      symlinkSync(version, join(folder, '..data.new'));
      renameSync(join(folder, '..data.new'), join(folder, '..data'));
    };
    mount('..2026_1', tasks('web'));
    symlinkSync('..data/a.json', join(folder, 'a.json'));
    const sink = await watch('a.json');
    mount('..2026_2', tasks('db'));
    rmSync(join(folder, '..2026_1'), { recursive: true });
    await sink.until(reads('db'));
    mount('..2026_3', tasks('cache'));
    await sink.until(reads('cache'));
    expect(sink.reports.filter(isTrouble)).toEqual([]);
  });

  test('that is a named pipe is trouble, not a wait without end', async () => {
    execFileSync('mkfifo', [join(folder, 'a.json')]);
    const sink = await watch('a.json');
    expect(sink.reports).toEqual([
      { kind: 'trouble', message: `Cannot read ${join(folder, 'a.json')}: it is no regular file` },
    ]);
  });

  test('shows its format by its content', async () => {
    put('state.json', generateState({ tasks: 20 }));
    put('apps.json', JSON.stringify({ apps: [{ id: '/web', tasks: [{ id: 'web.1', host: '192.0.2.1' }] }] }));
    const state = await watch('state.json', { masters: ['192.0.2.5:5050'] });
    expect(state.reports[0]).toMatchObject({ cluster: { masters: { all: [{ ip: '192.0.2.5', port: 5050 }] } } });
    const apps = await watch('apps.json', { framework: 'marathon-user' });
    expect(apps.reports[0]).toMatchObject({
      cluster: { tasks: [{ name: 'web', framework: { name: 'marathon-user' } }] },
    });
  });

  test('that is stated to be of another format is trouble', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json', { format: 'marathon-apps' });
    expect(sink.reports).toEqual([
      { kind: 'trouble', message: `${join(folder, 'a.json')}:1:1: expected an object with a list "apps", got nothing` },
    ]);
  });

  test('is read again when a host name in it became known', async () => {
    put('a.json', JSON.stringify({ tasks: [{ name: 'web', host: 'nas.example.org' }] }));
    const hosts = new HostNames({ lookUp: async () => ['192.0.2.9'] });
    const sink = await watch('a.json', { hosts });
    await sink.until((report) => report.kind === 'snapshot' && report.cluster.agents[0]?.addresses[0] === '192.0.2.9');
  });

  test('reports nothing after it was stopped', async () => {
    put('a.json', tasks('web'));
    const sink = await watch('a.json');
    put('a.json', tasks('db'));
    await running.pop()!.stop();
    const count = sink.reports.length;
    put('a.json', tasks('cache'));
    await calm();
    expect(sink.reports).toHaveLength(count);
  });
});

describe('a folder', () => {
  test('is the sum of its files, which come, change and go on their own', async () => {
    put('a.json', tasks('web'));
    put('note.txt', 'not a task file');
    const sink = await watch('');
    expect(sink.reports.map(taskNames)).toEqual(['web']);
    put('b.json', tasks('db'));
    await sink.until(reads('db web'));
    put('b.json', tasks('cache'));
    await sink.until(reads('cache web'));
    unlinkSync(join(folder, 'a.json'));
    await sink.until(reads('cache'));
  });

  test('tasks of one key in two files do not meet', async () => {
    put('a.json', tasks('web'));
    put('b.json', tasks('web'));
    const [report] = (await watch('')).reports;
    expect(report).toMatchObject({ kind: 'snapshot', problems: [] });
    expect(taskNames(report!)).toBe('web web');
    expect(report!.kind === 'snapshot' && report!.cluster.frameworks.map(({ id, name }) => [id, name])).toEqual([
      ['a.json/local', 'local'],
      ['b.json/local', 'local'],
    ]);
    expect(report!.kind === 'snapshot' && report!.cluster.agents).toHaveLength(1);
  });

  test('a broken file costs only itself: at the start its own tasks, later nothing', async () => {
    put('a.json', tasks('web'));
    put('b.json', '{');
    const sink = await watch('');
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['snapshot', 'trouble']);
    expect(taskNames(sink.reports[0]!)).toBe('web');
    put('b.json', tasks('db'));
    await sink.until(reads('db web'));
    put('b.json', '{');
    await sink.until((report) => report.kind === 'trouble' && report !== sink.reports[1]);
    put('a.json', tasks('cache'));
    const last = await sink.until(reads('cache db'));
    expect(last).toMatchObject({
      problems: [{ where: 'b.json', why: expect.stringContaining('what it said last stays in force') }],
    });
  });

  test('that is removed keeps all, and is read again when it comes back', async () => {
    mkdirSync(join(folder, 'sub'));
    put('sub/a.json', tasks('web'));
    const sink = await watch('sub');
    rmSync(join(folder, 'sub'), { recursive: true });
    await sink.until(isTrouble);
    await calm();
    await calm();
    expect(sink.reports.map(taskNames).filter((names) => names !== undefined)).toEqual(['web']);
    mkdirSync(join(folder, 'sub'));
    put('sub/a.json', tasks('db'));
    await sink.until(reads('db'));
  });

  test('a file that is removed and written anew is never missing', async () => {
    put('a.json', tasks('web'));
    put('b.json', tasks('db'));
    const sink = await watch('');
    unlinkSync(join(folder, 'a.json'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    put('a.json', tasks('cache'));
    await sink.until(reads('cache db'));
    expect(sink.reports.map(taskNames)).not.toContain('db');
  });
});

test('the list of sources has the kind "file", whose configuration is checked', async () => {
  expect(SOURCES.map(({ kind }) => kind)).toContain('file');
  const context = { log: createLog('silent'), metrics: new Metrics(), now: () => 0, secret: () => '' };
  put('a.json', tasks('web'));
  const source = FILE.create(FILE.configuration.parse({ kind: 'file', path: join(folder, 'a.json') }), context);
  running.push(source);
  const sink = new RecordingSink();
  await source.start(sink);
  expect(source.name).toBe(`file ${join(folder, 'a.json')}`);
  expect(sink.reports.map(taskNames)).toEqual(['web']);
  expect(
    FILE.configuration.safeParse({ kind: 'file', path: '', format: 'xml' }).error?.issues.map(({ message }) => message),
  ).toEqual(['a path', 'one of "mesos-state", "marathon-apps", "tasks"']);
});
