// The masters from a real ZooKeeper: elections in both forms, passwords, restarts, silence, and a source that follows them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MasterInfo } from '../../src/sources/master-info.ts';
import { parseZooKeeperUrl, ZooKeeperMasters } from '../../src/sources/zookeeper.ts';
import type { Fields } from '../sources/mesos-sample.ts';
import { cluster, start, task } from '../sources/mesos-sample.ts';
import { taskNames } from '../sources/recording-sink.ts';
import { binaryMasterInfo } from '../stand-ins/master-info.ts';
import { MesosMasterStandIn } from '../stand-ins/mesos-master.ts';
import { Election, ZooKeeperServer } from './zookeeper-server.ts';

let server: ZooKeeperServer;
beforeAll(async () => {
  server = await ZooKeeperServer.start();
});
afterAll(() => server.stop());

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

let elections = 0;
/** A new place of election. */
async function election(login?: string): Promise<Election & { readonly place: string }> {
  const place = `/mesos-${++elections}`;
  const made = new Election(server.port, place, login);
  ending.push(async () => made.close());
  await made.open();
  return Object.assign(made, { place });
}

const json = (ip: string, port = 5050) =>
  Buffer.from(JSON.stringify({ address: { hostname: ip, ip, port }, hostname: ip, pid: `master@${ip}:${port}`, port }));
const binary = (ip: string) => binaryMasterInfo({ ip, port: 5050, hostname: ip });

/** What a watcher was told, and a wait for it to be told something. */
class Watcher {
  readonly told: string[] = [];
  #waiting: (() => void)[] = [];
  readonly masters: ZooKeeperMasters;

  constructor(place: string, login = '', sessionMs = 2000) {
    this.masters = new ZooKeeperMasters({
      url: parseZooKeeperUrl(`zk://${login}127.0.0.1:${server.port}${place}`)!,
      sessionMs,
      onMasters: (masters) => this.#tell(masters.map(({ ip }: MasterInfo) => ip).join(' ')),
      onTrouble: (message) => this.#tell(`trouble: ${message}`),
      now: () => performance.now(),
    });
    ending.push(() => this.masters.stop());
  }

