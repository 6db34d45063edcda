// From a change that a source reports to the answer that has it, at every worker, seen from a client.
import { ChurnServer } from './churn-client.ts';
import { placeWithMainThread } from './machine.ts';
import type { Bench, Result, Scenario } from './scenario.ts';
import { writeState } from './states.ts';
import { type Latencies, latenciesOf, medianLatencies } from './statistics.ts';
import { TYPE, WireClient } from './wire-client.ts';

const WORKERS = 2;

/** Sockets that are tried until each worker has one: the kernel spreads them over the workers. */
const MAX_SOCKETS = 100;

const CHANGES = 200;

/** Milliseconds between two changes, and until one that does not show is given up. */
const PAUSE_MS = 5;
const PATIENCE_MS = 2_000;

/** Milliseconds, p99. */
const MOST_MS = 5;

export const CHANGE_LATENCY: Scenario = {
  name: 'change-latency',
  title: 'from a task change that a source reports to the answer of every worker, 50,000 tasks',
  run: measure,
};

interface Turn {
  readonly published: Latencies;
  readonly answered: Latencies;
}

async function measure(bench: Bench): Promise<Result> {
  const { folder, isQuick, turns, say } = bench;
  const state = writeState(folder, isQuick ? 5_000 : 50_000);
  const server = await ChurnServer.start(state.path, WORKERS, placeWithMainThread().server);
  const clients: WireClient[] = [];
  const results: Turn[] = [];
  try {
    clients.push(...(await clientOfEachWorker(server)));
    // The first changes have the code compiled.
    await oneTurn(server, clients, isQuick ? 20 : CHANGES);
    for (let turn = 0; turn < turns; turn++) {
      const result = await oneTurn(server, clients, isQuick ? 20 : CHANGES);
      results.push(result);
      say(`turn ${turn + 1}: p99 ${result.answered.p99.toFixed(2)} ms`);
    }
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
  return report(results, state.tasks);
}

/** A socket for each worker: the kernel sends all that one socket asks to the same. */
async function clientOfEachWorker(server: ChurnServer): Promise<WireClient[]> {
  const clients = new Map<number, WireClient>();
  for (let i = 0; i < MAX_SOCKETS; i++) {
    const client = new WireClient(server.port);
    const before = await server.asked();
    await client.ask('which-worker.mesos', TYPE.A, PATIENCE_MS);
    const after = await server.asked();
    const worker = after.findIndex((count, thread) => count > before[thread]!);
    if (worker < 0 || clients.has(worker)) client.close();
    else clients.set(worker, client);
    if (clients.size === WORKERS) return [...clients.values()];
  }
  throw new Error(`Cannot measure: of ${MAX_SOCKETS} sockets none was served by some worker`);
}

async function oneTurn(server: ChurnServer, clients: readonly WireClient[], changes: number): Promise<Turn> {
  const published = new Float64Array(changes);
  const answered = new Float64Array(changes);
  for (let i = 0; i < changes; i++) {
    const { name, address, reportedAt, publishedAt } = await server.change();
    const from = BigInt(reportedAt);
    const octets = Buffer.from(address.split('.').map(Number));
    const seen = await Promise.all(clients.map((client) => untilSeen(client, name, octets)));
    published[i] = milliseconds(BigInt(publishedAt) - from);
    answered[i] = Math.max(...seen.map((at) => milliseconds(at - from)));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { published: latenciesOf(published), answered: latenciesOf(answered) };
}

/** Asks for the name until its addresses hold the new one. @returns when that was, in nanoseconds */
async function untilSeen(client: WireClient, name: string, address: Buffer): Promise<bigint> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const reply = await client.ask(name, TYPE.A, PATIENCE_MS);
    if (reply?.includes(address)) return process.hrtime.bigint();
  }
  throw new Error(`Cannot measure: the new address of ${name} was not answered within ${PATIENCE_MS} ms`);
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}

function report(results: readonly Turn[], tasks: number): Result {
  const published = medianLatencies(results.map((turn) => turn.published));
  const answered = medianLatencies(results.map((turn) => turn.answered));
  const cells = ({ p50, p99, max }: Latencies) => [p50, p99, max].map((value) => value.toFixed(3));
  return {
    tables: [
      {
        title: `A task change, ${tasks.toLocaleString('en-US')} tasks, ${WORKERS} workers`,
        head: ['from the source’s report to', 'p50 ms', 'p99 ms', 'max ms'],
        rows: [
          ['published', ...cells(published)],
          ['answered by every worker', ...cells(answered)],
        ],
        notes: [
          'A client learns of a change by a message from the process that makes it, then asks each worker through a socket of its own: its own time is in the second row.',
        ],
      },
    ],
    claims: [
      {
        what: 'change-latency: answered by every worker, p99',
        limit: MOST_MS,
        measured: answered.p99,
        unit: 'ms',
      },
    ],
  };
}
