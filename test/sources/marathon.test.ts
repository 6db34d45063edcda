// The live source against a Marathon that speaks the real protocol and fails in the ways that one does
// (dcos-l4lb-marathon.md 4.3 to 4.5, 6).
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import type { MarathonParts } from '../../src/sources/marathon.ts';
import { MARATHON, MarathonSource } from '../../src/sources/marathon.ts';
import { EVENT_TIMES } from '../../src/sources/marathon-events.ts';
import { makeCertificates } from '../stand-ins/certificates.ts';
import type { StandInApp, StandInOptions } from '../stand-ins/marathon.ts';
import { type Fault, MarathonStandIn } from '../stand-ins/marathon.ts';
import { RecordingSink, type Report, taskNames } from './recording-sink.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function standIn(options: StandInOptions = {}): Promise<MarathonStandIn> {
  const made = await MarathonStandIn.start(options);
  ending.push(() => made.stop());
  return made;
}

const bridge: StandInApp['definition'] = {
  id: '/web',
  networks: [{ mode: 'container/bridge' }],
  container: { type: 'DOCKER', portMappings: [{ containerPort: 80, name: 'http', servicePort: 10_000 }] },
};
const running = (id: string, port = 31_000, more: object = {}) => ({
  id,
  host: '192.0.2.1',
  slaveId: 'S1',
  state: 'TASK_RUNNING',
  ports: [port],
  ...more,
});

/** Times that let a test see many attempts. */
const QUICK: MarathonParts = {
  times: { firstRetryMs: 10, lookUpMs: 200, events: { ...EVENT_TIMES, firstRetryMs: 10, lastRetryMs: 20 } },
};

interface Made {
  readonly source: MarathonSource;
  readonly sink: RecordingSink;
  readonly lines: { readonly level: string; readonly msg: string; readonly why?: unknown }[];
  count(name: string): number;
}

/** A source of these nodes; durations are short unless said otherwise. */
function sourceOf(nodes: readonly MarathonStandIn[], settings: object = {}, parts: MarathonParts = QUICK): Made {
  const lines: Made['lines'] = [];
  const log = (level: string) => (fields: object, msg: string) => lines.push({ level, msg, ...fields });
  const metrics = new Metrics();
  const source = new MarathonSource(
    MARATHON.configuration.parse({
      kind: 'marathon',
      urls: nodes.map(({ url }) => `${url}/`),
      debounce: '5ms',
      debounceMax: '50ms',
      pollEvery: '10m',
      ...settings,
    }),
    {
      log: {
        debug: log('debug'),
        info: log('info'),
        warn: log('warn'),
        error: log('error'),
        fatal: log('fatal'),
      } as unknown as Logger,
      metrics,
      now: Date.now,
      secret: (variable) => `secret of ${variable}`,
    },
    parts,
  );
  ending.push(() => source.stop());
  const count = (name: string) => [...metrics].find(({ spec }) => spec.name === name)?.value ?? 0;
  return { source, sink: new RecordingSink(), lines, count };
}

const has = (names: string) => (report: Report) => taskNames(report) === names;
const isTrouble = (report: Report) => report.kind === 'trouble';

/** The first report that fits and comes after those so far. */
function next(sink: RecordingSink, fits: (report: Report) => boolean): Promise<Report> {
  const seen = sink.reports.length;
  return sink.until((report) => sink.reports.indexOf(report) >= seen && fits(report));
}

