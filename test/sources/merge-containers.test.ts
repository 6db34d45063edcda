// Containers that are Mesos tasks are published once, under Mesos's names (systems.md C4); and what sources tell of
// networks and services goes through as it came.
import { describe, expect, it } from 'vitest';
import type { Network } from '../../src/model/network.ts';
import type { Service } from '../../src/model/service.ts';
import type { Task } from '../../src/model/task.ts';
import type { ClusterDelta } from '../../src/sources/delta.ts';
import { LastGood } from '../../src/sources/last-good.ts';
import { ClusterMerge } from '../../src/sources/merge.ts';
import { containerCluster, swarmCluster } from '../records/docker-sample.ts';
import { agent, task } from '../records/sample.ts';
import { container } from '../stand-ins/docker-scenario.ts';

const NOTHING = { tasks: [], agents: [], frameworks: [] };

/** A task of Mesos on the machine of the engine, and its container as the engine tells it. */
const inMesos = task({
  id: 'web.1',
  agent: agent({ hostname: 'node-a', addresses: ['192.168.56.10'] }),
  hostPorts: [31_000],
});
const [inDocker] = containerCluster([
  container('mesos-6c1a', { env: ['MESOS_TASK_ID=web.1'], health: 'unhealthy', ip: '172.17.0.44' }),
]).tasks as [Task];

function delta(source: string, upserted: readonly Task[], removed: readonly Task[] = []): ClusterDelta {
  return {
    source,
    upserted: { ...NOTHING, tasks: upserted.map((each) => [each, undefined] as const) },
    removed: { ...NOTHING, tasks: removed },
  };
}

/** What is published after these deltas: source and id of each task. */
function published(...deltas: readonly ClusterDelta[]): { readonly ids: string[]; readonly tasks: readonly Task[] } {
  const merge = new ClusterMerge(['mesos', 'docker']);
  const tasks = new Map<string, Task>();
  for (const each of deltas.flatMap((one) => merge.apply(one))) {
    for (const [now] of each.upserted.tasks) tasks.set(`${each.source} ${now.framework.name} ${now.id}`, now);
    for (const gone of each.removed.tasks) tasks.delete(`${each.source} ${gone.framework.name} ${gone.id}`);
  }
  return { ids: [...tasks.keys()], tasks: [...tasks.values()] };
}

describe('a container that is a Mesos task', () => {
  it('is published once, whoever told first', () => {
    const expected = ['mesos marathon web.1'];
    expect(published(delta('mesos', [inMesos]), delta('docker', [inDocker])).ids).toEqual(expected);
    expect(published(delta('docker', [inDocker]), delta('mesos', [inMesos])).ids).toEqual(expected);
  });

  it('lends the task its address and the verdict of its own checks, and none of its ports', () => {
    const { tasks } = published(delta('mesos', [inMesos]), delta('docker', [inDocker]));
    expect(tasks).toMatchObject([
      {
        healthy: false,
        addresses: [{ ip: '172.17.0.44', origin: 'docker' }],
        hostPorts: [31_000],
        ports: [],
        runtime: 'docker',
      },
    ]);
  });

  it('of another machine is another thing: simple schedulers count from 0 in every cluster', () => {
    const far = { ...inMesos, agent: agent({ hostname: 'far', addresses: ['192.0.2.77'] }) };
    expect(published(delta('mesos', [far]), delta('docker', [inDocker])).ids).toHaveLength(2);
  });

  it('has names of its own where nobody tells of Mesos, and is gone with its container', () => {
    expect(published(delta('docker', [inDocker])).ids).toEqual(['docker node-a web.1']);
    expect(published(delta('docker', [inDocker]), delta('docker', [], [inDocker])).ids).toEqual([]);
  });
});

describe('networks and services', () => {
  const { networks, services } = swarmCluster();
  const of = (some: { networks?: readonly Network[]; services?: readonly Service[] }) => ({ ...NOTHING, ...some });

  it('make a difference when they come, change and go, and none when they are told again', () => {
    const good = new LastGood('swarm');
    const first = good.replace(of({ networks: networks!, services: services! })).delta!;
    expect(first.upserted.networks).toHaveLength(networks!.length);
    expect(first.upserted.services).toHaveLength(services!.length);
    expect(good.replace(structuredClone(of({ networks: networks!, services: services! }))).delta).toBeUndefined();
    const [web, ...others] = services!;
    const changed = good.apply({ services: [{ ...web!, ingress: [] }] });
    expect(changed!.upserted).toEqual({ ...NOTHING, masters: undefined, services: [[{ ...web!, ingress: [] }, web]] });
    const last = good.replace(of({ networks: networks!, services: others })).delta!;
    expect(last.removed.services).toMatchObject([{ id: web!.id }]);
    expect(good.apply({ removedNetworks: [networks![0]!.id] })!.removed.networks).toEqual([networks![0]]);
    expect(good.cluster().networks).toEqual(networks!.slice(1));
  });

  it('go through the merge', () => {
    const good = new LastGood('swarm');
    const told = good.replace(of({ networks: networks!, services: services! })).delta!;
    expect(new ClusterMerge(['swarm']).apply(told)).toEqual([told]);
  });

  it('a change of the nodes that take published ports is none of the tasks', () => {
    const cluster = swarmCluster();
    const good = new LastGood('swarm');
    good.replace(cluster);
    const now = cluster.services!.map((service) => ({ ...service, ingress: [] }));
    const tasks = cluster.tasks.map((each) => ({ ...each, service: now.find(({ id }) => id === each.service!.id) }));
    const changed = good.replace({ ...cluster, services: now, tasks }).delta!;
    expect(changed.upserted.tasks).toEqual([]);
    expect(changed.upserted.services!.length).toBe(
      cluster.services!.filter(({ ingress }) => ingress.length > 0).length,
    );
  });
});
