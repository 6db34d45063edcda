// A swarm of two nodes: what is answered for services equals what can be connected to, while tasks move, a node is drained
// and a node's daemon is killed. Virtual addresses and ingress ports need IPVS, which not every kernel has: of those the
// answers are compared with what the swarm says, not connected to.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, Lab } from './engine.ts';
import { importBeacon } from './images.ts';
import { dockerSource, Portolan } from './portolan.ts';
import { settled } from './survey.ts';
import { type Endpoint, endpointText, Vantage } from './vantage.ts';

let lab: Lab;
let manager: Engine;
let worker: Engine;
let portolan: Portolan;
let outside: Vantage;
let overlay: Vantage;

/** Options of every service: no registry is asked, and nothing is waited for at an end. */
const QUICK = ['--detach', '--no-resolve-image', '--stop-grace-period', '0s', '--restart-delay', '0s'];

async function createService(name: string, ...options: readonly string[]): Promise<void> {
  await manager.docker('service', 'create', ...QUICK, '--name', name, ...options, 'beacon', name, '80/tcp');
}

beforeAll(async () => {
  lab = await Lab.start({ nodes: 2 });
  [manager, worker] = lab.engines as [Engine, Engine];
  await importBeacon(lab.folder, lab.engines);
  // A node that says nothing counts as down after three heartbeats.
  await manager.docker('swarm', 'init', '--advertise-addr', manager.ipv4, '--dispatcher-heartbeat', '1s');
  const token = await manager.docker('swarm', 'join-token', '--quiet', 'worker');
  await worker.docker('swarm', 'join', '--advertise-addr', worker.ipv4, '--token', token, `${manager.ipv4}:2377`);
  await manager.docker('network', 'create', '--driver', 'overlay', '--attachable', 'ov');
  await manager.docker('run', '--detach', '--name', 'stand', '--network', 'ov', 'beacon', 'stand');
  portolan = await Portolan.start(lab, manager, {
    sources: [{ kind: 'swarm', hosts: [`unix://${manager.socket}`] }, dockerSource(manager), dockerSource(worker)],
  });
  outside = Vantage.onMachine('outside', lab.lan, manager.ipv4);
  overlay = await Vantage.inContainer('overlay', manager, 'stand', manager.ipv4);
  const published = (text: string) => ['--publish', `mode=host,target=80${text}`];
  await createService(
    'rr',
    '--endpoint-mode',
    'dnsrr',
    '--replicas',
    '2',
    '--network',
    'ov',
    '--label',
    'portolan.port.80.name=http',
  );
  await createService('mesh', '--replicas', '2', '--network', 'ov', '--publish', '8070:80');
  await createService('fixed', '--replicas', '1', '--network', 'ov', ...published(',published=8071'));
  await createService('everywhere', '--mode', 'global', ...published(',published=8072'));
  await createService('random', '--replicas', '2', ...published(''));
  const stack = join(lab.folder, 'stack.json');
  writeFileSync(
    stack,
    JSON.stringify({
      version: '3.8',
      services: {
        web: {
          image: 'beacon',
          command: ['shop_web', '80/tcp'],
          ports: [{ mode: 'host', target: 80, published: 8073 }],
          deploy: { replicas: 1 },
        },
      },
    }),
  );
  await manager.docker('stack', 'deploy', '--resolve-image', 'never', '--compose-file', stack, 'shop');
}, 120_000);

afterAll(async () => {
  await Promise.all([outside?.stop(), overlay?.stop()]);
  await portolan?.stop();
  await lab?.stop();
});