  #tell(text: string): void {
    if (this.told.at(-1) === text) return;
    this.told.push(text);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits until the last thing that was told fits; the test's own time limit ends the wait. */
  async until(pattern: RegExp | string): Promise<void> {
    const fits = () =>
      typeof pattern === 'string' ? this.told.at(-1) === pattern : pattern.test(this.told.at(-1) ?? '');
    while (!fits()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

describe('the masters in ZooKeeper', () => {
  it('are those that stand for election, the lowest number first, and change at once', async () => {
    const here = await election();
    const first = await here.add('json.info_', json('192.0.2.1'));
    await here.add('json.info_', json('192.0.2.2'));
    await here.add('log_replicas', Buffer.alloc(0));
    const watcher = new Watcher(here.place);
    await watcher.masters.start();
    expect(watcher.told).toEqual(['192.0.2.1 192.0.2.2']);
    await here.add('json.info_', json('192.0.2.3'));
    await watcher.until('192.0.2.1 192.0.2.2 192.0.2.3');
    await here.remove(first);
    await watcher.until('192.0.2.2 192.0.2.3');
  });

  it('are read from nodes of older masters, too', async () => {
    const here = await election();
    await here.add('info_', binary('192.0.2.1'));
    await here.add('json.info_', json('192.0.2.2'));
    const watcher = new Watcher(here.place);
    await watcher.masters.start();
    expect(watcher.told).toEqual(['192.0.2.1 192.0.2.2']);
  });

  it('a candidate that cannot be read costs itself, and the leader the whole reading: nobody else leads for that', async () => {
    const here = await election();
    const leader = await here.add('json.info_', json('192.0.2.1'));
    await here.add('json.info_', Buffer.from('{'));
    await here.add('json.info_', json('192.0.2.3'));
    const watcher = new Watcher(here.place);
    await watcher.masters.start();
    expect(watcher.told).toEqual(['192.0.2.1 192.0.2.3']);
    await here.remove(leader);
    await watcher.until(/^trouble: .*: the node json\.info_\d+ does not say where its master is$/);
  });

  it('stay in force when none stands for election any more', async () => {
    const here = await election();
    const only = await here.add('json.info_', json('192.0.2.1'));
    const watcher = new Watcher(here.place);
    await watcher.masters.start();
    await here.remove(only);
    await watcher.until(/: no master stands for election there$/);
    await here.add('json.info_', json('192.0.2.2'));
    await watcher.until('192.0.2.2');
    expect(watcher.told).not.toContain('');
  });

  it('that are nowhere: the path is named', async () => {
    const watcher = new Watcher('/nowhere');
    await watcher.masters.start();
    expect(watcher.told).toEqual([
      `trouble: Cannot read the masters from zk://127.0.0.1:${server.port}/nowhere: there is no such node; is the path right?`,
    ]);
  });

  it('are read with user and password (digest), and not without', async () => {
    const here = await election('reader:p4ssw0rd');
    await here.add('json.info_', json('192.0.2.1'));
    const allowed = new Watcher(here.place, 'reader:p4ssw0rd@');
    await allowed.masters.start();
    expect(allowed.told).toEqual(['192.0.2.1']);
    for (const login of ['', 'reader:wr0ng@']) {
      const refused = new Watcher(here.place, login);
      await refused.masters.start();
      expect(refused.told).toEqual([
        `trouble: Cannot read the masters from zk://127.0.0.1:${server.port}${here.place}: it may not be read without the right user and password`,
      ]);
    }
  });

  it('are followed on after a restart of ZooKeeper', async () => {
    const here = await election();
    await here.add('json.info_', json('192.0.2.1'));
    const watcher = new Watcher(here.place);
    await watcher.masters.start();
    await server.down();
    await watcher.until(/: the connection was lost$|: no server takes a connection$/);
    await server.up();
    await watcher.until('192.0.2.1');
    await here.connect();
    await here.add('json.info_', json('192.0.2.2'));
    await watcher.until('192.0.2.1 192.0.2.2');
  });

  it('are followed on after ZooKeeper was silent for longer than the session lives', async () => {
    const here = await election();
    const first = await here.add('json.info_', json('192.0.2.1'));
    const watcher = new Watcher(here.place, '', 400);
    await watcher.masters.start();
    server.sleep();
    await watcher.until(/: no (answer|connection) within 400 ms$/);
    server.wake();
    await watcher.until('192.0.2.1');
    await here.add('json.info_', json('192.0.2.2'));
    await here.remove(first);
    await watcher.until('192.0.2.2');
  });
});

describe('a Mesos source with ZooKeeper', () => {
  async function master(document: Fields): Promise<MesosMasterStandIn> {
    const standIn = await MesosMasterStandIn.start();
    standIn.document = document;
    ending.push(() => standIn.stop());
    return standIn;
  }

  it('turns to whom ZooKeeper names, without a word of trouble, and names all masters', async () => {
    const [one, two] = [await master(cluster(task('a'))), await master(cluster(task('b')))];
    const here = await election('reader:p4ssw0rd');
    const first = await here.add('json.info_', json('127.0.0.1', one.port));
    await here.add('json.info_', json('127.0.0.1', two.port));
    const { source, sink } = await start(
      { zk: `zk://reader@127.0.0.1:${server.port}${here.place}`, zkPasswordEnv: 'ZK_PASSWORD' },
      {},
      { ZK_PASSWORD: 'p4ssw0rd' },
    );
    ending.push(() => source.stop());
    expect(source.name).toBe(`mesos 127.0.0.1:${server.port}${here.place}`);
    expect(taskNames(sink.reports[0]!)).toBe('a');
    expect(sink.reports[0]).toMatchObject({
      cluster: { masters: { leader: { port: one.port }, all: [{ port: one.port }, { port: two.port }] } },
    });
    await here.remove(first);
    await sink.until((report) => taskNames(report) === 'b');
    expect(sink.reports.filter(({ kind }) => kind === 'trouble')).toEqual([]);
  });

  it('follows its master on while ZooKeeper is away, which is counted', async () => {
    const standIn = await master(cluster(task('a')));
    const here = await election();
    await here.add('json.info_', json('127.0.0.1', standIn.port));
    const { source, sink, count } = await start(
      { zk: `zk://127.0.0.1:${server.port}${here.place}` },
      { zooKeeperMs: 500 },
    );
    ending.push(() => source.stop());
    await standIn.streams(1);
    await server.down();
    while (count('portolan_zookeeper_failures_total') === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    standIn.beat();
    await sink.until(({ kind }) => kind === 'change');
    // The leader last known is found again without ZooKeeper.
    standIn.cutStreams();
    await standIn.called('SUBSCRIBE', 2);
    await server.up();
    expect(sink.reports.filter(({ kind }) => kind === 'snapshot').map(taskNames)[0]).toBe('a');
  });
});
