// Two hundred failures of masters, of ZooKeeper, of the disk and of the program itself, drawn from a list by a seeded lot,
// while a client asks steadily. Not one name that exists may be denied, and once it is calm every record must be there and
// none that should not. (SCENARIO_SEED draws others.)
import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { random } from '../sources/generate-state.ts';
import type { RunningTask } from '../stand-ins/cluster.ts';
import { ClusterStandIn, FRAMEWORKS } from '../stand-ins/cluster.ts';
import type { Fault as MarathonFault } from '../stand-ins/marathon.ts';
import type { Call, Fault as MasterFault } from '../stand-ins/mesos-master.ts';
import { frame, pieces, whole } from '../stand-ins/mesos-master.ts';
import { freePort } from './free-port.ts';
import type { LoadCounts } from './load-client.ts';
import { type Server, serveAt } from './portolan.ts';
import { decode, ipv4, query, TYPE, UdpClient } from './wire.ts';
import { Election, ZooKeeperServer } from './zookeeper-server.ts';

const FAILURES = 200;
/** Milliseconds that a failure lasts, at most. */
const LASTS_MS = 250;
/** Milliseconds in which all must be well again after failures: the longest pause between two attempts is 30 s. */
const CALM_MS = 45_000;

const SEED = Number(process.env.SCENARIO_SEED ?? 20_260_101);

const json = (port: number) =>
  Buffer.from(
    JSON.stringify({
      address: { hostname: '127.0.0.1', ip: '127.0.0.1', port },
      hostname: '127.0.0.1',
      pid: `master@127.0.0.1:${port}`,
      port,
    }),
  );

/** Everything that runs, and what may go wrong with it. */
class Scene {
  readonly next = random(SEED);
  readonly cluster: ClusterStandIn;
  readonly zooKeeper: ZooKeeperServer;
  election: Election;
  readonly folder = mkdtempSync(join(tmpdir(), 'scenario-'));
  readonly port: number;
  /** Nodes of the masters in ZooKeeper; the lowest leads. */
  readonly #nodes: string[] = [];
  #server: Server | undefined;
  readonly #churn: RunningTask[] = [];
  readonly #beats: NodeJS.Timeout;
  /** How often the program's log had each line, over all its lives. */
  readonly said = new Map<string, number>();
  /** Longest time from a start of the program until it said `ready`, milliseconds. */
  slowestStartMs = 0;

  private constructor(cluster: ClusterStandIn, zooKeeper: ZooKeeperServer, election: Election, port: number) {
    this.cluster = cluster;
    this.zooKeeper = zooKeeper;
    this.election = election;
    this.port = port;
    this.#beats = setInterval(() => cluster.beat(), 500);
  }

  static async open(): Promise<Scene> {
    const zooKeeper = await ZooKeeperServer.start();
    const election = new Election(zooKeeper.port, '/mesos');
    const scene = new Scene(await ClusterStandIn.start(), zooKeeper, election, await freePort());
    await election.open();
    for (const { port } of scene.cluster.masters) scene.#nodes.push(await election.add('json.info_', json(port)));
    for (let app = 0; app < 12; app++) for (let i = 0; i < 3; i++) scene.cluster.run(`steady-${app}`);
    for (let app = 0; app < 6; app++) scene.cluster.scale(`told-${app}`, 2);
    writeFileSync(
      join(scene.folder, 'portolan.json'),
      JSON.stringify({
        workers: 1,
        sources: [
          {
            kind: 'mesos',
            zk: `zk://127.0.0.1:${zooKeeper.port}/mesos`,
            timeout: '2s',
            connectTimeout: '1s',
            waitForAgents: '1s',
          },
          {
            kind: 'marathon',
            urls: [scene.cluster.marathon.url],
            pollEvery: '1s',
            timeout: '1s',
            connectTimeout: '1s',
          },
        ],
        state: { folder: 'state' },
      }),
    );
    await scene.#launch();
    return scene;
  }