interface Summary {
  readonly Labels: Readonly<Record<string, string>>;
  readonly Ports: readonly { readonly IP?: string; readonly PrivatePort: number; readonly PublicPort?: number }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** What runs of a service on an engine. */
async function containersOf(engine: Engine, service: string): Promise<readonly Summary[]> {
  const all = (await engine.api('GET', '/containers/json')) as readonly Summary[];
  return all.filter(({ Labels }) => Labels['com.docker.swarm.service.name'] === service);
}

/** Where a service could be: at its containers in the overlay, or at the ports that its nodes have for them. */
async function placesOf(service: string, within: 'overlay' | 'nodes', engines: readonly Engine[]): Promise<Endpoint[]> {
  const places = engines.map(async (engine) =>
    (await containersOf(engine, service)).flatMap(({ Ports, NetworkSettings }): Endpoint[] => {
      const address = NetworkSettings.Networks.ov?.IPAddress;
      if (within === 'overlay') return address ? [{ protocol: 'tcp', address, port: 80 }] : [];
      return Ports.filter(({ IP, PublicPort }) => PublicPort !== undefined && !IP?.includes(':')).map(
        ({ PublicPort }) => ({
          protocol: 'tcp',
          address: engine.ipv4,
          port: PublicPort!,
        }),
      );
    }),
  );
  return (await Promise.all(places)).flat();
}

interface Comparison {
  readonly answered: readonly string[];
  readonly reached: readonly string[];
}

/** What is answered for port 80 of a service, and at which of its places it is reached; when these agree, or never do. */
async function compare(
  vantage: Vantage,
  service: string,
  count: number,
  { name = service, engines = lab.engines as readonly Engine[] } = {},
): Promise<Comparison> {
  return settled(
    async () => {
      const [{ endpoints }, places] = await Promise.all([
        vantage.locate(`_80._tcp.${name}.swarm.`, 'tcp'),
        placesOf(service, vantage === overlay ? 'overlay' : 'nodes', engines),
      ]);
      const says = await Promise.all(places.map((place) => vantage.reach(place)));
      const reached = places.filter((_, i) => says[i] === service).map(endpointText);
      return { answered: endpoints.map(endpointText), reached: [...new Set(reached)].sort() };
    },
    ({ answered, reached }) => answered.length === count && answered.join() === reached.join(),
  );
}

/** Expects that exactly what is reached is answered, and that it is as much as it should be. */
async function expectEqual(...[vantage, service, count, options]: Parameters<typeof compare>): Promise<void> {
  const { answered, reached } = await compare(vantage, service, count, options);
  expect(answered, `${service}, ${vantage.name}`).toEqual(reached);
  expect(answered, `${service}, ${vantage.name}`).toHaveLength(count);
}

async function addressesOf(vantage: Vantage, name: string, expected: readonly string[]): Promise<readonly string[]> {
  const look = async () => [...(await vantage.resolve(name, 'A')).data].sort();
  return settled(look, (found) => found.join() === [...expected].sort().join());
}

describe('services of a swarm', () => {
  it('dnsrr: the tasks, and only to the overlay', async () => {
    await expectEqual(overlay, 'rr', 2);
    expect((await outside.locate('_80._tcp.rr.swarm.', 'tcp')).endpoints).toEqual([]);
    const named = await overlay.locate('_http._tcp.rr.swarm.', 'tcp');
    expect(named.endpoints.map(endpointText)).toEqual((await compare(overlay, 'rr', 2)).reached);
  });

  it('vip: the virtual address and the tasks to the overlay, every ready node outside', async () => {
    const [service] = (await manager.api('GET', '/services?filters={"name":["mesh"]}')) as readonly {
      readonly Endpoint: { readonly VirtualIPs: readonly { readonly NetworkID: string; readonly Addr: string }[] };
    }[];
    const { Id } = (await manager.api('GET', '/networks/ov')) as { readonly Id: string };
    const vip = service!.Endpoint.VirtualIPs.find(({ NetworkID }) => NetworkID === Id)!.Addr.replace(/\/\d+$/, '');
    expect(await addressesOf(overlay, 'vip.mesh.swarm.', [vip])).toEqual([vip]);
    expect(await addressesOf(outside, 'vip.mesh.swarm.', [])).toEqual([]);
    const tasks = (await placesOf('mesh', 'overlay', lab.engines)).map(({ address }) => address).sort();
    expect(tasks).toHaveLength(2);
    expect(await addressesOf(overlay, 'tasks.mesh.swarm.', tasks)).toEqual(tasks);
    const nodes = [`${manager.ipv4}:8070/tcp`, `${worker.ipv4}:8070/tcp`];
    expect((await outside.locate('_80._tcp.mesh.swarm.', 'tcp')).endpoints.map(endpointText)).toEqual(nodes);
  });

  it('host mode: the nodes with a task outside, the task to the overlay', async () => {
    await expectEqual(outside, 'fixed', 1);
    await expectEqual(overlay, 'fixed', 1);
  });

  it('host mode with ports that the nodes choose: the port of each', async () => {
    await expectEqual(outside, 'random', 2);
  });

  it('global: every node, and each by its name', async () => {
    await expectEqual(outside, 'everywhere', 2);
    for (const { machine, ipv4 } of lab.engines)
      expect(await addressesOf(outside, `${machine.name}.everywhere.swarm.`, [ipv4])).toEqual([ipv4]);
  });

  it('a stack: its services below its name', async () => {
    await expectEqual(outside, 'shop_web', 1, { name: 'web.shop' });
  });

  it('nodes by name', async () => {
    expect(await addressesOf(outside, 'node2.node.swarm.', [worker.ipv4])).toEqual([worker.ipv4]);
    expect(await addressesOf(outside, 'manager.node.swarm.', [manager.ipv4])).toEqual([manager.ipv4]);
  });
});

describe('a swarm that changes', () => {
  it('update: a port that is published later is answered', async () => {
    await manager.docker('service', 'update', '--detach', '--no-resolve-image', '--publish-add', '8074:90', 'mesh');
    const look = async () => (await outside.locate('_90._tcp.mesh.swarm.', 'tcp')).endpoints.map(endpointText);
    const nodes = [`${manager.ipv4}:8074/tcp`, `${worker.ipv4}:8074/tcp`];
    expect(await settled(look, (found) => found.join() === nodes.join())).toEqual(nodes);
  });

  it('scale: as many as there are', async () => {
    await manager.docker('service', 'scale', '--detach', 'rr=4');
    await expectEqual(overlay, 'rr', 4);
    await manager.docker('service', 'scale', '--detach', 'rr=2');
    await expectEqual(overlay, 'rr', 2);
  });

  it('drain: the tasks move and the answers with them; ingress ports stay at every ready node', async () => {
    await manager.docker('node', 'update', '--availability', 'drain', 'node2');
    await expectEqual(overlay, 'rr', 2);
    await expectEqual(outside, 'everywhere', 1);
    await expectEqual(outside, 'fixed', 1);
    expect(await placesOf('rr', 'overlay', [worker])).toEqual([]);
    expect((await outside.locate('_80._tcp.mesh.swarm.', 'tcp')).endpoints).toHaveLength(2);
    await manager.docker('node', 'update', '--availability', 'active', 'node2');
    await expectEqual(outside, 'everywhere', 2);
  });

  it("kill -9 of a node's daemon: the node is answered no more once it counts as down, and again when it is back", async () => {
    await worker.endDaemon('SIGKILL');
    // Its containers live on without their swarm, which has others in their place.
    const states = async () => manager.docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}}');
    expect(await settled(states, (text) => text.includes('node2 Down'))).toContain('node2 Down');
    await expectEqual(outside, 'everywhere', 1, { engines: [manager] });
    await expectEqual(overlay, 'rr', 2, { engines: [manager] });
    const mesh = async () => (await outside.locate('_80._tcp.mesh.swarm.', 'tcp')).endpoints.map(endpointText);
    const alone = [`${manager.ipv4}:8070/tcp`];
    expect(await settled(mesh, (found) => found.join() === alone.join())).toEqual(alone);
    await lab.startDaemon(worker);
    await expectEqual(outside, 'everywhere', 2);
  });
});
