// dcos-net's own recordings of the operator API: every task that it asserts comes out alike, as events and in one state.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Task } from '../../src/model/task.ts';
import { MesosView } from '../../src/sources/mesos-view.ts';
import { vipText } from '../../src/sources/vip.ts';

/** An object of a recording. */
type Json = Readonly<Record<string, unknown>>;

const fixtures = process.env.PORTOLAN_FIXTURES;

interface ExpectedTask {
  readonly name: string;
  readonly runtime: string;
  readonly framework: string;
  readonly agentIp: string;
  readonly taskIps: readonly string[];
  readonly ports?: readonly Record<string, unknown>[];
  readonly state: string;
  readonly healthy?: boolean;
}

/** A task in the words of the recordings. Absent members are left out, ports sorted. */
function inTheirWords(task: Task): ExpectedTask {
  const ports = task.ports.map(({ name, protocol, containerPort, hostPort, vips }) => ({
    name,
    protocol,
    port: containerPort,
    hostPort,
    vip: vips?.map(vipText),
  }));
  const words = {
    name: task.discovery?.name ?? task.name,
    runtime: task.runtime ?? 'unknown',
    framework: task.framework.name,
    agentIp: task.agent.addresses[0],
    taskIps: task.addresses.filter(({ origin }) => origin === 'netinfo').map(({ ip }) => ip),
    ports: ports.length > 0 ? ports : undefined,
    state: task.state,
    healthy: task.healthy,
  };
  return sorted(JSON.parse(JSON.stringify(words)));
}

function sorted(task: ExpectedTask): ExpectedTask {
  if (!task.ports) return task;
  const key = ({ protocol, port, hostPort }: Record<string, unknown>) => `${protocol} ${port} ${hostPort}`;
  return { ...task, ports: [...task.ports].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

const byId = (cluster: Cluster) => Object.fromEntries(cluster.tasks.map((task) => [task.id, inTheirWords(task)]));

/**
 * One GET_STATE answer that tells what a stream of events told: each task as it was added, with the statuses of all its
 * updates and the last state.
 */
function asOneState(events: readonly Json[]): unknown {
  const state = (events[0]!.subscribed as Json).get_state as Json;
  const frameworks = [...(((state.get_frameworks as Json).frameworks as Json[] | undefined) ?? [])];
  const tasks = new Map<unknown, Json>();
  const key = ({ task_id }: Json) => (task_id as Json).value;
  for (const { framework_updated, task_added, task_updated } of events.slice(1) as Record<string, Json | undefined>[]) {
    if (framework_updated) frameworks.push(framework_updated.framework as Json);
    if (task_added) {
      const task = task_added.task as Json;
      tasks.set(key(task), { ...task, statuses: [] });
    }
    if (task_updated) {
      const status = task_updated.status as Json;
      const task = tasks.get(key(status))!;
      const statuses = [...(task.statuses as Json[]), status];
      tasks.set(key(status), { ...task, state: task_updated.state, statuses });
    }
  }
  const get_tasks = { tasks: [...tasks.values()] };
  return { type: 'GET_STATE', get_state: { get_agents: state.get_agents, get_frameworks: { frameworks }, get_tasks } };
}

if (fixtures) {
  const read = (name: string) => readFileSync(join(fixtures, 'dcos', name), 'utf8');
  const { note: _, ...expected } = JSON.parse(read('expected-tasks.json')) as Record<
    string,
    Record<string, ExpectedTask>
  >;
  const events = (name: string) =>
    read(name)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Json);

  describe("dcos-net's recordings", () => {
    test('assert 22 tasks in nine files', () => {
      expect(Object.keys(expected)).toHaveLength(9);
      expect(Object.values(expected).flatMap((tasks) => Object.keys(tasks))).toHaveLength(22);
    });

    test.each(Object.keys(expected))('%s: all its tasks and no other', (name) => {
      const view = new MesosView();
      for (const event of events(name)) expect(view.apply(event).problems).toEqual([]);
      expect(byId(view.cluster())).toEqual(
        Object.fromEntries(Object.entries(expected[name]!).map(([id, task]) => [id, sorted(task)])),
      );
    });

    test('operator-api.json as one state: the same tasks', () => {
      const view = new MesosView();
      expect(view.apply(asOneState(events('operator-api.json')))).toEqual({ kind: 'snapshot', problems: [] });
      expect(byId(view.cluster())).toEqual(
        Object.fromEntries(Object.entries(expected['operator-api.json']!).map(([id, task]) => [id, sorted(task)])),
      );
    });
  });
} else {
  test('third-party fixtures are not given (PORTOLAN_FIXTURES is unset)', () => {
    expect(process.env.PORTOLAN_FIXTURES).toBeUndefined();
  });
}
