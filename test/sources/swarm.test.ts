// A swarm from its manager and from a worker: polled tasks, nodes that go, ports that depend on the family
// (docker-swarm.md 1, 3; systems.md B).
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { Source } from '../../src/sources/source.ts';
import { SWARM } from '../../src/sources/swarm.ts';
import { DockerEngineStandIn, type Json } from '../stand-ins/docker-engine.ts';
import { recorded, Scenario } from '../stand-ins/docker-scenario.ts';
import { RecordingSink, type Report } from './recording-sink.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const MANAGER_NODE = 'l6j6wjs5c3pw74hyeob09czcp';
const WORKER_NODE = 'vn6d3kh8la0clayj8gfi42l5s';

async function engine(): Promise<DockerEngineStandIn> {
  const made = await DockerEngineStandIn.start();
  ending.push(() => made.down());
  return made;
}

/** The manager of the swarm that was recorded. */
async function manager(): Promise<DockerEngineStandIn> {
  const made = await engine();
  made.info = recorded('info-manager');
  made.nodes = recorded<Json[]>('nodes');
  made.services = recorded<Json[]>('services');
  made.tasks = recorded<Json[]>('tasks');
  made.networks = recorded<Json[]>('networks');
  const rand = recorded('inspect-hostrand.NODE');
  made.containers.set(String(rand.Id), rand);
  return made;
}

/** A worker of that swarm, in two of its networks. */
async function worker(): Promise<DockerEngineStandIn> {
  const made = await engine();
  made.info = {
    ID: 'WORKER',
    Name: 'node-b',
    Swarm: { NodeID: WORKER_NODE, NodeAddr: '192.168.56.11', LocalNodeState: 'active', ControlAvailable: false },
  };
  made.networks = recorded<Json[]>('networks').filter(({ Name }) => Name !== 'shop_front');
  made.networkDetails.set('h9jwqo4c09hibn2jq7vbdbo44', recorded('network-ov-verbose'));
  return made;
}

interface Made {
  readonly source: Source;
  readonly sink: RecordingSink;
}

async function started(engines: readonly DockerEngineStandIn[], settings: object = {}): Promise<Made> {
  const source = SWARM.create(
    SWARM.configuration.parse({ kind: 'swarm', hosts: engines.map(({ host }) => host), poll: '30ms', ...settings }),
    { log: createLog('silent'), metrics: new Metrics(), now: Date.now, secret: () => '' },
  );
  ending.push(() => source.stop());
  const sink = new RecordingSink();
  await source.start(sink);
  return { source, sink };
}

function clusterOf(report: Report): Cluster {
  if (report.kind !== 'snapshot') throw new Error(JSON.stringify(report));
  return report.cluster;
}

/** The tasks of a service that run, by slot or node: `1 2`. */
function running({ tasks }: Cluster, service: string): string {
  const its = tasks.filter((task) => task.service!.name === service && task.state === 'running');
  return its
    .map(({ replica, agent }) => (/^\d+$/.test(replica!.name!) ? replica!.name! : agent.id.slice(0, 4)))
    .sort()
    .join(' ');
}