  async close(): Promise<void> {
    clearInterval(this.#beats);
    this.#note();
    await this.#server?.stop();
    this.election.close();
    await Promise.all([this.cluster.stop(), this.zooKeeper.stop()]);
    rmSync(this.folder, { recursive: true });
  }

  async #launch(): Promise<void> {
    const startedAt = performance.now();
    this.#server = await serveAt(this.port, '--config', join(this.folder, 'portolan.json'));
    this.slowestStartMs = Math.max(this.slowestStartMs, performance.now() - startedAt);
  }

  /** Our own client of ZooKeeper does not outlive what Portolan has to. */
  async zooKeeperIsBack(): Promise<void> {
    this.election.close();
    this.election = new Election(this.zooKeeper.port, '/mesos');
    await this.election.open().catch((error: Error) => {
      if (!error.message.includes('NODE_EXISTS')) throw error;
    });
  }

  #note(): void {
    for (const { msg } of this.#server?.log ?? []) this.said.set(String(msg), (this.said.get(String(msg)) ?? 0) + 1);
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }

  lasts(): Promise<void> {
    return sleep(this.next() * LASTS_MS);
  }

  /** Names that exist all the time. */
  steadyNames(): string[] {
    const names = [...this.cluster.tasks.values()].filter(({ app }) => app.startsWith('steady-'));
    const told = [...this.cluster.apps.keys()].filter((app) => app.startsWith('told-'));
    return [
      ...new Set(names.flatMap(({ app }) => [`${app}.marathon.mesos.`, `_${app}._tcp.marathon.mesos.`])),
      ...told.map((app) => `${app}.${FRAMEWORKS.marathon}.mesos.`),
    ];
  }

