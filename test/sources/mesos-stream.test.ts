// A Mesos master followed by its events: every chunking, heartbeats, failovers, and streams that go wrong.
import { afterEach, describe, expect, it } from 'vitest';
import type { Chunking } from '../stand-ins/mesos-master.ts';
import { MesosMasterStandIn, pieces, whole } from '../stand-ins/mesos-master.ts';
import type { Fields, Started } from './mesos-sample.ts';
import { added, agent, cluster, start, task, updated } from './mesos-sample.ts';
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

async function follow(standIn: MesosMasterStandIn, settings: Fields = {}, times = {}): Promise<Started> {
  const started = await start({ masters: [standIn.address], ...settings }, times);
  ending.push(() => started.source.stop());
  return started;
}

const adds = (name: string) => (report: Report) =>
  report.kind === 'change' && (report.change.tasks ?? []).some((each) => each.name === name);
const removes = (id: string) => (report: Report) =>
  report.kind === 'change' && (report.change.removedTasks ?? []).includes(`F/${id}`);
const isTrouble = (report: Report) => report.kind === 'trouble';
const messageOf = (report: Report) => (report.kind === 'trouble' ? report.message : undefined);

describe('SUBSCRIBE', () => {
  it('gives the state, then each change as it comes', async () => {
    const standIn = await master();
    const { sink, count } = await follow(standIn);
    expect(taskNames(sink.reports[0]!)).toBe('a');
    await standIn.streams(1);
    standIn.send(added('b'));
    await sink.until(adds('b'));
    standIn.send(updated('a', 'TASK_FINISHED'));
    await sink.until(removes('a'));
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['snapshot', 'change', 'change']);
    expect([count('portolan_mesos_streams_total'), count('portolan_mesos_events_total')]).toEqual([1, 3]);
  });

  it.each<[string, Chunking]>([
    ['one octet', pieces(1)],
    ['seven octets', pieces(7)],
    ['whole records', whole],
  ])('is read the same in pieces of %s', async (_, chunking) => {
    const standIn = await master();
    standIn.chunking = chunking;
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    standIn.send(added('b'));
    await sink.until(adds('b'));
    expect(taskNames(sink.reports[0]!)).toBe('a');
  });

  it('of several events in one piece reads each', async () => {
    const standIn = await master();
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    for (const name of ['b', 'c', 'd']) standIn.send(added(name));
    await sink.until(adds('d'));
    expect(sink.reports.filter((report) => adds('b')(report) || adds('c')(report))).toHaveLength(2);
  });

  it('tells who leads, by GET_MASTER, and the masters as they are listed', async () => {
    const standIn = await master({ ...cluster(), leader: 'master@192.0.2.7:5050' });
    const { sink } = await follow(standIn);
    expect(sink.reports[0]).toMatchObject({
      cluster: {
        masters: { leader: { ip: '192.0.2.7', port: 5050 }, all: [{ ip: '127.0.0.1', port: standIn.port }] },
      },
    });
  });

  it('skips what it does not know: an event of a later version, an empty record', async () => {
    const standIn = await master();
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    standIn.sendRaw('0\n');
    standIn.send({ type: 'SOMETHING_NEW', something_new: {} });
    standIn.send(added('b'));
    await sink.until(adds('b'));
    expect(sink.reports.filter(isTrouble)).toEqual([]);
  });
});

