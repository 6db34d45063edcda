// A state of 50,000 tasks: from the start of the process to its first answer, and answers while it is read again.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { askEvenly, LATENCY_RATE } from './latency.ts';
import { type Answered, type Load, UDP_LOAD } from './load.ts';
import { placeWithMainThread } from './machine.ts';
import { type MesosDns, startMesosDns } from './mesos-dns.ts';
import { startPortolan } from './portolan.ts';
import type { Bench, Result, Scenario } from './scenario.ts';
import type { Server } from './server.ts';
import { type StateOnDisk, slightlyChanged, writeState, writeTaskQueries } from './states.ts';
import { medianLatencies, spread } from './statistics.ts';
import { figure, spreadText } from './table.ts';

const TASKS = 50_000;
const QUICK_TASKS = 5_000;

/** Milliseconds between two questions of the client that waits for the first answer. */
const EVERY_MS = 5;

const MOST_SECONDS = 3;
const MOST_P999_MS = 5;
const MOST_MAX_MS = 20;

export const LOAD_TIME: Scenario = {
  name: 'load-time',
  title: 'a Mesos state of 50,000 tasks, about 75 MB: from the start of the process to the first answer',
  run: measureLoading,
};

export const REREADING: Scenario = {
  name: 're-reading',
  title: `the same state read again while ${LATENCY_RATE.toLocaleString('en-US')} queries a second are answered`,
  run: measureRereading,
};

async function measureLoading({ folder, isQuick, turns, say }: Bench): Promise<Result> {
  const state = writeState(folder, isQuick ? QUICK_TASKS : TASKS);
  const options = { folder, cores: placeWithMainThread().server, workers: 1 };
  const seconds = new Map<string, number[]>();
  for (let turn = 0; turn < turns; turn++)
    for (const start of [
      () => startPortolan({ state: state.path, probe: state.probe }, options, EVERY_MS),
      () => startMesosDns(state, options, undefined, EVERY_MS),
    ]) {
      const server = await start();
      if (!server) continue;
      await server.stop();
      seconds.set(server.name, [...(seconds.get(server.name) ?? []), server.startSeconds]);
      say(`turn ${turn + 1}: ${server.name}: ${figure(server.startSeconds)} s`);
    }
  return {
    tables: [
      {
        title: `Start to first answer, ${sizeText(state)}`,
        head: ['server', 'seconds'],
        rows: [...seconds].map(([name, values]) => [name, spreadText(spread(values))]),
      },
    ],
    claims: [
      {
        what: 'load-time: 50,000 tasks, from start to first answer',
        limit: MOST_SECONDS,
        measured: spread(seconds.get('Portolan')!).median,
        unit: 's',
      },
    ],
  };
}

/** A server whose state can be replaced while it serves. */
interface Replaceable {
  readonly server: Server;
  /** Makes ready what is to take the state's place, so that doing it later costs nothing. */
  prepare(document: Buffer): () => void;
}

async function measureRereading(bench: Bench): Promise<Result> {
  const { folder, isQuick, turns, say } = bench;
  const state = writeState(folder, isQuick ? QUICK_TASKS : TASKS);
  const documents = [slightlyChanged(readFileSync(state.path)), readFileSync(state.path)];
  const { server: cores, load: loadCores } = placeWithMainThread();
  const load: Load = { ...UDP_LOAD, queries: writeTaskQueries(folder, state), cores: loadCores };
  const servers = [await replaceablePortolan(state, bench, cores)];
  const mesosDns = await startMesosDns(state, { folder, cores, workers: 1 }, REFRESH_SECONDS);
  if (mesosDns) servers.push(replaceableMesosDns(mesosDns));
  const runs = new Map<string, Answered[]>();
  try {
    // Code is compiled and caches are filled before anything counts. One whose turn it is not stands still: Mesos-DNS reads
    // its state all the time.
    for (const { server } of servers) {
      await askEvenly(server.pid, server.port, load, { seconds: WARM_SECONDS, folder });
      process.kill(server.pid, 'SIGSTOP');
    }
    for (let turn = 0; turn < turns; turn++)
      for (const replaceable of servers) {
        const { name, pid } = replaceable.server;
        process.kill(pid, 'SIGCONT');
        const run = await askWhileReplacing(replaceable, documents, load, folder);
        process.kill(pid, 'SIGSTOP');
        runs.set(name, [...(runs.get(name) ?? []), run]);
        say(
          `turn ${turn + 1}: ${name}: p99.9 ${run.latencies!.p999.toFixed(2)} ms, max ${run.latencies!.max.toFixed(2)} ms, ${figure((run.late ?? 0) * 100)} % asked late`,
        );
      }
  } finally {
    for (const { server } of servers) await server.stop();
  }
  return rereadingReport(runs, state);
}

