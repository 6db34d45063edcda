// Answers while tasks change: what a query costs and how long it takes with 100 changes a second, beside the same server in
// quiet; and beside Mesos-DNS, when there is one.
import { ChurnServer } from './churn-client.ts';
import { askEvenly } from './latency.ts';
import { type Answered, ask, type Load, UDP_LOAD } from './load.ts';
import { placeWithMainThread } from './machine.ts';
import { startMesosDns } from './mesos-dns.ts';
import { memory, processTree } from './process.ts';
import type { Bench, Result, Scenario } from './scenario.ts';
import { writeState, writeTaskQueries } from './states.ts';
import { medianLatencies, spread } from './statistics.ts';
import { figure, ratioText, spreadText } from './table.ts';

const CHANGES_PER_SECOND = 100;

/** At most so many times the quiet figure. */
const MOST_COST = 1.25;
const MOST_LATENCY = 2;

interface Row {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly perSecond: number;
  readonly loaded: Answered[];
  readonly paced: Answered[];
  resident: number;
}

export const CHURN: Scenario = {
  name: 'churn',
  title: `${CHANGES_PER_SECOND} task changes a second on 50,000 tasks, beside the same in quiet`,
  run: measure,
};

async function measure(bench: Bench): Promise<Result> {
  const { folder, isQuick } = bench;
  const state = writeState(folder, isQuick ? 5_000 : 50_000);
  const { server: cores, load: loadCores } = placeWithMainThread();
  const load: Load = { ...UDP_LOAD, queries: writeTaskQueries(folder, state), cores: loadCores };
  const ours = await ChurnServer.start(state.path, 1, cores);
  const mesosDns = await startMesosDns(state, { folder, cores, workers: 1 });
  try {
    const rows = [row('Portolan, quiet', ours, 0), row('Portolan, changing', ours, CHANGES_PER_SECOND)];
    if (mesosDns) rows.push(row('Mesos-DNS, quiet', mesosDns, 0));
    await takeTurns(rows, ours, load, bench);
    return report(rows, state.tasks);
  } finally {
    await ours.stop();
    await mesosDns?.stop();
  }
}

function row(name: string, { pid, port }: { readonly pid: number; readonly port: number }, perSecond: number): Row {
  return { name, pid, port, perSecond, loaded: [], paced: [], resident: 0 };
}

async function takeTurns(rows: readonly Row[], ours: ChurnServer, load: Load, bench: Bench): Promise<void> {
  const { turns, seconds, folder, say } = bench;
  for (const { pid, port } of rows) await ask(pid, port, load, { seconds: Math.min(2, seconds), folder });
  for (let turn = 0; turn < turns; turn++)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[(turn + i) % rows.length]!;
      ours.churn(row.perSecond);
      row.loaded.push(await ask(row.pid, row.port, load, { seconds, folder }));
      row.paced.push(await askEvenly(row.pid, row.port, load, { seconds, folder }));
      ours.churn(0);
      row.resident = memory(processTree(row.pid)).resident;
      say(`turn ${turn + 1}: ${row.name}: ${figure(row.loaded.at(-1)!.cost)} µs a query`);
    }
}

function report(rows: readonly Row[], tasks: number): Result {
  const figures = rows.map(({ name, loaded, paced, resident }) => ({
    name,
    resident,
    cost: spread(loaded.map(({ cost }) => cost)),
    perSecond: spread(loaded.map(({ perSecond }) => perSecond)).median,
    lost: spread(loaded.map(({ lost }) => lost * 100)).median,
    latencies: medianLatencies(paced.map(({ latencies }) => latencies!)),
  }));
  const [quiet, changing] = figures;
  const head = ['server', 'µs/query', 'x quiet', 'q/s', 'lost %', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'RSS MiB'];
  return {
    tables: [
      {
        title: `${CHANGES_PER_SECOND} changes a second on ${tasks.toLocaleString('en-US')} tasks, UDP, EDNS, 1 worker`,
        head,
        rows: figures.map(({ name, cost, perSecond, lost, latencies, resident }) => [
          name,
          spreadText(cost),
          ratioText(cost.median / quiet!.cost.median),
          figure(perSecond),
          figure(lost),
          ...[latencies.p50, latencies.p99, latencies.p999, latencies.max].map((value) => value.toFixed(3)),
          figure(resident),
        ]),
        notes: [
          'The names of applications: sets of up to ten addresses or SRV records. The thread that makes the changes counts too, and no server is kept to one processor here.',
        ],
      },
    ],
    claims: [
      {
        what: 'churn: µs/query while tasks change, of quiet',
        limit: MOST_COST,
        measured: changing!.cost.median / quiet!.cost.median,
        unit: 'x',
      },
      {
        what: 'churn: p99.9 while tasks change, of quiet',
        limit: MOST_LATENCY,
        measured: changing!.latencies.p999 / quiet!.latencies.p999,
        unit: 'x',
      },
    ],
  };
}