describe('the pid of a framework', () => {
  it('comes from the summary, which alone has it', async () => {
    const { sink } = await follow(await master());
    expect(sink.reports[0]).toMatchObject({ cluster: { frameworks: [{ host: '192.0.2.5', port: 15101 }] } });
  });

  it('costs nothing else when the summary is refused', async () => {
    const standIn = await master();
    standIn.faults.set('summary', 'error');
    const { sink } = await follow(standIn);
    expect(taskNames(sink.reports[0]!)).toBe('a');
    expect(sink.reports[0]).toMatchObject({ cluster: { frameworks: [{ host: '192.0.2.5', port: undefined }] } });
  });

  it('is looked up again when the framework comes back elsewhere', async () => {
    const standIn = await master();
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    const moved = { id: 'F', name: 'marathon', hostname: '192.0.2.6', pid: 'scheduler@192.0.2.6:15102', active: true };
    standIn.document = { ...standIn.document, frameworks: [moved] };
    const framework = { framework_info: { id: { value: 'F' }, name: 'marathon', hostname: '192.0.2.6' }, active: true };
    standIn.send({ type: 'FRAMEWORK_UPDATED', framework_updated: { framework } });
    const report = await sink.until(
      (each) => each.kind === 'change' && each.change.frameworks?.some(({ port }) => port === 15102) === true,
    );
    expect(report).toMatchObject({ change: { frameworks: [{ host: '192.0.2.6' }], tasks: [{ name: 'a' }] } });
  });
});

describe('a stream that goes wrong keeps the last state and is opened anew', () => {
  it.each<[string, (standIn: MesosMasterStandIn) => void, RegExp]>([
    ['ended', (standIn) => standIn.cutStreams('end'), /: the stream of events ended$/],
    ['reset', (standIn) => standIn.cutStreams('reset'), /: the connection was closed before the answer was complete$/],
    [
      'ended within a record',
      (standIn) => {
        standIn.sendRaw('100\n{"type":');
        standIn.cutStreams('end');
      },
      /: the stream of events was cut within one$/,
    ],
    ['no RecordIO', (standIn) => standIn.sendRaw('<html>'), /expected the length of a record in digits, got octet 60$/],
    ['no JSON', (standIn) => standIn.sendRaw('6\n<html>'), /: expected JSON, got "<html>"$/],
    ['a length without end', (standIn) => standIn.sendRaw('1'.repeat(13)), /expected LF within 12 digits/],
  ])('%s', async (_, harm, message) => {
    const standIn = await master();
    const { sink, count } = await follow(standIn);
    await standIn.streams(1);
    harm(standIn);
    expect(messageOf(await sink.until(isTrouble))).toMatch(message);
    await standIn.called('SUBSCRIBE', 2);
    await sink.until((report) => report.kind === 'snapshot' && report !== sink.reports[0]);
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['snapshot', 'trouble', 'snapshot']);
    expect(count('portolan_mesos_streams_total')).toBe(2);
  });

  it('silent for three heartbeats', async () => {
    const standIn = await master();
    standIn.heartbeatSeconds = 0.05;
    const { sink } = await follow(standIn);
    expect(messageOf(await sink.until(isTrouble))).toMatch(/: no event for 0\.15\d* s$/);
    await standIn.called('SUBSCRIBE', 2);
  });

  it('but with heartbeats it lives on', async () => {
    const standIn = await master();
    standIn.heartbeatSeconds = 0.2;
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    for (let beat = 0; beat < 10; beat++) {
      standIn.beat();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sink.reports.filter(isTrouble)).toEqual([]);
    expect(sink.reports.filter(({ kind }) => kind === 'change')).toHaveLength(10);
  });

  it('octets that never make a record are no sign of life', async () => {
    const standIn = await master();
    standIn.heartbeatSeconds = 0.1;
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    standIn.sendRaw('1000\n');
    const dripping = setInterval(() => standIn.sendRaw(' '), 20);
    ending.push(async () => clearInterval(dripping));
    expect(messageOf(await sink.until(isTrouble))).toMatch(/: no event for 0\.3\d* s$/);
  });

  it.each<[string, Fields, RegExp]>([
    ['without a state', { type: 'SUBSCRIBED', subscribed: {} }, /expected the state in SUBSCRIBED, got nothing$/],
    ['that begins with another event', added('b'), /expected SUBSCRIBED as the first event, got "TASK_ADDED"$/],
  ])('a stream %s empties nothing', async (_, first, message) => {
    const standIn = await master();
    const { sink } = await follow(standIn);
    await standIn.streams(1);
    standIn.chunking = () => [Buffer.from(`${JSON.stringify(first).length}\n${JSON.stringify(first)}`)];
    standIn.cutStreams();
    await sink.until((report) => message.test(messageOf(report) ?? ''));
    expect(sink.reports.filter(({ kind }) => kind === 'snapshot')).toHaveLength(1);
  });

  it('a state that does not come in time', async () => {
    const standIn = await master();
    standIn.faults.set('SUBSCRIBE', 'drip');
    const { sink } = await follow(standIn, { timeout: '300ms' });
    expect(messageOf(sink.reports[0]!)).toMatch(/: no state for 0\.3 s$/);
  });

  it('an event over the limit', async () => {
    const standIn = await master();
    const { sink } = await follow(standIn, { maxBody: '4KiB' });
    await standIn.streams(1);
    standIn.send({ type: 'SOMETHING_NEW', text: 'x'.repeat(5000) });
    expect(messageOf(await sink.until(isTrouble))).toMatch(/expected records of at most 4096 octets, got one of \d+/);
  });
});