describe('a manager', () => {
  it('tells services with their networks, ports and stacks', async () => {
    const { sink } = await started([await manager()]);
    const { services } = clusterOf(sink.reports[0]!);
    const web = services!.find(({ name }) => name === 'shop_web')!;
    expect(web).toMatchObject({
      stack: 'shop',
      ports: [
        { protocol: 'tcp', targetPort: 80, publishedPort: 8070, mode: 'ingress' },
        { protocol: 'tcp', targetPort: 443, publishedPort: 8443, mode: 'host' },
      ],
      networks: [{ network: { name: 'shop_front' }, vip: '10.0.2.4' }],
    });
    expect(web.ingress.map(({ addresses }) => addresses[0])).toEqual(['192.168.56.10', '192.168.56.11']);
  });

  it('3: dnsrr has no virtual address, nor has a service with host-mode ports alone', async () => {
    const { sink } = await started([await manager()]);
    const { services } = clusterOf(sink.reports[0]!);
    const [rr, rand] = ['rr', 'hostrand'].map((wanted) => services!.find(({ name }) => name === wanted)!);
    expect(rr!.networks).toMatchObject([{ network: { name: 'ov' }, vip: undefined }]);
    expect(rand!.networks).toEqual([]);
    expect(rand!.ports).toEqual([{ protocol: 'tcp', targetPort: 80, mode: 'host' }]);
    expect(rand!.ingress).toEqual([]);
  });

  it("4: addresses in the swarm's own network are nobody's", async () => {
    const { sink } = await started([await manager()]);
    const cluster = clusterOf(sink.reports[0]!);
    const addresses = cluster.tasks.flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
    const vips = cluster.services!.flatMap(({ networks }) => networks.map(({ vip }) => vip));
    expect(addresses.length).toBeGreaterThan(10);
    expect([...addresses, ...vips].filter((ip) => ip?.startsWith('10.0.0.'))).toEqual([]);
    expect(cluster.networks!.map(({ name }) => name)).toEqual(['ov', 'shop_front']);
  });

  it('2: a port whose number depends on the family is asked of the own engine, and of another node taken as IPv4', async () => {
    const asked = await manager();
    const far = asked.tasks.find(({ ID }) => ID === 'st3cycueygonp63nh9ae1tffz')!;
    const ports = (far.Status as { PortStatus: { Ports: Json[] } }).PortStatus.Ports;
    ports[1]!.PublishedPort = 32_770;
    const { sink } = await started([asked]);
    const report = sink.reports[0]! as Extract<Report, { kind: 'snapshot' }>;
    const taskPorts = (id: string) => report.cluster.tasks.find((task) => task.id === id)!.ports;
    expect(taskPorts('bu4nfj57l9ztrs7oc7eonxg6r')).toEqual([
      { protocol: 'tcp', containerPort: 80, hostPort: 32_774, hostAddress: '0.0.0.0' },
      { protocol: 'tcp', containerPort: 80, hostPort: 32_773, hostAddress: '::' },
    ]);
    expect(taskPorts('st3cycueygonp63nh9ae1tffz')).toEqual([
      { protocol: 'tcp', containerPort: 80, hostPort: 32_769, hostAddress: '0.0.0.0' },
    ]);
    expect(report.problems.map(({ why }) => why)).toEqual([
      'its port 80/tcp is 32769 or 32770, by family; the first is taken for IPv4',
    ]);
  });

  it('5: the tasks of a node that went down run no more, although they go on saying so', async () => {
    const asked = await manager();
    const { sink } = await started([asked], { poll: '1h', resync: '1h' });
    expect(running(clusterOf(sink.reports[0]!), 'rr')).toBe('1 2');
    new Scenario(asked).nodeDown(WORKER_NODE);
    const later = await sink.until((report) => report.kind === 'snapshot' && running(report.cluster, 'rr') === '1');
    const { services } = clusterOf(later);
    expect(services!.find(({ name }) => name === 'shop_web')!.ingress.map(({ id }) => id)).toEqual([MANAGER_NODE]);
  });

  it('5: a drain takes the tasks of a node out at once', async () => {
    const asked = await manager();
    const { sink } = await started([asked], { poll: '1h', resync: '1h' });
    new Scenario(asked).drain(WORKER_NODE);
    await sink.until((report) => report.kind === 'snapshot' && running(report.cluster, 'glob') === 'l6j6');
  });

  it('the recorded swarm after its node went has just what is left', async () => {
    const asked = await manager();
    asked.nodes = recorded<Json[]>('nodes-one-down');
    asked.tasks = recorded<Json[]>('tasks-one-down');
    const { sink } = await started([asked]);
    const cluster = clusterOf(sink.reports[0]!);
    const nodes = new Set(cluster.tasks.filter(({ state }) => state === 'running').map(({ agent }) => agent.id));
    expect([...nodes].sort()).toEqual(['4hgiopgdgdwp13d8jimlh1s0l', MANAGER_NODE]);
    expect(running(cluster, 'rr')).toBe('1 2');
  });

  it('tasks are asked for again and again, all else only after an event', async () => {
    const asked = await manager();
    const { sink } = await started([asked], { resync: '1h' });
    await asked.until(() => asked.count('/tasks') >= 4);
    expect(asked.count('/services')).toBe(1);
    asked.services = asked.services.filter(({ Spec }) => (Spec as Json).Name !== 'rr');
    asked.emit('service', 'remove', 'pfelqkqbki3a59trz3jxcnuar', { name: 'rr' });
    await sink.until(
      (report) => report.kind === 'snapshot' && !report.cluster.services!.some(({ name }) => name === 'rr'),
    );
    expect(asked.count('/services')).toBe(2);
  });

  it('a container of the swarm that starts on its node is no reason to wait; another one is nothing to it', async () => {
    const asked = await manager();
    await started([asked], { poll: '1h', pollFast: '1h', resync: '1h' });
    const before = asked.count('/tasks');
    asked.emit('container', 'start', 'aa', { name: 'lonely' });
    asked.emit('container', 'start', 'bb', { name: 'rr.3', 'com.docker.swarm.task.id': 'x' });
    await asked.until(() => asked.count('/tasks') === before + 1);
    expect(asked.count('/services')).toBe(1);
  });

  it('one that reports 0.0.0.0 of itself is reached where the others reach it', async () => {
    const asked = await manager();
    (asked.nodes[0]!.Status as Json).Addr = '0.0.0.0';
    const { sink } = await started([asked]);
    expect(clusterOf(sink.reports[0]!).agents[0]!.addresses).toEqual(['192.168.56.10']);
  });

  it('that is gone leaves what it told, and another one is asked', async () => {
    const [first, second] = [await manager(), await manager()];
    const { sink } = await started([first, second]);
    await first.down();
    await sink.until((report) => report.kind === 'trouble');
    const seen = sink.reports.length;
    await second.until(() => second.count('/tasks') > 0);
    await sink.until((report) => report.kind === 'snapshot' && sink.reports.indexOf(report) >= seen);
  });
});