describe('a reading', () => {
  test('asks for apps with tasks and readiness, pods and its own name, and makes one report of them', async () => {
    const marathon = await standIn();
    marathon.frameworkName = 'marathon-user';
    marathon.setApp(bridge, [running('web.1')], [{ taskId: 'web.1', ready: false }]);
    marathon.pods.set('/pod', {
      id: '/pod',
      spec: {
        networks: [{ mode: 'host' }],
        containers: [{ name: 'c', endpoints: [{ name: 'e', hostPort: 0, protocol: ['tcp'] }] }],
      },
      instances: [
        {
          id: 'pod.instance-1',
          agentHostname: '192.0.2.1',
          agentId: 'S1',
          containers: [
            {
              name: 'c',
              status: 'TASK_RUNNING',
              containerId: 'pod.instance-1.c',
              endpoints: [{ name: 'e', allocatedHostPort: 31_001 }],
            },
          ],
        },
      ],
    });
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    const [report] = sink.reports;
    expect(report).toMatchObject({
      kind: 'snapshot',
      problems: [],
      cluster: {
        tasks: [
          {
            id: 'web.1',
            ready: false,
            framework: { id: marathon.frameworkId, name: 'marathon-user' },
            ports: [{ hostPort: 31_000, servicePort: 10_000 }],
          },
          { id: 'pod.instance-1.c', name: 'c', app: '/pod', discovery: { name: 'pod' } },
        ],
        agents: [{ id: 'S1', addresses: ['192.0.2.1'] }],
        frameworks: [{ id: marathon.frameworkId, name: 'marathon-user' }],
      },
    });
    expect(marathon.requests).toEqual(
      expect.arrayContaining([
        'GET /v2/apps?embed=apps.tasks&embed=apps.readiness',
        'GET /v2/pods/::status',
        'GET /v2/info',
      ]),
    );
  });

  test('of answers that say what the last ones said is not taken apart, but told to be good', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, [running('web.1')]);
    const { source, sink } = sourceOf([marathon], { pollEvery: '10ms' });
    await source.start(sink);
    await sink.until(({ kind }) => kind === 'change');
    expect(sink.reports.filter(({ kind }) => kind === 'snapshot')).toHaveLength(1);
    marathon.setApp(bridge, [running('web.2')]);
    await sink.until((report) => report.kind === 'snapshot' && report.cluster.tasks[0]?.id === 'web.2');
  });

  test('waits for the addresses of agents that are given by name', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, [running('web.1', 31_000, { host: 'a1.example.org' })]);
    const { source, sink } = sourceOf([marathon], {}, { ...QUICK, lookUp: async () => ['192.0.2.7'] });
    await source.start(sink);
    expect(sink.reports[0]).toMatchObject({ cluster: { tasks: [{ agent: { addresses: ['192.0.2.7'] } }] } });
  });

  test('goes on without the address that does not come, and takes it when it does', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, [running('web.1', 31_000, { host: 'a1.example.org' })]);
    const answer = Promise.withResolvers<readonly string[]>();
    const { source, sink } = sourceOf([marathon], {}, { ...QUICK, lookUp: () => answer.promise });
    await source.start(sink);
    expect(sink.reports[0]).toMatchObject({ cluster: { tasks: [{ agent: { addresses: [] } }] } });
    answer.resolve(['192.0.2.7']);
    await sink.until((report) => report.kind === 'snapshot' && report.cluster.agents[0]?.addresses[0] === '192.0.2.7');
  });

  test('keeps the verdict on health when the results are missing after a change of leader (4.3)', async () => {
    const marathon = await standIn();
    const checked = { ...bridge, healthChecks: [{ protocol: 'HTTP' }] };
    const results = (...alive: boolean[]) => ({ healthCheckResults: alive.map((each) => ({ alive: each })) });
    marathon.setApp(checked, [
      running('web.1', 1, results(true)),
      running('web.2', 2, results(false)),
      running('web.3', 3, results()),
    ]);
    const { source, sink } = sourceOf([marathon]);
    const verdicts = (report: Report) =>
      report.kind === 'snapshot' ? report.cluster.tasks.map(({ id, healthy }) => `${id} ${healthy}`).join() : '';
    await source.start(sink);
    expect(verdicts(sink.reports[0]!)).toBe('web.1 true,web.2 false,web.3 false');
    marathon.cutStreams();
    marathon.setApp(checked, [running('web.1', 1), running('web.2', 2), running('web.3', 3), running('web.4', 4)]);
    await sink.until((report) => verdicts(report) === 'web.1 true,web.2 false,web.3 false,web.4 false');
  });

  test('of a Marathon before 1.4 does without pods; one that had pods must go on to tell them', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, [running('web.1')]);
    marathon.faults.set('/v2/pods/::status', 'missing');
    const { source, sink } = sourceOf([marathon], { pollEvery: '10ms' });
    await source.start(sink);
    expect(taskNames(sink.reports[0]!)).toBe('web');
    marathon.faults.clear();
    await marathon.requested('/v2/pods', marathon.requests.length + 2);
    marathon.faults.set('/v2/pods/::status', 'missing');
    expect(await next(sink, isTrouble)).toMatchObject({
      message: expect.stringMatching(/^Cannot GET .*\/v2\/pods\/::status: status 404$/),
    });
  });

  test('takes the name from the settings, or "marathon" with a word about it where Marathon withholds it', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, [running('web.1')]);
    const named = sourceOf([marathon], { framework: 'mom' });
    await named.source.start(named.sink);
    expect(named.sink.reports[0]).toMatchObject({
      cluster: { frameworks: [{ id: 'mom', name: 'mom' }] },
      problems: [],
    });
    expect(marathon.requests.filter((line) => line.includes('/v2/info'))).toEqual([]);
    marathon.faults.set('/v2/info', 'missing');
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    expect(sink.reports[0]).toMatchObject({
      cluster: { frameworks: [{ id: 'marathon', name: 'marathon' }] },
      problems: [{ where: '/v2/info', why: expect.stringContaining('set framework') }],
    });
  });

  test('leaves out what is odd, and nothing else', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, [running('web.1'), { id: 'web.2', host: '' }]);
    marathon.pods.set('/odd', { instances: 7 });
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    expect(taskNames(sink.reports[0]!)).toBe('web');
    expect(sink.reports[0]).toMatchObject({
      problems: [{ where: 'apps[0].tasks[1] (id "/web")' }, { where: 'pods[0]' }],
    });
  });
});

