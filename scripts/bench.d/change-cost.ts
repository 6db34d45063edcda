// Processor time of one task change, from the source's report to its publication, by number of tasks: it must not grow.
import { availableParallelism } from 'node:os';
import { ChurnServer } from './churn-client.ts';
import type { Bench, Result, Scenario } from './scenario.ts';
import { writeState } from './states.ts';
import { type Spread, spread } from './statistics.ts';
import { ratioText, spreadText } from './table.ts';

const SIZES = [1_000, 10_000, 50_000, 200_000];
const QUICK_SIZES = [1_000, 5_000];

/** In one turn: enough that compactions of the image come in. */
const CHANGES = 10_000;
const QUICK_CHANGES = 1_000;

/** Of the cost with the fewest tasks. */
const MOST = 1.5;

export const CHANGE_COST: Scenario = {
  name: 'change-cost',
  title: 'processor time of one task change by number of tasks, 1,000 to 200,000',
  run: measure,
};

async function measure({ folder, isQuick, turns, say }: Bench): Promise<Result> {
  const sizes = isQuick ? QUICK_SIZES : SIZES;
  const changes = isQuick ? QUICK_CHANGES : CHANGES;
  const servers: { readonly tasks: number; readonly server: ChurnServer; readonly samples: number[] }[] = [];
  const costs = new Map<number, Spread>();
  try {
    for (const tasks of sizes) {
      const server = await ChurnServer.start(writeState(folder, tasks).path, 0, `0-${availableParallelism() - 1}`);
      servers.push({ tasks, server, samples: [] });
      await server.cost(changes);
    }
    for (let turn = 0; turn < turns; turn++)
      for (const { server, samples } of servers) samples.push(await server.cost(changes));
  } finally {
    for (const { server } of servers) await server.stop();
  }
  for (const { tasks, samples } of servers) {
    costs.set(tasks, spread(samples));
    say(`${tasks} tasks: ${spreadText(costs.get(tasks)!)} µs a change`);
  }
  const least = costs.get(sizes[0]!)!.median;
  return {
    tables: [
      {
        title: 'Cost of one task change',
        head: ['tasks', 'µs/change', `x ${sizes[0]!.toLocaleString('en-US')} tasks`],
        rows: [...costs].map(([tasks, cost]) => [
          tasks.toLocaleString('en-US'),
          spreadText(cost),
          ratioText(cost.median / least),
        ]),
        notes: [
          'A task that moves: another address and other ports under all of its names. Garbage collection and compaction of the image count.',
        ],
      },
    ],
    claims: [
      {
        what: `change-cost: with ${sizes.at(-1)!.toLocaleString('en-US')} tasks, of ${sizes[0]!.toLocaleString('en-US')}`,
        limit: MOST,
        measured: costs.get(sizes.at(-1)!)!.median / least,
        unit: 'x',
      },
    ],
  };
}
