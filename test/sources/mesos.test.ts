// A live Mesos cluster as a source: which master is asked, with what, and what happens when it cannot be.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config.ts';
import { makeZones, readSources } from '../../src/offline.ts';
import { MESOS } from '../../src/sources/mesos.ts';
import { MesosMasterStandIn } from '../stand-ins/mesos-master.ts';
import { generateState } from './generate-state.ts';
import type { Fields, Started } from './mesos-sample.ts';
import { cluster, make, start, task } from './mesos-sample.ts';
import type { Report } from './recording-sink.ts';
import { taskNames } from './recording-sink.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function master(document: Fields = cluster(task('a')), options = {}, port = 0): Promise<MesosMasterStandIn> {
  const standIn = await MesosMasterStandIn.start(options, port);
  standIn.document = document;
  ending.push(() => standIn.stop().catch(() => {}));
  return standIn;
}

async function follow(settings: Fields, times = {}, secrets = {}): Promise<Started> {
  const started = await start(settings, times, secrets);
  ending.push(() => started.source.stop());
  return started;
}
const messageOf = (report: Report) => (report.kind === 'trouble' ? report.message : undefined);

/** A port of loopback where nobody listens. */
async function deadAddress(): Promise<string> {
  const standIn = await MesosMasterStandIn.start();
  const { address } = standIn;
  await standIn.stop();
  return address;
}

describe('the leader', () => {
  it('is found by the redirect of any master', async () => {
    const [leader, standby] = [await master(), await master()];
    standby.redirect = `//${leader.address}`;
    const { sink } = await follow({ masters: [standby.address] });
    expect(taskNames(sink.reports[0]!)).toBe('a');
    expect(standby.calls.map(({ call }) => call)).toEqual(['GET_MASTER']);
  });

  it('is found behind masters that are down', async () => {
    const leader = await master();
    const { sink } = await follow({ masters: [await deadAddress(), leader.address] });
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['snapshot']);
  });

  it('is asked first when it led last', async () => {
    const [leader, standby] = [await master(), await master()];
    standby.redirect = `//${leader.address}`;
    await follow({ masters: [standby.address, leader.address] });
    leader.cutStreams();
    await leader.called('SUBSCRIBE', 2);
    expect(standby.calls).toHaveLength(1);
  });

  it('that changes is followed, with the new state', async () => {
    const [first, second] = [await master(), await master(cluster(task('b')))];
    second.redirect = `//${first.address}`;
    const { sink } = await follow({ masters: [first.address, second.address] });
    second.redirect = undefined;
    first.redirect = `//${second.address}`;
    first.cutStreams('end');
    await sink.until((report) => taskNames(report) === 'b');
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['snapshot', 'trouble', 'snapshot']);
  });

  it('that cannot be found: one trouble names each master and why, and the search goes on', async () => {
    const [dead, sick] = [await deadAddress(), await master()];
    sick.faults.set('GET_MASTER', 'unavailable');
    const { sink } = await follow({ masters: [dead, sick.address] });
    expect(messageOf(sink.reports[0]!)).toBe(
      `Cannot POST http://${dead}/api/v1: connection refused; Cannot POST http://${sick.address}/api/v1: status 503`,
    );
    sick.faults.clear();
    await sink.until((report) => taskNames(report) === 'a');
  });

  it('comes back at its old place after it was down', async () => {
    const standIn = await master();
    const { sink } = await follow({ masters: [standIn.address] });
    const { port } = standIn;
    await standIn.stop();
    await sink.until(({ kind }) => kind === 'trouble');
    await master(cluster(task('b')), {}, port);
    await sink.until((report) => taskNames(report) === 'b');
  });
});

describe('credentials', () => {
  const basic = { kind: 'basic', principal: 'reader', secretEnv: 'MESOS_SECRET' };
  const secrets = { MESOS_SECRET: 'p4ssw0rd' };
  const authorization = `Basic ${Buffer.from('reader:p4ssw0rd').toString('base64')}`;

  it('go with every call', async () => {
    const standIn = await master(undefined, { authorization });
    const { sink } = await follow({ masters: [standIn.address], auth: basic }, {}, secrets);
    expect(taskNames(sink.reports[0]!)).toBe('a');
    expect(standIn.calls.map((each) => each.authorization)).toEqual(standIn.calls.map(() => authorization));
    expect(standIn.calls.map(({ call }) => call)).toEqual(['GET_MASTER', 'summary', 'SUBSCRIBE']);
  });

  it('go to listed masters only, and the trouble says which one to list', async () => {
    const [leader, standby] = [await master(), await master()];
    standby.redirect = `//${leader.address}`;
    const { sink } = await follow({ masters: [standby.address], auth: basic }, {}, secrets);
    expect(messageOf(sink.reports[0]!)).toContain(`for known hosts only; add ${leader.address}`);
    expect(leader.calls).toEqual([]);
  });

  it('stand in no trouble', async () => {
    const standIn = await master(undefined, { authorization: 'Basic other' });
    const { sink } = await follow({ masters: [standIn.address], auth: basic }, {}, secrets);
    const message = messageOf(sink.reports[0]!);
    expect(message).toMatch(/status 401, the credentials are refused$/);
    expect(message).not.toContain('p4ssw0rd');
  });
});

