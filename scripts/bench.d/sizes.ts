// Memory, loading and answers by number of tasks.
import { ask, type Load, UDP_LOAD } from './load.ts';
import { placeWithMainThread } from './machine.ts';
import { startMesosDns } from './mesos-dns.ts';
import { startPortolan } from './portolan.ts';
import { memory, processTree } from './process.ts';
import type { Bench, Claim, Result, Scenario } from './scenario.ts';
import type { Server } from './server.ts';
import { writeState, writeTaskQueries } from './states.ts';
import { type Spread, spread } from './statistics.ts';
import { figure, spreadText } from './table.ts';

const SIZES = [1_000, 10_000, 50_000, 200_000, 1_000_000];
const QUICK_SIZES = [1_000, 10_000];

/** Mesos-DNS holds all in memory twice while it loads. */
const MOST_FOR_MESOS_DNS = 50_000;

const MOST_MIB = 350;
const MOST_COST = 1.5;

/** Milliseconds of rest after loading, in which what loading left behind may go. */
const REST_MS = 2_000;

export const MEMORY: Scenario = {
  name: 'memory',
  title: 'memory, loading time and cost of a query by number of tasks, 1,000 to 1,000,000',
  run: measure,
};

interface Row {
  readonly name: string;
  readonly tasks: number;
  readonly seconds: number;
  readonly resident: number;
  readonly peak: number;
  readonly cost: Spread;
}

async function measure(bench: Bench): Promise<Result> {
  const { folder, isQuick, say } = bench;
  const { server: cores } = placeWithMainThread();
  const options = { folder, cores, workers: 1 };
  const rows: Row[] = [];
  for (const tasks of isQuick ? QUICK_SIZES : SIZES) {
    const state = writeState(folder, tasks);
    const queries = writeTaskQueries(folder, state);
    const start: (() => Promise<Server | undefined>)[] = [
      () => startPortolan({ state: state.path, probe: state.probe }, options),
    ];
    if (tasks <= MOST_FOR_MESOS_DNS) start.push(() => startMesosDns(state, options));
    for (const startOne of start) {
      const server = await startOne();
      if (!server) continue;
      try {
        const row = await measureOne(server, tasks, queries, bench);
        rows.push(row);
        say(
          `${row.name}, ${tasks} tasks: ${figure(row.resident)} MiB, ${figure(row.seconds)} s, ${spreadText(row.cost)} µs`,
        );
      } finally {
        await server.stop();
      }
    }
  }
  return report(rows);
}

async function measureOne(server: Server, tasks: number, queries: string, bench: Bench): Promise<Row> {
  const { turns, seconds, folder } = bench;
  const load: Load = { ...UDP_LOAD, queries, cores: placeWithMainThread().load };
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  await ask(server.pid, server.port, load, { seconds: Math.min(2, seconds), folder });
  const costs: number[] = [];
  for (let turn = 0; turn < turns; turn++)
    costs.push((await ask(server.pid, server.port, load, { seconds, folder })).cost);
  const { resident, peak } = memory(processTree(server.pid));
  return { name: server.name, tasks, seconds: server.startSeconds, resident, peak, cost: spread(costs) };
}

function report(rows: readonly Row[]): Result {
  return {
    tables: [
      {
        title: 'By number of tasks',
        head: ['server', 'tasks', 'RSS MiB', 'peak MiB', 'start s', 'µs/query'],
        rows: rows.map(({ name, tasks, resident, peak, seconds, cost }) => [
          name,
          tasks.toLocaleString('en-US'),
          figure(resident),
          figure(peak),
          figure(seconds),
          spreadText(cost),
        ]),
        notes: [
          'UDP, EDNS, 1 worker, 5,000 applications at random. More than 50,000 tasks are a folder of documents. Started once for each size.',
        ],
      },
    ],
    claims: claimsOf(rows.filter(({ name }) => name === 'Portolan')),
  };
}

function claimsOf(rows: readonly Row[]): Claim[] {
  const of = (tasks: number) => rows.find((row) => row.tasks === tasks);
  const [usual, million] = [of(50_000), of(1_000_000)];
  return [
    { what: 'memory: RSS with 50,000 tasks', limit: MOST_MIB, measured: usual?.resident, unit: 'MiB' },
    {
      what: 'memory: µs/query with a million tasks, of 50,000',
      limit: MOST_COST,
      measured: usual && million && million.cost.median / usual.cost.median,
      unit: 'x',
    },
  ];
}