/** Mesos-DNS reads its state at this interval; in each run at least once. */
const REFRESH_SECONDS = 4;

const WARM_SECONDS = 3;

/** Seconds of one run, and when in it the state is replaced, by each of the documents once. */
const RUN_SECONDS = 10;
const REPLACE_AT_MS = [2_000, 6_000];

async function replaceablePortolan(state: StateOnDisk, { folder }: Bench, cores: string): Promise<Replaceable> {
  const path = `${folder}/live.json`;
  let count = 0;
  const prepare = (document: Buffer) => {
    const next = `${folder}/next-${count++ % REPLACE_AT_MS.length}.json`;
    writeFileSync(next, document);
    return () => renameSync(next, path);
  };
  prepare(readFileSync(state.path))();
  const server = await startPortolan({ state: path, probe: state.probe }, { folder, cores, workers: 1 });
  return { server, prepare };
}

function replaceableMesosDns(server: MesosDns): Replaceable {
  return {
    server,
    prepare: (document) => {
      const adapted = server.adapt(document);
      return () => {
        server.master.document = adapted;
      };
    },
  };
}

async function askWhileReplacing(
  { server, prepare }: Replaceable,
  documents: readonly Buffer[],
  load: Load,
  folder: string,
): Promise<Answered> {
  const replacements = documents.map(prepare);
  const timers = REPLACE_AT_MS.map((at, i) => setTimeout(replacements[i]!, at));
  try {
    return await askEvenly(server.pid, server.port, load, { seconds: RUN_SECONDS, folder });
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function rereadingReport(runs: ReadonlyMap<string, readonly Answered[]>, state: StateOnDisk): Result {
  const rows = [...runs].map(([name, all]) => ({
    name,
    lost: spread(all.map(({ lost }) => lost * 100)).median,
    late: spread(all.map(({ late = 0 }) => late * 100)).median,
    latencies: medianLatencies(all.map(({ latencies }) => latencies!)),
    worst: Math.max(...all.map(({ latencies }) => latencies!.max)),
  }));
  const ours = rows.find(({ name }) => name === 'Portolan')!;
  return {
    tables: [
      {
        title: `Read again twice in ${RUN_SECONDS} s of ${LATENCY_RATE.toLocaleString('en-US')} queries a second, ${sizeText(state)}`,
        head: ['server', 'lost %', 'asked late %', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'worst of all turns ms'],
        rows: rows.map(({ name, lost, late, latencies: { p50, p99, p999, max }, worst }) => [
          name,
          figure(lost),
          figure(late),
          ...[p50, p99, p999, max, worst].map((value) => value.toFixed(2)),
        ]),
        notes: [
          'Each time, about one task in 500 has another address. Asked late: more than a millisecond after its time; what makes the client wait for a processor makes the server wait as well.',
        ],
      },
    ],
    claims: [
      { what: 're-reading: p99.9', limit: MOST_P999_MS, measured: ours.latencies.p999, unit: 'ms' },
      { what: 're-reading: the worst', limit: MOST_MAX_MS, measured: ours.latencies.max, unit: 'ms' },
    ],
  };
}

function sizeText({ tasks, octets }: StateOnDisk): string {
  return `${tasks.toLocaleString('en-US')} tasks, ${figure(octets / 1e6)} MB`;
}
