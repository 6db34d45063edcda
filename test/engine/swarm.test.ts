// A swarm of two nodes: what is answered for services equals what can be connected to, while tasks move, a node is drained
// and a node's daemon is killed. Virtual addresses and ingress ports need IPVS, which not every kernel has: of those the
// answers are compared with what the swarm says, not connected to.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, Lab } from './engine.ts';
import { follow } from './follow.ts';
import { importBeacon } from './images.ts';
import { dockerSource, Portolan } from './portolan.ts';
import { settled } from './survey.ts';
import { SwarmState } from './swarm-state.ts';
import { endpointText, Vantage } from './vantage.ts';

let lab: Lab;
let manager: Engine;
let worker: Engine;
let swarm: SwarmState;
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
  swarm = new SwarmState(lab);
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
  const onWorker = ['--constraint', 'node.hostname==node2', '--endpoint-mode', 'dnsrr', '--network', 'ov'];
  await createService('pinned', ...onWorker, '--label', 'portolan.port.80.name=http');
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
        swarm.placesOf(service, vantage === overlay ? 'overlay' : 'nodes', engines),
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

async function answersOf(vantage: Vantage, name: string): Promise<string[]> {
  return (await vantage.locate(name, 'tcp')).endpoints.map(endpointText);
}

/** Milliseconds: after an event of a service or node, and for tasks that move without one: the next poll, and its time. */
const AFTER_EVENT_MS = 1_000;
const ONE_POLL_MS = 2_000 + 500;

/** Waits until the answers for port 80 of a service follow what the manager says, and holds them to the bound. */
async function expectSoon(
  what: string,
  vantage: Vantage,
  service: string,
  isFinal: (places: readonly string[]) => boolean,
  bound = AFTER_EVENT_MS,
): Promise<void> {
  const truth = async () => swarm.toldPlaces(service, vantage === overlay ? 'overlay' : 'nodes');
  const answers = async () => answersOf(vantage, `_80._tcp.${service}.swarm.`);
  const late = await follow({ truth, answers, isFinal });
  console.log(`${what}: ${service} is answered right ${late} ms after the swarm says so`);
  expect(late, what).toBeLessThanOrEqual(bound);
}

