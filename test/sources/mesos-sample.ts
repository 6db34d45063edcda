// What the tests of the Mesos source share: a small cluster in the form of /state, and a source with short times.
import { createLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import type { MesosTimes } from '../../src/sources/mesos.ts';
import { MESOS, MesosSource } from '../../src/sources/mesos.ts';
import { RecordingSink } from './recording-sink.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** A task as /state has it. */
export function task(id: string, more: Fields = {}): Fields {
  return {
    id,
    name: id,
    framework_id: 'F',
    slave_id: 'S1',
    state: 'TASK_RUNNING',
    resources: { ports: '[31000-31000]' },
    statuses: [
      {
        state: 'TASK_RUNNING',
        timestamp: 1,
        container_status: { network_infos: [{ ip_addresses: [{ ip_address: '192.0.2.11' }] }] },
      },
    ],
    ...more,
  };
}

export function agent(id: string, ip: string): Fields {
  return { id, hostname: ip, pid: `slave(1)@${ip}:5051`, active: true };
}

/** One framework, one agent, these tasks. */
export function cluster(...tasks: Fields[]): Fields {
  const framework = {
    id: 'F',
    name: 'marathon',
    hostname: '192.0.2.5',
    pid: 'scheduler@192.0.2.5:15101',
    active: true,
    tasks,
  };
  return { slaves: [agent('S1', '192.0.2.11')], frameworks: [framework] };
}

/** An event of the operator API that says what became of a task. */
export function updated(id: string, state: string, status: Fields = {}): Fields {
  const body = {
    framework_id: { value: 'F' },
    state,
    status: { task_id: { value: id }, agent_id: { value: 'S1' }, timestamp: 2, ...status },
  };
  return { type: 'TASK_UPDATED', task_updated: body };
}

/** The same events everywhere, in the form of the operator API. */
export function added(id: string): Fields {
  const { slave_id: _, framework_id: __, resources: ___, id: ____, ...same } = task(id);
  return {
    type: 'TASK_ADDED',
    task_added: { task: { ...same, task_id: { value: id }, framework_id: { value: 'F' }, agent_id: { value: 'S1' } } },
  };
}

export interface Started {
  readonly source: MesosSource;
  readonly sink: RecordingSink;
  readonly metrics: Metrics;
  /** Value of a counter of the source. */
  count(name: string): number;
}

/** Starts a source that fails fast; to be stopped by the test. */
export async function start(...about: Parameters<typeof make>): Promise<Started> {
  const made = make(...about);
  await made.source.start(made.sink);
  return made;
}

/** A source that is not started yet. */
export function make(
  settings: Fields,
  times: Partial<MesosTimes> = {},
  secrets: Readonly<Record<string, string>> = {},
): Started {
  const metrics = new Metrics();
  const context = {
    log: createLog('silent'),
    metrics,
    now: () => performance.now(),
    secret: (variable: string) => secrets[variable]!,
  };
  const configuration = MESOS.configuration.parse({ kind: 'mesos', ...settings });
  const source = new MesosSource(configuration, context, { firstRetryMs: 10, lastRetryMs: 50, settleMs: 20, ...times });
  const sink = new RecordingSink();
  const count = (name: string): number =>
    [...metrics].filter(({ spec }) => spec.name === name).reduce((sum, { value }) => sum + value, 0);
  return { source, sink, metrics, count };
}
