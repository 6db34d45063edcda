// The live source against an engine that speaks the real API: one look an event, re-listing, and each trap of the engines
// (docker-swarm.md 1, 3; users-want.md 9 to 11, 14, 20).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import type { Task } from '../../src/model/task.ts';
import { DOCKER, dockerSource } from '../../src/sources/docker.ts';
import type { ThisMachine } from '../../src/sources/docker-machine.ts';
import { LastGood } from '../../src/sources/last-good.ts';
import type { Source } from '../../src/sources/source.ts';
import type { StandInOptions } from '../stand-ins/docker-engine.ts';
import { DockerEngineStandIn } from '../stand-ins/docker-engine.ts';
import { BRIDGE, container, load, recorded, Scenario } from '../stand-ins/docker-scenario.ts';
import { RecordingSink } from './recording-sink.ts';

const folder = mkdtempSync(join(tmpdir(), 'docker-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

let sockets = 0;

async function standIn(options: StandInOptions = {}): Promise<DockerEngineStandIn> {
  const engine = await DockerEngineStandIn.start({ socket: join(folder, `${sockets++}.sock`), ...options });
  ending.push(() => engine.down());
  return engine;
}

/** A machine with one address by which it is reached. */
const MACHINE: ThisMachine = { addresses: () => ['127.0.0.1', '192.0.2.10'], outward: () => ['192.0.2.10'] };

/** A sink that keeps the state, too, as the server does. */
class Following extends RecordingSink {
  readonly good = new LastGood('docker');

  override snapshot(...[cluster, problems]: Parameters<RecordingSink['snapshot']>): void {
    this.good.replace(cluster);
    super.snapshot(cluster, problems);
  }

  override change(...[change, problems]: Parameters<RecordingSink['change']>): void {
    this.good.apply(change);
    super.change(change, problems);
  }

  task(name: string): Task | undefined {
    return this.good.cluster().tasks.find((task) => task.name === name);
  }

  /** Waits until the state fits. */
  async untilState(fits: () => boolean): Promise<void> {
    for (let seen = this.reports.length; !fits(); seen++)
      await this.until((report) => this.reports.indexOf(report) >= seen);
  }

  troubles(): string[] {
    return this.reports.flatMap((report) => (report.kind === 'trouble' ? report.message : []));
  }
}

interface Made {
  readonly engine: DockerEngineStandIn;
  readonly scenario: Scenario;
  readonly source: Source;
  readonly sink: Following;
  readonly metrics: Metrics;
}

function sourceOf(
  engine: Pick<DockerEngineStandIn, 'host'>,
  settings: object = {},
  machine = MACHINE,
  now = Date.now,
): Pick<Made, 'source' | 'sink' | 'metrics'> {
  const metrics = new Metrics();
  const source = dockerSource(
    DOCKER.configuration.parse({ kind: 'docker', host: engine.host, ...settings }),
    { log: createLog('silent'), metrics, now, secret: () => '' },
    machine,
  );
  ending.push(() => source.stop());
  return { source, sink: new Following(), metrics };
}

/** A source that has read these recorded containers. */
async function running(containers: readonly string[], settings: object = {}): Promise<Made> {
  const engine = await standIn();
  load(engine, containers);
  const made = { ...sourceOf(engine, settings), engine, scenario: new Scenario(engine) };
  await made.source.start(made.sink);
  return made;
}

const CROWD = join(import.meta.dirname, '..', 'stand-ins', 'docker-crowd.ts');

const inspects = /^\/containers\/[^/]+\/json$/;

describe('reading an engine', () => {
  it('every running container is a task on its machine, in the networks of the engine', async () => {
    const { sink } = await running(['web', 'db', 'multinet', 'exited']);
    const { tasks, agents, frameworks, networks } = sink.good.cluster();
    expect(tasks.map(({ name }) => name).sort()).toEqual(['db', 'multinet', 'web']);
    expect(frameworks).toMatchObject([{ id: 'STANDIN', name: 'node-a', system: 'docker' }]);
    expect(agents).toMatchObject([{ hostname: 'node-a', addresses: ['192.0.2.10'], system: 'docker' }]);
    expect(networks!.map(({ name }) => name).sort()).toEqual(
      ['appnet', 'bridge', 'docker_gwbridge', 'inet1', 'mv', 'myapp_default', 'ov', 'shop_front', 'v6net'].sort(),
    );
    expect(tasks.every(({ agent }) => agent === agents[0])).toBe(true);
  });

  it('the stream of events is open before anything is listed', async () => {
    const { engine } = await running(['web']);
    expect(engine.requests.indexOf('GET /events')).toBeLessThan(engine.requests.indexOf('GET /containers/json'));
    expect(engine.urls.find((url) => url.includes('/events'))).toContain(encodeURIComponent('"health_status"'));
  });

  it('each container is looked at once, 2,000 of them too', async () => {
    const socket = join(folder, 'crowd.sock');
    const crowd = spawn(process.execPath, [CROWD, socket, '2000'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const said = createInterface({ input: crowd.stdout })[Symbol.asyncIterator]();
    expect((await said.next()).value).toBe('ready');
    const { source, sink } = sourceOf({ host: `unix://${socket}` });
    const before = performance.now();
    await source.start(sink);
    console.log(`2,000 containers listed and looked at in ${Math.round(performance.now() - before)} ms`);
    expect(sink.good.taskCount).toBe(2_000);
    await source.stop();
    crowd.stdin.end();
    expect((await said.next()).value).toMatch(/^asked/);
    expect(JSON.parse(String((await said.next()).value))).toEqual({ looks: 2_000, lists: 1 });
  });

  it('a container that the engine fails to tell of costs only itself', async () => {
    const engine = await standIn();
    load(engine, ['web', 'db']);
    const [id] = engine.containers.keys();
    engine.faults.set(`/containers/${id}/json`, 500);
    const { source, sink } = sourceOf(engine);
    await source.start(sink);
    expect(sink.good.cluster().tasks.map(({ name }) => name)).toEqual(['db']);
    expect(sink.reports[0]).toMatchObject({
      problems: [{ where: `container ${id}`, why: expect.stringContaining('500') }],
    });
  });
});

describe('one event costs one look', () => {
  it('docker run: one, although its network tells first; docker kill: none', async () => {
    const { engine, scenario, sink, metrics } = await running(['web']);
    const before = engine.requests.length;
    const id = scenario.run(container('new'));
    await sink.untilState(() => sink.task('new') !== undefined);
    expect(engine.requests.slice(before)).toEqual([`GET /containers/${id}/json`]);
    scenario.die(id, false);
    await sink.untilState(() => sink.task('new') === undefined);
    expect(engine.requests.slice(before)).toEqual([`GET /containers/${id}/json`]);
    // Its start and its end; what its network tells of is neither.
    const counter = metrics.counter('portolan_engine_events_total', '', { source: `docker ${engine.host}` });
    expect(counter.value).toBe(2);
  });

  it.each([
    ['a rename', (scenario: Scenario, id: string) => scenario.rename(id, 'other'), () => ({ name: 'other' })],
    ['a pause', (scenario: Scenario, id: string) => scenario.pause(id), () => ({ name: 'web', state: 'preparing' })],
    [
      'another verdict of its health check, not the events of the check itself',
      (scenario: Scenario, id: string) => scenario.health(id, 'unhealthy'),
      () => ({ name: 'web', healthy: false }),
    ],
    [
      'another network',
      (scenario: Scenario, id: string) =>
        scenario.connect(id, 'appnet', {
          NetworkID: '5770aba0cc620ca7071e93f64f9a3d38a66570c72e5962b4f716c0e4b3962212',
          IPAddress: '172.18.0.77',
          Aliases: ['front'],
        }),
      () => ({ addresses: [{ ip: '172.18.0.77' }, { ip: '172.17.0.17' }] }),
    ],
  ])('%s', async (_, act, expected) => {
    const { engine, scenario, sink } = await running(['web']);
    const [id] = engine.containers.keys();
    const before = engine.requests.length;
    act(scenario, id!);
    const changed = await sink.until((report) => report.kind === 'change' && report.change.tasks?.length === 1);
    expect(changed).toMatchObject({ change: { tasks: [expected()] } });
    expect(engine.requests.slice(before)).toEqual([`GET /containers/${id}/json`]);
  });

  it.each(['cut', 'joined'] as const)('also when events come %s', async (style) => {
    const { engine, scenario, sink } = await running([]);
    engine.eventStyle = style;
    scenario.run(container('one', { ip: '172.17.0.71' }));
    scenario.run(container('two', { ip: '172.17.0.72' }));
    await sink.untilState(() => sink.good.taskCount === 2);
    expect(engine.count(inspects)).toBe(2);
  });

  it('a container that ends while it is looked at stays away', async () => {
    const { engine, scenario, sink } = await running([]);
    engine.delayMs = 50;
    const id = scenario.run(container('brief'));
    await engine.until(() => engine.count(inspects) === 1);
    scenario.die(id, false);
    scenario.run(container('marker', { ip: '172.17.0.73' }));
    await sink.untilState(() => sink.task('marker') !== undefined);
    expect(sink.task('brief')).toBeUndefined();
  });
});

describe('the engine goes away', () => {
  it('what is known stays, and after a restart nothing need be looked at again', async () => {
    const { engine, scenario, sink } = await running(['web', 'db', 'n1']);
    const before = engine.count(inspects);
    await scenario.restart();
    await sink.until((report) => report.kind === 'trouble');
    expect(sink.good.taskCount).toBe(3);
    await sink.until((report) => report.kind === 'snapshot' && sink.reports.indexOf(report) > 0);
    expect(sink.good.taskCount).toBe(3);
    expect(sink.reports.filter(({ kind }) => kind === 'change')).toEqual([]);
    expect(engine.count(inspects)).toBe(before);
    expect(sink.troubles()[0]).toMatch(/Cannot read|ended its stream of events|connection/);
  });

  it('what ended meanwhile is gone, what is new is there', async () => {
    const { engine, sink } = await running(['web', 'db']);
    await engine.down();
    await sink.until((report) => report.kind === 'trouble');
    const [web] = engine.containers.keys();
    engine.containers.delete(web!);
    const added = container('added');
    engine.containers.set(String(added.Id), added);
    await engine.up();
    await sink.untilState(() => sink.task('added') !== undefined);
    expect(
      sink.good
        .cluster()
        .tasks.map(({ name }) => name)
        .sort(),
    ).toEqual(['added', 'db']);
  });

  it('one that is not there yet is trouble with its cause, and read once it is', async () => {
    const engine = await standIn();
    await engine.down();
    const { source, sink } = sourceOf(engine);
    await source.start(sink);
    expect(sink.troubles()).toEqual([expect.stringContaining('the file or socket does not exist')]);
    load(engine, ['web']);
    await engine.up();
    await sink.untilState(() => sink.task('web') !== undefined);
  });

  it('a stream that falls silent is found out by listing anew, and opened again', async () => {
    const { engine, scenario, sink } = await running(['web'], { resync: '40ms' });
    engine.isStalled = true;
    scenario.run(container('unseen'));
    await sink.untilState(() => sink.task('unseen') !== undefined);
    await scenario.rename(String([...engine.containers.keys()][0]), 'unheard');
    await sink.until((report) => report.kind === 'trouble' && report.message.includes('sends no events any more'));
    await engine.until(() => engine.count('/events') === 2);
    engine.isStalled = false;
  });
});

/** Ends the container `crash` and starts it again, twice: it is held back, and told of as running in the end. */
async function failTwice(scenario: Scenario, sink: Made['sink'], id: string): Promise<void> {
  for (let i = 0; i < 2; i++) {
    scenario.die(id, false);
    await sink.untilState(() => sink.task('crash') === undefined);
    scenario.start(id);
    await sink.untilState(() => sink.task('crash') !== undefined);
  }
  expect(sink.task('crash')!.state).toBe('preparing');
  await sink.untilState(() => sink.task('crash')?.state === 'running');
}

describe('traps of engines (docker-swarm.md 3)', () => {
  it('6: paused, created and restarting containers run nowhere', async () => {
    const { sink } = await running(['p_fixed', 'restarting', 'web']);
    const states = sink.good.cluster().tasks.map(({ name, state }) => `${name} ${state}`);
    expect(states.sort()).toEqual(['p_fixed preparing', 'restarting preparing', 'web running']);
  });

  it('7: one that fails again and again is held back until it has been up for a while', async () => {
    const { scenario, sink } = await running([], { holdDown: '300ms' });
    const id = scenario.run(container('crash'));
    await sink.untilState(() => sink.task('crash')?.state === 'running');
    await failTwice(scenario, sink, id);
  });

  // One of the two is held for the last time when it is told of, and for no longer the next time that somebody looks.
  it.each([30, 31])(
    '7: it is told of when that time is over, by a clock that goes on with each look at it (%i ms)',
    async (ms) => {
      const engine = await standIn();
      load(engine, []);
      let time = 0;
      const { source, sink } = sourceOf(engine, { holdDown: `${ms}ms` }, MACHINE, () => time++);
      await source.start(sink);
      const scenario = new Scenario(engine);
      const id = scenario.run(container('crash'));
      await sink.untilState(() => sink.task('crash') !== undefined);
      await failTwice(scenario, sink, id);
    },
  );

  it('8: on the host its ports are those of the image; in a container it has the addresses and ports of that one', async () => {
    const { engine, scenario, sink } = await running(['hostnet', 'shared', 'n1']);
    expect(sink.task('hostnet')).toMatchObject({
      container: { isOnHost: true, attachments: [] },
      ports: [{ containerPort: 5000, hostPort: 5000 }],
    });
    expect(sink.task('shared')).toMatchObject({
      addresses: [{ ip: '172.18.0.2' }],
      ports: [{ containerPort: 80 }, { containerPort: 443 }, { containerPort: 5000 }],
    });
    const home = [...engine.containers.values()].find(({ Name }) => Name === '/n1')!;
    scenario.die(String(home.Id));
    await sink.untilState(() => sink.task('shared')?.addresses.length === 0);
  });

  it('links: the linked container has a name that the linking one gave, as long as both are up', async () => {
    const { engine, scenario, sink } = await running(['web', 'db']);
    expect(sink.task('db')!.container!.links).toEqual([
      { alias: 'db', linker: 'web', networks: [`docker/STANDIN/${BRIDGE}`] },
    ]);
    const web = [...engine.containers.values()].find(({ Name }) => Name === '/web')!;
    scenario.die(String(web.Id));
    await sink.untilState(() => sink.task('db')!.container!.links.length === 0);
  });

  it('a network that came after the listing is asked for', async () => {
    const { engine, scenario, sink } = await running(['web']);
    const late = { ...recorded('network-appnet'), Id: 'f00d', Name: 'late' };
    engine.networks.push(late);
    scenario.run(container('in-late', { network: { name: 'late', id: 'f00d' }, ip: '172.18.9.9' }));
    await sink.untilState(() => sink.task('in-late') !== undefined);
    expect(sink.task('in-late')!.addresses).toMatchObject([{ ip: '172.18.9.9', network: 'late' }]);
    expect(sink.good.cluster().networks!.map(({ name }) => name)).toContain('late');
  });

  it('14: clients of an overlay go out by the bridge of overlays, and stand in their overlay', async () => {
    const engine = await standIn();
    load(engine, ['web']);
    const probe = recorded('inspect-probe');
    engine.containers.set(String(probe.Id), probe);
    const bridge = engine.networks.find(({ Name }) => Name === 'docker_gwbridge')!;
    engine.networkDetails.set(String(bridge.Id), {
      ...bridge,
      Containers: {
        [String(probe.Id)]: { Name: 'gateway_1c64b9e6092f', IPv4Address: '172.19.0.3/16', IPv6Address: '' },
      },
    });
    const { source, sink } = sourceOf(engine);
    await source.start(sink);
    const known = sink.good.cluster().networks!.find(({ name }) => name === 'docker_gwbridge');
    expect(known!.guests).toEqual([{ address: '172.19.0.3', network: 'h9jwqo4c09hibn2jq7vbdbo44' }]);
  });

  it('16: Podman without ids of networks, which refuses filters that it does not know', async () => {
    const engine = await standIn();
    load(engine, []);
    const pod = container('pod', { ports: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } });
    const endpoint = (pod.NetworkSettings as { Networks: Record<string, Record<string, unknown>> }).Networks.bridge!;
    delete endpoint.NetworkID;
    engine.containers.set(String(pod.Id), pod);
    engine.faults.set('/events', 500);
    void engine.until(() => engine.count('/events') === 1).then(() => engine.faults.delete('/events'));
    const { source, sink } = sourceOf(engine);
    await source.start(sink);
    expect(sink.task('pod')).toMatchObject({ addresses: [{ ip: '172.17.0.99', network: 'bridge' }] });
    expect(sink.troubles()).toEqual([]);
    engine.emit('container', 'remove', String(pod.Id));
    await sink.untilState(() => sink.task('pod') === undefined);
  });

  it('a Mesos task goes by its own id', async () => {
    const { scenario, sink } = await running([]);
    scenario.run(container('mesos-6c1a', { env: ['MESOS_TASK_ID=web.77'] }));
    await sink.untilState(() => sink.task('mesos-6c1a') !== undefined);
    expect(sink.task('mesos-6c1a')!.id).toBe('web.77');
  });
});

describe('under which address the host is reached', () => {
  const agentOf = (sink: Following) => sink.good.cluster().agents[0]!;

  it('is what the settings say, IPv6 included; `never` leaves that out', async () => {
    const hostAddress = ['192.0.2.7', '2001:DB8::7'];
    const said = await running(['web'], { hostAddress });
    expect(agentOf(said.sink).addresses).toEqual(['192.0.2.7', '2001:db8::7']);
    const never = await running(['web'], { hostAddress, hostIpv6: 'never' });
    expect(agentOf(never.sink).addresses).toEqual(['192.0.2.7']);
  });

  it("else the swarm's address of the node", async () => {
    const engine = await standIn();
    load(engine, ['web']);
    engine.info = recorded('info-manager');
    const { source, sink } = sourceOf(engine);
    await source.start(sink);
    expect(agentOf(sink).addresses).toEqual(['192.168.56.10']);
  });

  it('else the one by which packets leave this machine, IPv6 only when told that it works', async () => {
    const machine = { ...MACHINE, outward: () => ['192.0.2.10', '2001:db8::10'] };
    for (const [hostIpv6, addresses] of [
      ['auto', ['192.0.2.10']],
      ['always', ['192.0.2.10', '2001:db8::10']],
    ] as const) {
      const engine = await standIn();
      load(engine, ['web']);
      const { source, sink } = sourceOf(engine, { hostIpv6 }, machine);
      await source.start(sink);
      expect(agentOf(sink).addresses).toEqual(addresses);
    }
  });

  it('in a container of that engine it is refused with the cure, and nothing is told', async () => {
    const engine = await standIn();
    load(engine, ['web', 'db']);
    const inside = { addresses: () => ['127.0.0.1', '172.17.0.17'], outward: () => ['172.17.0.17'] };
    const { source, sink } = sourceOf(engine, {}, inside);
    await source.start(sink);
    expect(sink.reports).toEqual([
      { kind: 'trouble', message: expect.stringContaining('set hostAddress of the source') },
    ]);
    const told = sourceOf(engine, { hostAddress: ['192.0.2.7'] }, inside);
    await told.source.start(told.sink);
    expect(agentOf(told.sink).ownPrefixes).toEqual(['192.0.2.7/32']);
  });

  it('clients on this machine are told by loopback and its addresses; of another machine nobody can be told', async () => {
    const near = await running(['web']);
    expect(agentOf(near.sink).ownPrefixes).toEqual(['127.0.0.0/8', '::1/128', '192.0.2.10/32']);
    expect(near.sink.good.cluster().networks!.find(({ name }) => name === 'bridge')!.isNear).toBe(true);
    const far = await running(['web'], { near: false });
    expect(agentOf(far.sink)).not.toHaveProperty('ownPrefixes');
    const networks = far.sink.good.cluster().networks!;
    expect(networks.filter(({ isNear }) => isNear).map(({ kind }) => kind)).toEqual(['overlay', 'overlay']);
  });
});
