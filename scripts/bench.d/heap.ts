// What queries leave on the heap of a thread that answers: nothing.
import { availableParallelism } from 'node:os';
import { ChurnServer } from './churn-client.ts';
import type { Bench, Result, Scenario } from './scenario.ts';
import { writeState, writeTaskQueries } from './states.ts';
import { spread } from './statistics.ts';
import { figure } from './table.ts';

const QUERIES = 200_000;

/** KiB that count as nothing: what the measurement itself takes. */
const NOISE_KIB = 64;

export const HEAP: Scenario = {
  name: 'heap',
  title: `${QUERIES.toLocaleString('en-US')} queries through the responder alone: heap and processor time`,
  run: measure,
};

async function measure({ folder, isQuick, turns }: Bench): Promise<Result> {
  const state = writeState(folder, isQuick ? 5_000 : 50_000);
  const queries = writeTaskQueries(folder, state);
  const server = await ChurnServer.start(state.path, 0, `0-${availableParallelism() - 1}`);
  try {
    const reports = [];
    for (let turn = 0; turn < turns; turn++) reports.push(await server.respond(QUERIES, queries));
    const kept = spread(reports.map((report) => report.kept / 1024)).median;
    const allocated = spread(reports.map((report) => report.allocated / 1024)).median;
    const cost = spread(reports.map((report) => report.nanoseconds / 1000)).median;
    return {
      tables: [
        {
          title: `${QUERIES.toLocaleString('en-US')} queries through the responder`,
          head: ['what', 'figure'],
          rows: [
            ['heap kept, KiB', figure(kept)],
            ['heap allocated on the way, KiB', figure(allocated)],
            ['µs/query', figure(cost)],
          ],
        },
      ],
      claims: [{ what: 'heap: kept after 200,000 queries', limit: NOISE_KIB, measured: kept, unit: 'KiB' }],
    };
  } finally {
    await server.stop();
  }
}