  /** Something that goes right: a task comes or ends. */
  move(): void {
    if (this.#churn.length < 8 || this.next() < 0.5)
      this.#churn.push(this.cluster.run(`churn-${Math.floor(this.next() * 6)}`));
    else this.cluster.end(this.#churn.splice(Math.floor(this.next() * this.#churn.length), 1)[0]!);
    if (this.next() < 0.3) this.cluster.scale('grows', 1 + Math.floor(this.next() * 4));
  }

  async leaderChanges(): Promise<void> {
    const leads = this.cluster.leads;
    this.cluster.changeLeader();
    await this.election.remove(this.#nodes[leads]!);
    this.#nodes[leads] = await this.election.add('json.info_', json(this.cluster.masters[leads]!.port));
  }

  /** The next leader does this wrong, for a while. */
  async nextLeader(call: Call, fault: MasterFault): Promise<void> {
    const { faults } = this.cluster.masters[1 - this.cluster.leads]!;
    faults.set(call, fault);
    await this.leaderChanges();
    await this.lasts();
    faults.delete(call);
  }

  /** The next leader knows only these tasks, until somebody else leads. */
  async nextLeaderKnows(tasks: readonly RunningTask[]): Promise<void> {
    await this.leaderChanges();
    this.cluster.leader.document = this.cluster.document(tasks);
    this.cluster.leader.cutStreams();
    await this.lasts();
    this.cluster.refresh();
  }

  async marathonHas(fault: MarathonFault): Promise<void> {
    const { faults } = this.cluster.marathon;
    faults.set('/v2/apps', fault);
    this.cluster.marathon.emit('deployment_success');
    if (this.next() < 0.5) this.cluster.marathon.cutStreams();
    await this.lasts();
    faults.delete('/v2/apps');
  }

  async diskIsFull(): Promise<void> {
    const state = join(this.folder, 'state');
    renameSync(state, `${state}.away`);
    // What is no folder takes no files, whoever asks.
    writeFileSync(state, '');
    this.move();
    await sleep(600);
    rmSync(state);
    renameSync(`${state}.away`, state);
  }

  async killed(): Promise<void> {
    this.#note();
    await this.#server!.kill();
    await this.#launch();
  }

  /** What every name should give: owner to its sorted addresses. */
  truth(): Map<string, string> {
    const found = new Map<string, string[]>();
    const add = (name: string, ip: string) => found.set(name, [...(found.get(name) ?? []), ip]);
    for (const { app, ip } of this.cluster.tasks.values()) add(`${app}.marathon.mesos.`, ip);
    for (const [app, tasks] of this.cluster.apps)
      for (const { ip } of tasks) add(`${app}.${FRAMEWORKS.marathon}.mesos.`, ip);
    for (let app = 0; app < 6; app++)
      if (!found.has(`churn-${app}.marathon.mesos.`)) found.set(`churn-${app}.marathon.mesos.`, []);
    return new Map(Array.from(found, ([name, ips]) => [name, ips.sort().join(' ')]));
  }

  /** How the answers differ from the truth. */
  async differences(): Promise<string[]> {
    const client = new UdpClient(this.port);
    try {
      const differences: string[] = [];
      for (const [name, expected] of this.truth()) {
        const { answer } = decode(await client.ask(query(name, TYPE.A, { edns: {} })));
        const actual = answer
          .map(({ rdata }) => ipv4(rdata))
          .sort()
          .join(' ');
        if (actual !== expected)
          differences.push(`${name}: expected ${expected || 'nothing'}, got ${actual || 'nothing'}`);
      }
      return differences;
    } finally {
      client.close();
    }
  }

  /** Waits until the answers are the truth. @returns how they still differ when the time is over */
  async calm(): Promise<string[]> {
    await this.leaderChanges();
    const until = performance.now() + CALM_MS;
    for (;;) {
      const differences = await this.differences();
      if (differences.length === 0 || performance.now() > until) return differences;
      await sleep(250);
    }
  }
}

/** What may happen, and how often of a hundred times. */
const KINDS: Readonly<Record<string, { readonly weight: number; happen(scene: Scene): Promise<void> | void }>> = {
  'another master leads': { weight: 12, happen: (scene) => scene.leaderChanges() },
  'a stream is cut in the middle of a record': {
    weight: 9,
    async happen({ cluster }) {
      const record = frame({ type: 'HEARTBEAT', padding: 'x'.repeat(500) });
      cluster.leader.sendRaw(record.subarray(0, record.length >> 1));
      await sleep(10);
      cluster.leader.cutStreams();
    },
  },
  'a leader cuts off its first word': { weight: 5, happen: (scene) => scene.nextLeader('SUBSCRIBE', 'cut') },
  'a leader knows half of the tasks': {
    weight: 8,
    happen: (scene) => scene.nextLeaderKnows([...scene.cluster.tasks.values()].filter(() => scene.next() < 0.3)),
  },
  'a leader knows no tasks': { weight: 8, happen: (scene) => scene.nextLeaderKnows([]) },
  'a leader talks garbage': { weight: 6, happen: (scene) => scene.nextLeader('SUBSCRIBE', 'garbage') },
  'a stream talks garbage': { weight: 3, happen: ({ cluster }) => cluster.leader.sendRaw('<html>no record</html>\n') },
  'a leader says nothing': { weight: 4, happen: (scene) => scene.nextLeader('SUBSCRIBE', 'stall') },
  'a leader gives an octet at a time': { weight: 4, happen: (scene) => scene.nextLeader('SUBSCRIBE', 'drip') },
  'a leader has no leader': { weight: 4, happen: (scene) => scene.nextLeader('SUBSCRIBE', 'unavailable') },
  'records come in small pieces': {
    weight: 2,
    happen({ cluster, next }) {
      for (const master of cluster.masters) master.chunking = next() < 0.5 ? whole : pieces(7);
    },
  },
  'Marathon fails': {
    weight: 12,
    happen: (scene) =>
      scene.marathonHas(scene.pick(['error', 'garbage', 'cut', 'stall', 'drip', 'refuse', 'unavailable'])),
  },
  'Marathon tells of half of its tasks, or none': {
    weight: 6,
    async happen(scene) {
      const { cluster } = scene;
      const share = scene.pick([0, 0.3]);
      for (const app of cluster.apps.keys())
        cluster.tellMarathon(app, scene.next() < share ? cluster.apps.get(app)! : []);
      await scene.lasts();
      for (const [app, tasks] of cluster.apps) cluster.tellMarathon(app, tasks);
    },
  },
  'ZooKeeper restarts': {
    weight: 1,
    async happen(scene) {
      await scene.zooKeeper.down();
      await scene.zooKeeper.up();
      await scene.zooKeeperIsBack();
    },
  },
  'ZooKeeper is silent until sessions expire': {
    weight: 1,
    async happen(scene) {
      scene.zooKeeper.sleep();
      await sleep(2_500);
      scene.zooKeeper.wake();
      await scene.zooKeeperIsBack();
    },
  },
  'the disk is full': { weight: 4, happen: (scene) => scene.diskIsFull() },
  'Portolan is killed': { weight: 11, happen: (scene) => scene.killed() },
};

/** All kinds at least once, then drawn by weight. */
function drawn(next: () => number): string[] {
  const kinds = Object.keys(KINDS);
  const sum = Object.values(KINDS).reduce((total, { weight }) => total + weight, 0);
  while (kinds.length < FAILURES) {
    let at = next() * sum;
    for (const [kind, { weight }] of Object.entries(KINDS)) {
      at -= weight;
      if (at >= 0) continue;
      kinds.push(kind);
      break;
    }
  }
  for (let i = kinds.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [kinds[i], kinds[j]] = [kinds[j]!, kinds[i]!];
  }
  return kinds;
}

describe('a scenario of failures', () => {
  it(`of ${FAILURES}: no name that exists is denied, and no record is lost`, async () => {
    const scene = await Scene.open();
    try {
      expect(await scene.calm()).toEqual([]);
      const client = spawn(process.execPath, [
        join(import.meta.dirname, 'load-client.ts'),
        String(scene.port),
        ...scene.steadyNames(),
      ]);
      let text = '';
      client.stdout.on('data', (chunk) => {
        text += chunk;
      });
      const ended = new Promise((resolve) => client.on('close', resolve));
      const counts = new Map<string, number>();
      for (const kind of drawn(scene.next)) {
        scene.move();
        await KINDS[kind]!.happen(scene);
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      const calmAt = performance.now();
      const lost = await scene.calm();
      const calmMs = performance.now() - calmAt;
      client.stdin.end();
      await ended;
      const load = JSON.parse(text) as LoadCounts;
      await scene.close();
      for (const [kind, count] of counts) console.info(`${String(count).padStart(4)}  ${kind}`);
      console.info(`seed ${SEED}; all well ${Math.round(calmMs)} ms after the last failure`);
      console.info(`queries ${JSON.stringify(load)}`);
      console.info(`slowest start, ZooKeeper and masters in whatever state: ${Math.round(scene.slowestStartMs)} ms`);
      console.info(`the log said ${JSON.stringify(Object.fromEntries(scene.said))}`);
      expect(lost).toEqual([]);
      expect(load.denials).toEqual([]);
      expect(load.denied + load.other).toBe(0);
      // The load was a load, and the failures were felt.
      expect(load.answered).toBeGreaterThan(load.sent / 2);
      expect(counts.size).toBe(Object.keys(KINDS).length);
      for (const line of [
        'source in trouble',
        'source suddenly tells of much less: what is missing is kept',
        'stale state of an earlier run in use',
        'state cannot be written; it stays in memory and is tried again',
      ])
        expect(scene.said.get(line), line).toBeGreaterThan(0);
    } catch (error) {
      await scene.close().catch(() => {});
      throw error;
    }
  }, 180_000);
});
