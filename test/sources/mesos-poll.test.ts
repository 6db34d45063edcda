// A Mesos master followed by polling its state: what Mesos-DNS does, for masters without events.
import { afterEach, describe, expect, it } from 'vitest';
import { MesosMasterStandIn } from '../stand-ins/mesos-master.ts';
import type { Fields, Started } from './mesos-sample.ts';
import { agent, cluster, start, task } from './mesos-sample.ts';
import type { Report } from './recording-sink.ts';
import { taskNames } from './recording-sink.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function master(document: Fields = cluster(task('a'))): Promise<MesosMasterStandIn> {
  const standIn = await MesosMasterStandIn.start();
  standIn.document = document;
  ending.push(() => standIn.stop());
  return standIn;
}

async function follow(settings: Fields, times = {}): Promise<Started> {
  const started = await start({ pollEvery: '30ms', ...settings }, times);
  ending.push(() => started.source.stop());
  return started;
}
const messageOf = (report: Report) => (report.kind === 'trouble' ? report.message : undefined);
const callsOf = ({ calls }: MesosMasterStandIn) => calls.map(({ call }) => call);

describe('polling', () => {
  it('is chosen when the master has no /api/v1 (404)', async () => {
    const standIn = await master();
    standIn.faults.set('GET_MASTER', 'absent');
    const { sink, count } = await follow({ masters: [standIn.address] });
    expect(taskNames(sink.reports[0]!)).toBe('a');
    expect(callsOf(standIn).slice(0, 2)).toEqual(['GET_MASTER', 'state']);
    expect(count('portolan_mesos_streams_total')).toBe(0);
  });

  it('is chosen when the master has the API but no events there', async () => {
    const standIn = await master();
    standIn.faults.set('SUBSCRIBE', 'absent');
    const { sink } = await follow({ masters: [standIn.address] });
    expect(taskNames(sink.reports[0]!)).toBe('a');
  });

  it('is chosen by setting, and refused by setting', async () => {
    const standIn = await master();
    await follow({ masters: [standIn.address], api: 'state' });
    expect(callsOf(standIn)[0]).toBe('state');
    const other = await master();
    other.faults.set('GET_MASTER', 'absent');
    const { sink } = await follow({ masters: [other.address], api: 'events' });
    expect(messageOf(sink.reports[0]!)).toMatch(/status 404; this master has no events$/);
    expect(callsOf(other)).not.toContain('state');
  });

  it('reads the state under its older name where the newer is absent (Mesos 0.2x)', async () => {
    const standIn = await master();
    standIn.faults.set('state', 'absent');
    const { sink } = await follow({ masters: [standIn.address], api: 'state' });
    expect(messageOf(sink.reports[0]!)).toMatch(/\/master\/state\.json: status 404/);
    expect(callsOf(standIn).slice(0, 2)).toEqual(['state', '/master/state.json']);
  });

  it('reports a state that changed, and skips one that is the same octet for octet', async () => {
    const standIn = await master();
    const { sink, count } = await follow({ masters: [standIn.address], api: 'state' });
    await standIn.called('state', 3);
    expect(sink.reports.filter(({ kind }) => kind === 'snapshot')).toHaveLength(1);
    standIn.document = cluster(task('a'), task('b'));
    await sink.until((report) => taskNames(report) === 'a b');
    expect(count('portolan_mesos_same_polls_total')).toBeGreaterThan(0);
    expect(count('portolan_mesos_polls_total') - count('portolan_mesos_same_polls_total')).toBe(2);
  });

  it.each(['error', 'garbage', 'cut', 'refuse', 'unavailable'] as const)(
    'keeps the last state when the answer is %s, and reads again',
    async (fault) => {
      const standIn = await master();
      const { sink } = await follow({ masters: [standIn.address], api: 'state' });
      standIn.faults.set('state', fault);
      await sink.until(({ kind }) => kind === 'trouble');
      expect(sink.reports.filter(({ kind }) => kind === 'snapshot')).toHaveLength(1);
      standIn.faults.clear();
      standIn.document = cluster(task('a'), task('b'));
      await sink.until((report) => taskNames(report) === 'a b');
    },
  );

  it('a document that is no state empties nothing', async () => {
    const standIn = await master();
    const { sink } = await follow({ masters: [standIn.address], api: 'state' });
    standIn.document = { frameworks: undefined, slaves: [] };
    const report = await sink.until(({ kind }) => kind === 'trouble');
    expect(messageOf(report)).toMatch(/expected a state, got a document without frameworks$/);
  });

  it('a master that knows no leader is not believed', async () => {
    const standIn = await master({ ...cluster(), leader: undefined });
    const { sink } = await follow({ masters: [standIn.address], api: 'state' });
    expect(messageOf(sink.reports[0]!)).toMatch(/expected a state with its leader, got nothing; none is elected$/);
  });

  it('waits for agents that a new leader expects back', async () => {
    const both = {
      ...cluster(task('a'), task('b', { slave_id: 'S2' })),
      slaves: [agent('S1', '192.0.2.11'), agent('S2', '192.0.2.12')],
    };
    const standIn = await master(both);
    const { sink } = await follow({ masters: [standIn.address], api: 'state' });
    standIn.document = { recovered_slaves: [agent('S2', '192.0.2.12')], ...cluster(task('a'), task('c')) };
    await sink.until(
      (report) => report.kind === 'change' && report.change.tasks?.some(({ name }) => name === 'c') === true,
    );
    standIn.document = both;
    await sink.until((report) => report.kind === 'snapshot' && report !== sink.reports[0]);
    expect(sink.reports.filter(({ kind }) => kind === 'snapshot').map(taskNames)).toEqual(['a b', 'a b']);
  });
});

describe('an old master that does not lead', () => {
  it('names the leader in its own, empty state, and the leader is read', async () => {
    const [leader, standby] = [await master(), await master({ slaves: [], frameworks: [] })];
    standby.document = { ...standby.document, leader: `master@${leader.address}` };
    const { sink } = await follow({ masters: [standby.address], api: 'state' });
    expect(taskNames(sink.reports[0]!)).toBe('a');
    expect(sink.reports[0]).toMatchObject({ cluster: { masters: { leader: { ip: '127.0.0.1', port: leader.port } } } });
  });

  it('is not followed in circles', async () => {
    const [one, other] = [await master(), await master()];
    one.document = { ...one.document, leader: `master@${other.address}` };
    other.document = { ...other.document, leader: `master@${one.address}` };
    const { sink } = await follow({ masters: [one.address], api: 'state' });
    expect(messageOf(sink.reports[0]!)).toMatch(/says that it leads, itself it says another$/);
  });

  it('another leader that answers is turned to without a word of trouble', async () => {
    const [leader, next] = [await master(), await master(cluster(task('b')))];
    const { sink } = await follow({ masters: [leader.address], api: 'state' });
    leader.redirect = `//${next.address}`;
    await sink.until((report) => taskNames(report) === 'b');
    expect(sink.reports.filter(({ kind }) => kind === 'trouble')).toEqual([]);
  });
});