describe('events', () => {
  test('are hints to read again', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, []);
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    await marathon.streams(1);
    marathon.setApp(bridge, [running('web.1')]);
    await sink.until(has('web'));
    marathon.apps.get('/web');
    marathon.apps.set('/web', { definition: bridge, tasks: [] });
    const gone = next(sink, has(''));
    marathon.emit('status_update_event', { taskId: 'web.1', taskStatus: 'TASK_KILLED' });
    await gone;
  });

  test('are asked for by type, those that say nothing of tasks are not (4.5)', async () => {
    const marathon = await standIn();
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    await marathon.requested('/v2/events');
    const asked = new URL(marathon.requests.find((line) => line.includes('/v2/events'))!.slice(4), marathon.url)
      .searchParams;
    expect(asked.getAll('event_type').sort()).toEqual(
      [
        [
          'status_update_event',
          'instance_changed_event',
          'instance_health_changed_event',
          'health_status_changed_event',
        ],
        ['api_post_event', 'app_terminated_event', 'pod_created_event', 'pod_updated_event', 'pod_deleted_event'],
        [
          'deployment_success',
          'deployment_failed',
          'group_change_success',
          'unknown_instance_terminated_event',
          'event_stream_attached',
        ],
      ]
        .flat()
        .sort(),
    );
    expect(asked.get('plan-format')).toBe('light');
  });

  test('may come in pieces, with comments and with lines that are none', async () => {
    const marathon = await standIn();
    marathon.setApp(bridge, []);
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    await marathon.streams(1);
    await marathon.requested('/v2/apps', 2);
    marathon.apps.set('/web', { definition: bridge, tasks: [running('web.1')] });
    for (const piece of [
      ':\r',
      '\n: alive\n\nno such field\n',
      'event: status_upd',
      'ate_event\r\ndata: {"x"',
      ':1}\r\n',
      '\r\n',
    ])
      marathon.emitRaw(piece);
    await sink.until(has('web'));
  });

  test.each(['end', 'reset'] as const)(
    'the stream is opened again after its %s, and everything is read',
    async (how) => {
      const marathon = await standIn();
      marathon.setApp(bridge, []);
      const { source, sink, count, lines } = sourceOf([marathon]);
      await source.start(sink);
      await marathon.streams(1);
      marathon.cutStreams(how);
      // Nobody is told of this.
      marathon.apps.set('/web', { definition: bridge, tasks: [running('web.1')] });
      await sink.until(has('web'));
      await marathon.streams(1);
      expect(count('portolan_source_stream_failures_total')).toBe(1);
      expect(lines.filter(({ msg }) => msg === 'event stream lost')).toMatchObject([
        { level: 'warn', why: expect.stringContaining('/v2/events') },
      ]);
    },
  );

  test('a stream on which nothing comes is opened again at once', async () => {
    const marathon = await standIn();
    const { source, sink } = sourceOf([marathon], {}, { times: { events: { ...EVENT_TIMES, idleMs: 50 } } });
    await source.start(sink);
    // The next pause after a failure would be over half a second, and longer each time.
    await marathon.requested('/v2/events', 5);
  });

  test('without a stream everything is read now and then', async () => {
    const marathon = await standIn();
    marathon.faults.set('/v2/events', 'missing');
    marathon.setApp(bridge, []);
    const { source, sink, lines } = sourceOf([marathon], { pollEvery: '20ms' });
    await source.start(sink);
    marathon.setApp(bridge, [running('web.1')]);
    await sink.until(has('web'));
    await marathon.requested('/v2/events', 4);
    // One line for one reason.
    expect(lines.filter(({ msg }) => msg === 'event stream lost')).toHaveLength(1);
  });
});