describe('after a failover', () => {
  const two = cluster(task('a'), task('b', { slave_id: 'S2' }));
  const both = { ...two, slaves: [agent('S1', '192.0.2.11'), agent('S2', '192.0.2.12')] };
  /** What a new leader knows before S2 has come back. */
  const half = { ...cluster(task('a')), recovered_slaves: [agent('S2', '192.0.2.12')] };
  const agentAdded = {
    type: 'AGENT_ADDED',
    agent_added: {
      agent: { agent_info: { id: { value: 'S2' }, hostname: '192.0.2.12' }, pid: 'slave(1)@192.0.2.12:5051' },
    },
  };
  const backAgain = {
    ...added('b'),
    task_added: { task: { ...(added('b').task_added as { task: Fields }).task, agent_id: { value: 'S2' } } },
  };

  async function failOver(settings: Fields = {}) {
    const standIn = await master(both);
    const started = await follow(standIn, settings);
    await standIn.streams(1);
    standIn.document = half;
    standIn.cutStreams();
    await started.sink.until(isTrouble);
    await standIn.called('SUBSCRIBE', 2);
    await standIn.streams(1);
    return { standIn, ...started };
  }
  const snapshots = (reports: readonly Report[]) => reports.filter(({ kind }) => kind === 'snapshot').map(taskNames);

  it('tasks of agents that are still to come back stay, and those that are back move', async () => {
    const { standIn, sink } = await failOver();
    standIn.send(added('c'));
    await sink.until(adds('c'));
    expect(snapshots(sink.reports)).toEqual(['a b']);
    expect(sink.reports.some(removes('b'))).toBe(false);
  });

  it('the state counts again when the last agent is back and its tasks had time to follow', async () => {
    const { standIn, sink } = await failOver();
    standIn.send(agentAdded);
    standIn.send(backAgain);
    await sink.until((report) => report.kind === 'snapshot' && report !== sink.reports[0]);
    expect(snapshots(sink.reports)).toEqual(['a b', 'a b']);
  });

  it('an agent that never comes back is waited for only so long', async () => {
    const { sink } = await failOver({ waitForAgents: '100ms' });
    await sink.until((report) => taskNames(report) === 'a');
    expect(snapshots(sink.reports)).toEqual(['a b', 'a']);
  });

  it('a first state is not taken while agents are missing: it would deny tasks that run', async () => {
    const standIn = await master(half);
    const { sink } = await follow(standIn);
    expect(messageOf(sink.reports[0]!)).toMatch(/a new leader waits for 1 agents to come back; that may take 10 min$/);
    standIn.send(added('c'));
    standIn.send(agentAdded);
    standIn.send(backAgain);
    await sink.until((report) => report.kind === 'snapshot');
    expect(sink.reports.map(({ kind }) => kind)).toEqual(['trouble', 'snapshot']);
    expect(snapshots(sink.reports)).toEqual(['a b c']);
  });

  it('an agent that the master gives up is waited for no longer', async () => {
    const { standIn, sink } = await failOver();
    standIn.send({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: 'S2' } } });
    await sink.until((report) => taskNames(report) === 'a');
    expect(snapshots(sink.reports)).toEqual(['a b', 'a']);
  });
});
