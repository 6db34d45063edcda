// Clusters of recorded containers and swarms, and what clients in one view see of the zones made of them.
import type { Cluster } from '../../src/model/cluster.ts';
import type { Framework } from '../../src/model/framework.ts';
import { taskKey } from '../../src/model/task.ts';
import { RecordBuilder } from '../../src/records/index.ts';
import type { ContainerNameSettings, RecordSettings, SwarmNameSettings } from '../../src/records/settings.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/records/settings.ts';
import { ViewRegistry } from '../../src/records/view-registry.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import { readContainer } from '../../src/sources/docker-containers.ts';
import { readNetwork } from '../../src/sources/docker-networks.ts';
import { Roster } from '../../src/sources/docker-roster.ts';
import { readSwarm } from '../../src/sources/swarm-read.ts';
import { nameToText, parseName } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { EVERYWHERE, isSeen } from '../../src/wire/views.ts';
import { writeMasterFile } from '../../src/zone/masterfile-writer.ts';
import type { Json } from '../stand-ins/docker-engine.ts';
import { recorded } from '../stand-ins/docker-scenario.ts';

export const DOCKER_NAMES: ContainerNameSettings = {
  domain: 'docker',
  ttlSeconds: 5,
  negativeTtlSeconds: 1,
  labelPrefix: 'portolan',
  exposedByDefault: true,
  registrator: true,
  fromHost: 'container',
  fixedViews: [],
};

export const SWARM_NAMES: SwarmNameSettings = {
  domain: 'swarm',
  ttlSeconds: 5,
  negativeTtlSeconds: 1,
  labelPrefix: 'portolan',
  exposedByDefault: true,
  registrator: true,
  ingress: 'ready',
};

/** The addresses of the machine that was recorded. */
export const HOST = ['192.168.56.10', '2001:db8::10'];

/** A cluster of these containers on the machine that was recorded, which is the one that the server is on. */
export function containerCluster(containers: readonly Json[], hostAddresses: readonly string[] = HOST): Cluster {
  const roster = new Roster(() => false);
  const framework: Framework = {
    id: 'ENGINE',
    name: 'node-a',
    active: true,
    host: '',
    addresses: [],
    system: 'docker',
  };
  const agent = {
    id: 'docker/ENGINE',
    hostname: 'node-a',
    host: hostAddresses[0] ?? '',
    addresses: hostAddresses,
    system: 'docker',
    ownPrefixes: ['127.0.0.0/8', '::1/128', '192.168.56.10/32'],
  } as const;
  roster.machine = { framework, agent, isNear: true };
  const networks = [...recorded<Json[]>('networks'), recorded('network-inet1'), recorded('network-mv')].flatMap(
    (fields) => readNetwork(fields, agent.id, true) ?? [],
  );
  roster.setNetworks(networks);
  for (const fields of containers) {
    const facts = readContainer(fields);
    if (facts.state !== 'terminal') roster.put(facts);
  }
  return { tasks: roster.tasks(), agents: [agent], frameworks: [framework], networks };
}

/** The swarm that was recorded. `down`: after one of its nodes went. */
export function swarmCluster(state: 'up' | 'down' = 'up'): Cluster {
  const suffix = state === 'down' ? '-one-down' : '';
  const framework: Framework = { id: 'SWARM', name: 'swarm', active: true, host: '', addresses: [], system: 'swarm' };
  return readSwarm(
    {
      nodes: recorded<Json[]>(`nodes${suffix}`),
      tasks: recorded<Json[]>(`tasks${suffix}`),
      services: recorded<Json[]>('services'),
      networks: recorded<Json[]>('networks'),
    },
    framework,
    new Map(),
  ).cluster;
}

/** The records of a cluster, and the views that tell who sees which. */
export class Seen {
  readonly views: ViewRegistry;
  readonly problems: string[] = [];
  readonly #records: RR[] = [];

  constructor(cluster: Cluster, some: Partial<RecordSettings>) {
    const settings: RecordSettings = { ...DEFAULT_RECORD_SETTINGS, ...some };
    this.views = new ViewRegistry(settings.views);
    const builder = new RecordBuilder(settings, new VipAddresses(settings.dcos.vip), this.views);
    for (const network of cluster.networks ?? []) this.views.setNetwork(network.id, network);
    for (const agent of cluster.agents) this.views.setAgent(agent.id, agent);
    builder.claim([
      ...cluster.tasks.map((task) => [`task ${taskKey(task)}`, { task }] as const),
      ...(cluster.services ?? []).map((service) => [`service ${service.id}`, { service }] as const),
      ...cluster.agents.map((agent) => [`agent ${agent.id}`, { agent }] as const),
    ]);
    const problems: { where: string; why: string }[] = [];
    const contributions = [
      ...cluster.tasks.flatMap((task) => builder.task(task, problems)),
      ...(cluster.services ?? []).flatMap((service) => builder.service(service, problems)),
      ...cluster.agents.flatMap((agent) => builder.agent(agent, problems)),
    ];
    for (const { records } of contributions) this.#records.push(...records);
    this.problems.push(...problems.map(({ where, why }) => `${where}: ${why}`));
  }

  /** The view of the network of this name. */
  network(cluster: Cluster, name: string): number {
    return this.views.within(cluster.networks!.find((network) => network.name === name)!)[0]!;
  }

  /** What clients in a view see of a zone, as a master file. */
  zone(domain: string, view: number): string {
    const origin = parseName(domain);
    const seen = this.#records.filter(
      ({ owner, views }) => owner.endsWith(origin) && isSeen(views ?? EVERYWHERE, view),
    );
    const plain = seen.map(({ owner, type, ttl, rdata }) => ({ owner, type, ttl, rdata }));
    const once = new Map(plain.map((record) => [JSON.stringify(record), record]));
    return writeMasterFile({ origin, records: [...once.values()].sort(byOwner) });
  }

  /** Every name of a zone that has a record, seen by anybody or not. */
  owners(domain: string): string[] {
    const origin = parseName(domain);
    return this.#records
      .map(({ owner }) => owner)
      .filter((owner) => owner.endsWith(origin))
      .map(nameToText);
  }

  /** Lines of the master file of a view whose owner begins so. */
  lines(domain: string, view: number, owner: string): string[] {
    const lines: string[] = [];
    let current = '';
    for (const line of this.zone(domain, view)
      .split('\n')
      .filter((text) => text !== '' && !text.startsWith('$'))) {
      current = /^\S+/.exec(line)?.[0] ?? current;
      if (current === owner) lines.push(line.trim().replace(/\s+/g, ' ').replace(`${owner} `, ''));
    }
    return lines;
  }
}

function byOwner(a: RR, b: RR): number {
  const [x, y] = [nameToText(a.owner), nameToText(b.owner)];
  return x < y ? -1 : x > y ? 1 : a.type - b.type || (a.rdata < b.rdata ? -1 : 1);
}