describe('a source in trouble', () => {
  const faults: Fault[] = ['error', 'unavailable', 'garbage', 'cut', 'stall', 'drip', 'refuse'];
  const paths = ['/v2/apps', '/v2/pods/::status', '/v2/info'];
  test.each(faults.flatMap((fault) => paths.map((path) => [fault, path] as const)))(
    '%s of %s: says so, keeps what it has, and recovers',
    async (fault, path) => {
      const marathon = await standIn();
      marathon.setApp(bridge, [running('web.1')]);
      const { source, sink } = sourceOf([marathon], { pollEvery: '20ms', timeout: '300ms' });
      marathon.pods.set('/idle', { id: '/idle', spec: { containers: [] }, instances: [] });
      marathon.faults.set(path, fault);
      await source.start(sink);
      expect(sink.reports[0]).toMatchObject({
        kind: 'trouble',
        message: expect.stringContaining(`${marathon.url}${path}`),
      });
      marathon.faults.clear();
      await sink.until(has('web'));
      marathon.setApp({ ...bridge, id: '/api' }, [running('api.1')]);
      await sink.until(has('api web'));
      // Who it is in Mesos is known by now and need not be said again.
      if (path === '/v2/info') return;
      marathon.faults.set(path, fault);
      await next(sink, isTrouble);
      marathon.apps.clear();
      await next(sink, isTrouble);
      await next(sink, isTrouble);
      expect(sink.reports.filter(has(''))).toEqual([]);
    },
  );

  test('an answer that is no JSON is named with line and column', async () => {
    const marathon = await standIn();
    marathon.faults.set('/v2/apps', 'garbage');
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    expect(sink.reports[0]).toEqual({
      kind: 'trouble',
      message: `Cannot read ${marathon.url}/v2/apps: line 1, column 1: expected a value, got "<html>{\\"apps"`,
    });
  });

  test('after stop nothing is reported', async () => {
    const marathon = await standIn();
    marathon.faults.set('/v2/apps', 'stall');
    const { source, sink } = sourceOf([marathon]);
    const started = source.start(sink);
    await marathon.requested('/v2/apps');
    await source.stop();
    await started;
    expect(sink.reports).toEqual([]);
    expect(marathon.streamCount).toBe(0);
  });
});

describe('several nodes', () => {
  test('one that is gone is passed over', async () => {
    const [gone, marathon] = [await standIn(), await standIn()];
    marathon.setApp(bridge, [running('web.1')]);
    const { source, sink } = sourceOf([gone, marathon]);
    gone.faults.set('/v2/apps', 'refuse').set('/v2/events', 'refuse');
    await source.start(sink);
    expect(taskNames(sink.reports[0]!)).toBe('web');
    await marathon.streams(1);
  });

  test('when none answers the message names each', async () => {
    const nodes = [await standIn(), await standIn()];
    for (const node of nodes) node.faults.set('/v2/apps', 'unavailable');
    const { source, sink } = sourceOf(nodes);
    await source.start(sink);
    const { url } = nodes[1]!;
    expect(sink.reports[0]).toEqual({
      kind: 'trouble',
      message: `Cannot GET ${nodes[0]!.url}/v2/apps: status 503; Cannot GET ${url}/v2/apps: status 503`,
    });
  });

  test.each([302, 307] as const)('a standby sends to the leader (%i), for readings and for events', async (status) => {
    const [standby, leader] = [await standIn(), await standIn()];
    standby.leader = { url: leader.url, status };
    leader.setApp(bridge, []);
    const { source, sink } = sourceOf([standby]);
    await source.start(sink);
    await leader.streams(1);
    leader.setApp(bridge, [running('web.1')]);
    await sink.until(has('web'));
    expect(standby.streamCount).toBe(0);
  });

  test('after a change of leader the new one is followed', async () => {
    const [first, second] = [await standIn(), await standIn()];
    second.leader = { url: first.url, status: 307 };
    first.setApp(bridge, [running('web.1')]);
    const { source, sink } = sourceOf([second, first]);
    await source.start(sink);
    await first.streams(1);
    second.leader = undefined;
    first.leader = { url: second.url, status: 307 };
    second.setApp(bridge, [running('web.1')]);
    second.setApp({ ...bridge, id: '/api' }, [running('api.1')]);
    first.cutStreams();
    await sink.until(has('api web'));
    await second.streams(1);
    expect(sink.reports.filter(isTrouble)).toEqual([]);
  });
});

