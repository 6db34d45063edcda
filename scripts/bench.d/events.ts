// From an event on a Mesos master's stream to the answer that has it, with many tasks; and what following costs while
// nothing happens.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill, tracked } from './children.ts';
import type { EventReport, EventRequest } from './event-master.ts';
import { placeWithMainThread } from './machine.ts';
import { processorTime, processTree } from './process.ts';
import type { Bench, Result, Scenario } from './scenario.ts';
import { launch } from './server.ts';
import { writeState } from './states.ts';
import { latenciesOf } from './statistics.ts';
import { TYPE, WireClient } from './wire-client.ts';

const MASTER = join(import.meta.dirname, 'event-master.ts');
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

const EVENTS = 300;

/** Milliseconds between two events; until one that does not show is given up; without events, to see the cost of idling. */
const PAUSE_MS = 20;
const PATIENCE_MS = 5_000;
const IDLE_MS = 20_000;

/** Milliseconds in which the engine, once after a load, looks through all of its memory for more to give back. */
const SETTLING_MS = 30_000;

/** Milliseconds, p99; percent of one core. */
const MOST_MS = 20;
const MOST_IDLE = 1;

export const EVENTS_SCENARIO: Scenario = {
  name: 'events',
  title: 'from an event on the master’s stream to the answer, and the cost of idling, 50,000 tasks',
  run: measure,
};

async function measure(bench: Bench): Promise<Result> {
  const { folder, isQuick, say } = bench;
  const state = writeState(folder, isQuick ? 5_000 : 50_000);
  const master = tracked(
    spawn(process.execPath, [MASTER, state.path], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  const ready = await hear(master);
  if (ready.kind !== 'ready') throw new Error('Cannot measure: the master did not start');
  const config = join(folder, 'events.json');
  writeFileSync(config, JSON.stringify({ sources: [{ kind: 'mesos', masters: [`127.0.0.1:${ready.port}`] }] }));
  const server = await launch(
    {
      name: 'Portolan',
      probe: state.probe,
      deadlineMs: 120_000,
      command: (_, port) => [
        process.execPath,
        MAIN,
        'serve',
        '--config',
        config,
        '--listen',
        `127.0.0.1:${port}`,
        '--log-level',
        'warn',
      ],
    },
    { workers: 1, folder, cores: placeWithMainThread().server },
  );
  const client = new WireClient(server.port);
  try {
    const milliseconds = new Float64Array(isQuick ? 30 : EVENTS);
    for (let i = 0; i < milliseconds.length; i++) {
      master.send({ add: i } satisfies EventRequest);
      const added = await hear(master);
      if (added.kind !== 'added') throw new Error('Cannot measure: the master sent no event');
      milliseconds[i] = await untilSeen(client, added.name, added.address, BigInt(added.at));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    const { p50, p99, max } = latenciesOf(milliseconds);
    say(`p99 ${p99.toFixed(2)} ms; idling`);
    const tree = processTree(server.pid);
    const settling = await share(tree, isQuick ? 2_000 : SETTLING_MS);
    const idle = await share(tree, isQuick ? 2_000 : IDLE_MS);
    return {
      tables: [
        {
          title: `Following a Mesos master, ${state.tasks.toLocaleString('en-US')} tasks`,
          head: ['event to answer, p50 ms', 'p99 ms', 'max ms', 'idle, % of a core', 'before that, %'],
          rows: [[p50, p99, max, idle, settling].map((value) => value.toFixed(2))],
          notes: [
            `Idle: in ${IDLE_MS / 1000} s after the ${SETTLING_MS / 1000} s before that, in which memory is looked through once more.`,
          ],
        },
      ],
      claims: [
        { what: 'events: from event to answer, p99', limit: MOST_MS, measured: p99, unit: 'ms' },
        { what: 'events: idle, percent of a core', limit: MOST_IDLE, measured: idle, unit: '%' },
      ],
    };
  } finally {
    client.close();
    await server.stop();
    await kill(master);
  }
}

async function hear(child: ChildProcess): Promise<EventReport> {
  const [report] = (await once(child, 'message')) as [EventReport];
  return report;
}

/** Waits. @returns percent of one core that processes took meanwhile */
async function share(tree: readonly number[], ms: number): Promise<number> {
  const before = processorTime(tree);
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ((processorTime(tree) - before) / (ms * 1000)) * 100;
}

/** @returns milliseconds from `from` until the name has the address */
async function untilSeen(client: WireClient, name: string, address: string, from: bigint): Promise<number> {
  const octets = Buffer.from(address.split('.').map(Number));
  for (;;) {
    const reply = await client.ask(name, TYPE.A, PATIENCE_MS);
    const passed = Number(process.hrtime.bigint() - from) / 1e6;
    if (reply?.includes(octets)) return passed;
    if (passed > PATIENCE_MS) throw new Error(`Cannot measure: ${name} was not answered within ${PATIENCE_MS} ms`);
  }
}