/** The same for an ingress port of the service mesh. */
async function expectIngressSoon(what: string, target: number, published: number, count: number): Promise<void> {
  const late = await follow({
    truth: async () => swarm.toldIngress(published),
    answers: async () => answersOf(outside, `_${target}._tcp.mesh.swarm.`),
    isFinal: (places) => places.length === count,
  });
  console.log(`${what}: mesh is answered right ${late} ms after the swarm says so`);
  expect(late, what).toBeLessThanOrEqual(AFTER_EVENT_MS);
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
    const tasks = await settled(
      async () => (await swarm.placesOf('mesh', 'overlay', lab.engines)).map(({ address }) => address).sort(),
      ({ length }) => length === 2,
    );
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

describe('a worker', () => {
  let portolan: Portolan;
  let far: Vantage;
  let lan: Vantage;

  beforeAll(async () => {
    await worker.docker('run', '--detach', '--name', 'far', '--network', 'ov', 'beacon', 'far');
    const sources = [{ kind: 'swarm' as const, hosts: [`unix://${worker.socket}`] }, dockerSource(worker)];
    portolan = await Portolan.start(lab, worker, { sources });
    far = await Vantage.inContainer('far', worker, 'far', worker.ipv4);
    lan = Vantage.onMachine('lan', lab.lan, worker.ipv4);
  });

  afterAll(async () => {
    await Promise.all([far?.stop(), lan?.stop()]);
    await portolan?.stop();
    await worker.docker('rm', '--force', 'far');
  });

  it('says that its view is a part of the whole', () => {
    expect(portolan.log()).toContain('seen from a worker');
  });

  it('tells a client on the overlay the tasks in its networks, which it reaches', async () => {
    for (const service of ['rr', 'mesh']) {
      const told = (await swarm.toldPlaces(service, 'overlay')).map((place) => place.replace(':80/tcp', ''));
      expect(told).toHaveLength(2);
      expect(await addressesOf(far, `tasks.${service}.swarm.`, told)).toEqual(told);
      for (const address of told) expect(await far.reach({ protocol: 'tcp', address, port: 80 }, true)).toBe(service);
    }
  });

  it('tells others the nodes that take a published port, and no address of the overlay', async () => {
    expect(await answersOf(lan, '_80._tcp.mesh.swarm.')).toEqual(await swarm.toldIngress(8070));
    expect(await addressesOf(lan, 'tasks.rr.swarm.', [])).toEqual([]);
  });

  it("a manager's server takes its overlay clients, whose addresses it does not see, for the node that they are on", async () => {
    const across = await Vantage.inContainer('across', worker, 'far', manager.ipv4);
    try {
      await expectEqual(across, 'fixed', 1);
      expect(await answersOf(across, '_80._tcp.rr.swarm.')).toEqual([]);
    } finally {
      await across.stop();
    }
  });
});

describe('a swarm that changes', () => {
  it('a task that dies on another node, of which no event tells: one poll', async () => {
    const look = async () => swarm.toldPlaces('pinned', 'overlay');
    const [dead] = await settled(look, ({ length }) => length === 1);
    const [container] = await swarm.containersOf(worker, 'pinned');
    await worker.docker('kill', container!.Id);
    const isReplaced = ([place]: readonly string[]) => place !== undefined && place !== dead;
    await expectSoon('docker kill of a task', overlay, 'pinned', isReplaced, ONE_POLL_MS);
    await expectEqual(overlay, 'pinned', 1);
  });

  it('update: a port that is published later is answered', async () => {
    await manager.docker('service', 'update', '--detach', '--no-resolve-image', '--publish-add', '8074:90', 'mesh');
    await expectIngressSoon('service update --publish-add', 90, 8074, 2);
  });

  it('scale: as many as there are', async () => {
    await manager.docker('service', 'scale', '--detach', 'rr=4');
    await expectSoon('service scale rr=4', overlay, 'rr', ({ length }) => length === 4);
    await expectEqual(overlay, 'rr', 4);
    await manager.docker('service', 'scale', '--detach', 'rr=2');
    await expectSoon('service scale rr=2', overlay, 'rr', ({ length }) => length === 2);
    await expectEqual(overlay, 'rr', 2);
  });

  it('drain: the tasks move and the answers with them; ingress ports stay at every ready node', async () => {
    await manager.docker('node', 'update', '--availability', 'drain', 'node2');
    await expectSoon('node update --availability drain', outside, 'everywhere', ({ length }) => length === 1);
    await expectEqual(overlay, 'rr', 2);
    await expectEqual(outside, 'everywhere', 1);
    await expectEqual(outside, 'fixed', 1);
    expect(await swarm.placesOf('rr', 'overlay', [worker])).toEqual([]);
    expect(await answersOf(outside, '_80._tcp.mesh.swarm.')).toHaveLength(2);
    await manager.docker('node', 'update', '--availability', 'active', 'node2');
    await expectSoon('node update --availability active', outside, 'everywhere', ({ length }) => length === 2);
    await expectEqual(outside, 'everywhere', 2);
  });

  it("kill -9 of a node's daemon: the node is answered no more once it counts as down, and again when it is back", async () => {
    await worker.endDaemon('SIGKILL');
    // Its containers live on without their swarm, which has others in their place.
    await Promise.all([
      expectIngressSoon('kill -9 of a daemon, when the node counts as down', 80, 8070, 1),
      expectSoon('the same', outside, 'everywhere', ({ length }) => length === 1),
    ]);
    await expectEqual(outside, 'everywhere', 1, { engines: [manager] });
    await expectEqual(overlay, 'rr', 2, { engines: [manager] });
    await lab.startDaemon(worker);
    await Promise.all([
      expectIngressSoon('start of the daemon', 80, 8070, 2),
      expectSoon('the same', outside, 'everywhere', ({ length }) => length === 2),
    ]);
    await expectEqual(outside, 'everywhere', 2);
  });
});