describe('credentials', () => {
  const basic = `Basic ${Buffer.from('portolan:secret of MARATHON_PASSWORD').toString('base64')}`;
  const auth = { kind: 'basic', principal: 'portolan', secretEnv: 'MARATHON_PASSWORD' };

  test.each([
    [basic, auth],
    ['token=secret of MARATHON_TOKEN', { kind: 'token', tokenEnv: 'MARATHON_TOKEN' }],
  ])('%s', async (authorization, settings) => {
    const marathon = await standIn({ authorization });
    marathon.setApp(bridge, [running('web.1')]);
    const { source, sink } = sourceOf([marathon], { auth: settings });
    await source.start(sink);
    expect(taskNames(sink.reports[0]!)).toBe('web');
    await marathon.streams(1);
  });

  test('missing ones are asked for', async () => {
    const marathon = await standIn({ authorization: basic });
    const { source, sink } = sourceOf([marathon]);
    await source.start(sink);
    expect(sink.reports[0]).toMatchObject({ kind: 'trouble', message: expect.stringContaining('status 401') });
  });

  test('go along to a leader that is named in the settings, and to no other', async () => {
    const [standby, leader, stranger] = [
      await standIn({ authorization: basic }),
      await standIn({ authorization: basic }),
      await standIn(),
    ];
    leader.setApp(bridge, [running('web.1')]);
    standby.leader = { url: leader.url, status: 307 };
    const { source, sink } = sourceOf([standby, leader], { auth });
    await source.start(sink);
    expect(taskNames(sink.reports[0]!)).toBe('web');
    standby.leader = { url: stranger.url, status: 307 };
    const other = sourceOf([standby], { auth });
    await other.source.start(other.sink);
    expect(other.sink.reports[0]).toMatchObject({
      kind: 'trouble',
      message: expect.stringContaining(`add ${new URL(stranger.url).host}`),
    });
    expect(stranger.requests).toEqual([]);
  });
});

test('over TLS, with a certificate of our own, for readings and for events', async () => {
  const certificates = makeCertificates();
  ending.push(async () => rmSync(certificates.folder, { recursive: true }));
  const [ca, cert, key] = ['ca.pem', 'server.pem', 'server.key'].map((name) => certificates.read(name));
  const marathon = await standIn({ tls: { ca: ca!, cert: cert!, key: key! } });
  marathon.setApp(bridge, []);
  const [caFile, certFile, keyFile] = ['ca.pem', 'client.pem', 'client.key'].map((name) => certificates.path(name));
  const { source, sink } = sourceOf([marathon], { tls: { caFile, certFile, keyFile } });
  await source.start(sink);
  await marathon.streams(1);
  marathon.setApp(bridge, [running('web.1')]);
  await sink.until(has('web'));
  const stranger = sourceOf([marathon], { tls: { caFile } });
  await stranger.source.start(stranger.sink);
  expect(stranger.sink.reports[0]).toMatchObject({ kind: 'trouble' });
});

test('two Marathons are two sources', async () => {
  const nodes = [await standIn(), await standIn()];
  for (const [i, node] of nodes.entries()) node.setApp({ ...bridge, id: `/app${i}` }, [running(`app${i}.1`)]);
  const made = nodes.map((node, i) => sourceOf([node], { name: `user ${i}` }));
  await Promise.all(made.map(({ source, sink }) => source.start(sink)));
  expect(made.map(({ source, sink }) => `${source.name}: ${taskNames(sink.reports[0]!)}`)).toEqual([
    'marathon user 0: app0',
    'marathon user 1: app1',
  ]);
});

describe('settings', () => {
  const problemsOf = (settings: object) =>
    MARATHON.configuration
      .safeParse({ kind: 'marathon', ...settings })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  test('all but the URLs have defaults', () => {
    expect(MARATHON.configuration.parse({ kind: 'marathon', urls: ['https://marathon.example.org:8443/'] })).toEqual({
      kind: 'marathon',
      urls: ['https://marathon.example.org:8443'],
      pollEvery: 120_000,
      debounce: 200,
      debounceMax: 2_000,
      connectTimeout: 5_000,
      timeout: 60_000,
      maxBody: 512 * 2 ** 20,
    });
  });

  test.each([
    [[]],
    [['marathon:8080']],
    [['http://user:password@marathon.example.org']],
    [['http://marathon.example.org/?a=b']],
    ['http://marathon.example.org'],
  ])('urls %j: refused', (urls) => {
    expect(problemsOf({ urls })).toMatchObject([expect.stringMatching(/^urls(\.0)?: a list of http or https URLs/)]);
  });
});