describe('stop', () => {
  it('ends a stream, a pause and a call that gets no answer', async () => {
    const [standIn, stalling] = [await master(), await master()];
    stalling.faults.set('GET_MASTER', 'stall');
    const never = { firstRetryMs: 1_000_000, lastRetryMs: 1_000_000 };
    const following = await start({ masters: [standIn.address] }, never);
    const pausing = await start({ masters: [await deadAddress()] }, never);
    const waiting = make({ masters: [stalling.address], timeout: '1h' }, never);
    const started = waiting.source.start(waiting.sink);
    await stalling.called('GET_MASTER');
    for (const { source } of [following, pausing, waiting]) await source.stop();
    await started;
    await standIn.streams(0);
    expect([following, pausing, waiting].map(({ sink }) => sink.reports.map(({ kind }) => kind))).toEqual([
      ['snapshot'],
      ['trouble'],
      [],
    ]);
  });
});

describe('settings', () => {
  const check = (settings: Fields) => {
    const { error } = MESOS.configuration.safeParse({ kind: 'mesos', ...settings });
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it.each<[Fields, string]>([
    [{}, 'masters: masters, or zk'],
    [{ masters: ['192.0.2.1'] }, 'masters.0: a host and port such as "192.0.2.1:5050"'],
    [{ masters: ['http://192.0.2.1:5050'] }, 'masters.0: a host and port such as "192.0.2.1:5050"'],
    [{ masters: ['a:5050'], zkPasswordEnv: 'ZK' }, 'zkPasswordEnv: no password, because zk names no user'],
    [{ masters: ['a:5050'], tls: { certFile: 'a' } }, 'tls.keyFile: both certFile and keyFile, or neither'],
    [{ masters: ['a:5050'], api: 'v0' }, 'api: one of "auto", "events", "state"'],
    [
      { masters: ['a:5050'], auth: { kind: 'none' } },
      'auth.kind: an object whose kind is one of "basic", "token", "iam"',
    ],
    [{ masters: ['a:5050'], pollEvery: '0s' }, 'pollEvery: a duration over 0s and up to 24d, such as "30s"'],
  ])('%j is refused: %s', (settings, message) => {
    expect(check(settings)).toEqual([message]);
  });

  it.each(['zk://a:2181', 'http://a/mesos', 'zk://u:p@a:2181/mesos', 'zk://[::1]:2181/mesos', 'zk://a:2181/mesos/'])(
    '%s is no place in ZooKeeper',
    (zk) => {
      expect(check({ zk })?.[0]).toMatch(
        /^zk: a URL such as "zk:\/\/.*, without a password: zkPasswordEnv names its variable$/,
      );
    },
  );

  it('a name tells clusters apart, else the masters do', async () => {
    const standIn = await master();
    const named = await follow({ name: 'east', masters: [standIn.address] });
    expect(named.source.name).toBe('mesos east');
    expect((await follow({ masters: [standIn.address] })).source.name).toBe(`mesos ${standIn.address}`);
  });
});

describe('the same state gives the same zones', () => {
  const probe = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'mesos-dns', 'probe.json'));
  const states = [
    ['probe.json', JSON.parse(probe.toString())],
    ['a generated state of 300 tasks', JSON.parse(generateState({ tasks: 300 }).toString())],
  ] as const;
  const NOW = 1_700_000_000_000;

  async function zonesOf(source: Fields): Promise<string[]> {
    const config = buildConfig([{ input: { mode: 'exact', sources: [source] }, place: () => 'test' }]);
    const readings = await readSources(config, () => NOW);
    expect(readings[0]!.troubles).toEqual([]);
    return makeZones(config, readings, () => NOW).zones.map((zone) => zone.text());
  }

  it.each(states)('%s: by events, by polling, from a file', async (_, document) => {
    const standIn = await master({ ...document, pid: document.leader });
    const masters = [standIn.address];
    const folder = mkdtempSync(join(tmpdir(), 'state-'));
    ending.push(async () => rmSync(folder, { recursive: true }));
    const path = join(folder, 'state.json');
    writeFileSync(path, JSON.stringify(document));
    const fromFile = await zonesOf({ kind: 'file', path, masters });
    expect(fromFile.join('').length).toBeGreaterThan(10_000);
    expect(await zonesOf({ kind: 'mesos', masters, api: 'state' })).toEqual(fromFile);
    expect(await zonesOf({ kind: 'mesos', masters, api: 'events' })).toEqual(fromFile);
  });
});
