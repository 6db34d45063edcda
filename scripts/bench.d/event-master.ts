// A stand-in for a Mesos master of many tasks, in a process of its own: `event-master.ts STATE`. Adds a task on request and
// says when the event left.
import { readFileSync } from 'node:fs';
import { MesosMasterStandIn } from '../../test/stand-ins/mesos-master.ts';

/** What the bench asks for: that many tasks have been added before. */
export interface EventRequest {
  readonly add: number;
}

export type EventReport =
  | { readonly kind: 'ready'; readonly port: number }
  /** Nanoseconds of the machine's monotonic clock. */
  | { readonly kind: 'added'; readonly name: string; readonly address: string; readonly at: string };

const [, , file] = process.argv;
const master = await MesosMasterStandIn.start();
const document = JSON.parse(readFileSync(file!, 'utf8')) as {
  readonly frameworks: readonly { readonly id: string; readonly name: string }[];
  readonly slaves: readonly { readonly id: string }[];
};
master.document = { ...document, leader: `master@127.0.0.1:${master.port}` };
setInterval(() => master.beat(), master.heartbeatSeconds * 1000).unref();
const report = (message: EventReport) => process.send!(message);
report({ kind: 'ready', port: master.port });

process.on('message', ({ add }: EventRequest) => {
  const name = `event-${add}`;
  const address = `10.99.${(add >> 8) & 255}.${add & 255}`;
  const status = {
    state: 'TASK_RUNNING',
    timestamp: add,
    container_status: { network_infos: [{ ip_addresses: [{ ip_address: address }] }] },
  };
  const task = {
    task_id: { value: `${name}.1` },
    framework_id: { value: document.frameworks[0]!.id },
    agent_id: { value: document.slaves[add % document.slaves.length]!.id },
    name,
    state: 'TASK_RUNNING',
    statuses: [status],
  };
  const at = String(process.hrtime.bigint());
  master.send({ type: 'TASK_ADDED', task_added: { task } });
  report({ kind: 'added', name: `${name}.${document.frameworks[0]!.name}.mesos`, address, at });
});