describe('a worker', () => {
  it('tells by gossip what its networks hold, and that this is a part', async () => {
    const asked = await worker();
    const { sink } = await started([asked]);
    const report = sink.reports[0]! as Extract<Report, { kind: 'snapshot' }>;
    expect(report.problems).toMatchObject([{ why: expect.stringContaining('seen from a worker') }]);
    expect(report.cluster.services!.map(({ name }) => name)).toEqual([
      'glob',
      'hostpub',
      'rr',
      'vip-ingress',
      'vip-nopub',
    ]);
    const glob = report.cluster.services!.find(({ name }) => name === 'glob')!;
    expect(glob.networks).toMatchObject([{ network: { name: 'ov' }, vip: '10.0.1.33' }]);
    const hosts = report.cluster.tasks.filter(({ service }) => service === glob).map(({ agent }) => agent.addresses[0]);
    expect(hosts).toEqual(['192.168.56.10', '192.168.56.11']);
    expect(asked.count('/services')).toBe(0);
  });

  it('is asked only where no manager is', async () => {
    const [part, whole] = [await worker(), await manager()];
    const { sink } = await started([part, whole]);
    expect(clusterOf(sink.reports[0]!).services!.some(({ name }) => name === 'shop_web')).toBe(true);
  });

  it('an engine in no swarm is trouble that names it', async () => {
    const alone = await engine();
    const { sink } = await started([alone]);
    expect(sink.reports).toMatchObject([
      { kind: 'trouble', message: `The engine at ${alone.host} is in no swarm (it is inactive)` },
    ]);
  });
});
