import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/cluster.ts';
import type { Task } from '../../src/model/task.ts';
import { RecordBuilder } from '../../src/records/index.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import type { SomeSettings } from './sample.ts';
import { agent, framework, lines, netinfo, settings, task, vipPort } from './sample.ts';

/** Lines of a task's records in the Mesos domain. */
function everyLine(of: Task, some: SomeSettings = {}, problems: Problem[] = []): string[] {
  const from = settings({ ...some, dcos: { enabled: false } });
  return lines(new RecordBuilder(from, new VipAddresses(from.dcos.vip)).task(of, problems));
}

/** The same without the names that list all instances. */
function mesosLines(of: Task, some: SomeSettings = {}, problems: Problem[] = []): string[] {
  return everyLine(of, some, problems).filter((each) => !each.startsWith('all.'));
}

const EXACT = { mode: 'exact' } as const;

const prod = task({
  id: 'api.web.prod.2',
  name: 'api.web.prod',
  agent: agent({ addresses: ['10.0.1.11'] }),
  addresses: netinfo('9.0.1.2'),
  hostPorts: [31500, 31501],
  discovery: {
    name: 'api.web.prod',
    ports: [
      { number: 8080, name: 'http', protocol: 'tcp' },
      { number: 9090, name: 'metrics', protocol: 'udp' },
    ],
  },
});

describe('a task with a discovery name', () => {
  it('has twelve records for its label and twelve for its discovery name as it is (Mesos-DNS, two passes)', () => {
    const twelve = (n: string): string[] => [
      `${n}.marathon.mesos. 60 A 9.0.1.2`,
      `${n}-x69so-s1.marathon.mesos. 60 A 9.0.1.2`,
      `${n}.marathon.slave.mesos. 60 A 10.0.1.11`,
      `${n}-x69so-s1.marathon.slave.mesos. 60 A 10.0.1.11`,
      `_${n}._tcp.marathon.slave.mesos. 60 SRV 0 1 31500 ${n}-x69so-s1.marathon.slave.mesos.`,
      `_${n}._tcp.marathon.slave.mesos. 60 SRV 0 1 31501 ${n}-x69so-s1.marathon.slave.mesos.`,
      `_${n}._udp.marathon.slave.mesos. 60 SRV 0 1 31500 ${n}-x69so-s1.marathon.slave.mesos.`,
      `_${n}._udp.marathon.slave.mesos. 60 SRV 0 1 31501 ${n}-x69so-s1.marathon.slave.mesos.`,
      `_${n}._tcp.marathon.mesos. 60 SRV 0 1 8080 ${n}-x69so-s1.marathon.mesos.`,
      `_http._${n}._tcp.marathon.mesos. 60 SRV 0 1 8080 ${n}-x69so-s1.marathon.mesos.`,
      `_${n}._udp.marathon.mesos. 60 SRV 0 1 9090 ${n}-x69so-s1.marathon.mesos.`,
      `_metrics._${n}._udp.marathon.mesos. 60 SRV 0 1 9090 ${n}-x69so-s1.marathon.mesos.`,
    ];
    expect(mesosLines(prod)).toEqual([...twelve('api.web.prod'), ...twelve('api-web-prod')].sort());
  });

  it('has each record once when the label is the discovery name', () => {
    const plain = { ...prod, discovery: { name: 'api', ports: [] } };
    expect(mesosLines(plain).filter((each) => each.startsWith('api.marathon.mesos.'))).toHaveLength(1);
  });

  it('has no service record outside .slave when it has no discovery ports', () => {
    const plain = { ...prod, discovery: { name: 'api', ports: [] } };
    expect(mesosLines(plain).filter((each) => each.startsWith('_') && !each.includes('.slave.'))).toEqual([]);
  });

  it.each([
    ['', ['_x._api._tcp', '_x._api._udp']],
    ['TCP', ['_x._api._tcp']],
    ['tcp,udp', ['_x._api._tcpudp']],
  ])('a port of protocol %j is served as %j (Mesos-DNS)', (protocol, names) => {
    const one = task({ discovery: { name: 'api', ports: [{ number: 82, name: 'x', protocol }] } });
    const owners = mesosLines(one).filter((each) => each.startsWith('_x.'));
    expect(owners.map((each) => each.split('.marathon')[0])).toEqual(names);
  });
});

describe('a task without a discovery name', () => {
  it('has its host ports as TCP and UDP in both branches, always with the target under .slave', () => {
    expect(mesosLines(task({ hostPorts: [31000], addresses: netinfo('9.0.1.2') }))).toEqual(
      [
        'web.marathon.mesos. 60 A 9.0.1.2',
        'web-iffe9-s1.marathon.mesos. 60 A 9.0.1.2',
        'web.marathon.slave.mesos. 60 A 192.0.2.1',
        'web-iffe9-s1.marathon.slave.mesos. 60 A 192.0.2.1',
        ...['_tcp.marathon', '_udp.marathon', '_tcp.marathon.slave', '_udp.marathon.slave'].map(
          (branch) => `_web.${branch}.mesos. 60 SRV 0 1 31000 web-iffe9-s1.marathon.slave.mesos.`,
        ),
      ].sort(),
    );
  });

  it('has no records unless it is running; in the default mode its last seconds count', () => {
    for (const state of ['preparing', 'terminal'] as const) expect(everyLine(task({ state }))).toEqual([]);
    for (const state of ['preparing', 'killing', 'terminal'] as const)
      expect(everyLine(task({ state }), EXACT)).toEqual([]);
  });

  it('in the exact mode is served when it is unhealthy or not ready, as in the reference', () => {
    for (const some of [{ healthy: false }, { ready: false }])
      expect(mesosLines(task(some), EXACT)).toEqual(mesosLines(task(), EXACT));
  });
});

describe('an ill task', () => {
  const ill = { addresses: netinfo('9.0.1.2'), hostPorts: [31000], healthy: false } as const;
  const own = ['marathon', 'marathon.slave'].map(
    (branch, i) => `web-iffe9-s1.${branch}.mesos. 60 A ${['9.0.1.2', '192.0.2.1'][i]}`,
  );
  const all = [
    ...['_tcp', '_udp'].map(
      (protocol) => `all._web.${protocol}.marathon.mesos. 60 SRV 0 1 31000 web-iffe9-s1.marathon.slave.mesos.`,
    ),
    'all.web.marathon.mesos. 60 A 9.0.1.2',
  ];

  it.each([{ healthy: false }, { ready: false, healthy: true }, { state: 'killing', healthy: true } as const])(
    'has its canonical name and is listed under all: %j',
    (some) => expect(everyLine(task({ ...ill, ...some }))).toEqual([...all, ...own]),
  );

  it('keeps the names for as long as it counts as well, and those where all are ill', () => {
    const well = everyLine(task({ ...ill, healthy: true }));
    expect(everyLine(task({ ...ill, standing: { isIn: true, keptUnder: [] } }))).toEqual(well);
    expect(everyLine(task({ ...ill, standing: { isIn: false, keptUnder: ['web.marathon'] } }))).toEqual(well);
    expect(everyLine(task({ ...ill, standing: { isIn: false, keptUnder: ['db.marathon'] } }))).toEqual([
      ...all,
      ...own,
    ]);
  });

  it('that is well again stays away for as long as it does not count as well', () => {
    expect(everyLine(task({ ...ill, healthy: true, standing: { isIn: false, keptUnder: [] } }))).toEqual([
      ...all,
      ...own,
    ]);
  });

  it('shares its names, as labels, and its VIPs', () => {
    const from = settings();
    const of = task({
      discovery: { name: 'API.v1', ports: [] },
      ports: [
        vipPort('/api', { hostPort: 1 }),
        { ...vipPort('x'), vips: [{ kind: 'literal', ip: '192.0.2.9', port: 80 }] },
      ],
    });
    expect(new RecordBuilder(from, new VipAddresses(from.dcos.vip)).sharedNames(of)).toEqual([
      'api.v1.marathon',
      'api-v1.marathon',
      'vip api.marathon',
      'vip 192.0.2.9',
    ]);
  });
});

it('all. stands in front of the services of a task, too, with the protocols that it says', () => {
  expect(everyLine(prod).filter((each) => each.startsWith('all.'))).toEqual(
    ['api-web-prod', 'api.web.prod']
      .flatMap((n) => [
        `all.${n}.marathon.mesos. 60 A 9.0.1.2`,
        `all._${n}._tcp.marathon.mesos. 60 SRV 0 1 8080 ${n}-x69so-s1.marathon.mesos.`,
        `all._${n}._udp.marathon.mesos. 60 SRV 0 1 9090 ${n}-x69so-s1.marathon.mesos.`,
      ])
      .sort(),
  );
});

describe('addresses of a task', () => {
  const four: Task = task({
    addresses: [
      { ip: '9.0.0.1', origin: 'netinfo' },
      { ip: 'fd01:b::1', origin: 'netinfo' },
      { ip: '172.17.0.2', origin: 'docker' },
      { ip: '10.9.9.9', origin: 'mesos' },
    ],
  });
  const own = (ipSources: readonly ('host' | 'docker' | 'mesos' | 'netinfo')[], of = four): string[] =>
    mesosLines(of, { mesos: { ipSources } }).filter((each) => each.startsWith('web.marathon.mesos.'));

  it.each([
    [['netinfo', 'host'] as const, ['A 9.0.0.1', 'AAAA fd01:b::1']],
    [['docker', 'netinfo'] as const, ['A 172.17.0.2']],
    [['mesos'] as const, ['A 10.9.9.9']],
    [['host'] as const, ['A 192.0.2.1']],
  ])('come from the first of %j that has one, all of them (Mesos-DNS IPSources)', (sources, expected) => {
    expect(own(sources)).toEqual(expected.map((each) => `web.marathon.mesos. 60 ${each}`));
  });

  it('an unusable address falls through to the next source', () => {
    expect(own(['netinfo', 'host'], task({ addresses: netinfo('300.1.1.1') }))).toEqual([
      'web.marathon.mesos. 60 A 192.0.2.1',
    ]);
  });

  it('an IPv4-mapped IPv6 address is an A record (Mesos-DNS)', () => {
    expect(own(['netinfo'], task({ addresses: netinfo('::ffff:9.9.9.9') }))).toEqual([
      'web.marathon.mesos. 60 A 9.9.9.9',
    ]);
  });
});

describe('what is left out is reported, and costs only itself', () => {
  it('a name with an empty label', () => {
    const problems: Problem[] = [];
    const odd = task({ name: '---', hostPorts: [31000] });
    expect(mesosLines(odd, {}, problems).filter((each) => each.includes(' A '))).toEqual([
      '-iffe9-s1.marathon.mesos. 60 A 192.0.2.1',
      '-iffe9-s1.marathon.slave.mesos. 60 A 192.0.2.1',
    ]);
    expect(problems).toEqual([
      {
        where: 'task "test" of framework "marathon"',
        why: 'its name holds no letter or digit: only its canonical name is served',
      },
    ]);
  });

  it('all names of a framework whose name has no usable character', () => {
    const problems: Problem[] = [];
    expect(mesosLines(task({ framework: framework({ name: '%' }) }), {}, problems)).toEqual([]);
    expect(problems.map(({ why }) => why)).toEqual([
      'the name of its framework, "%", holds no letter or digit: no names',
    ]);
  });

  it('a port that is none', () => {
    const problems: Problem[] = [];
    const odd = task({
      discovery: { name: 'api', ports: [{ number: 0, name: '', protocol: 'tcp' }] },
      hostPorts: [70000],
    });
    expect(mesosLines(odd, {}, problems).filter((each) => each.includes('SRV'))).toEqual([]);
    expect(problems.map(({ why }) => why)).toEqual(['2 of its ports have no SRV records: expected 1 to 65535']);
  });

  it('a discovery name with a label over 63 octets, while its label is served', () => {
    const problems: Problem[] = [];
    const name = `${'n'.repeat(64)}.group`;
    const served = mesosLines(task({ discovery: { name, ports: [] } }), {}, problems);
    expect(new Set(served.map((each) => each.split('.')[0]))).toEqual(
      new Set(['n'.repeat(63), `${'n'.repeat(54)}-iffe9-s1`]),
    );
    expect(problems.length).toBeGreaterThan(0);
  });

  it('in the exact mode a port is cut to sixteen bits, as in the replies of the reference', () => {
    const odd = task({
      discovery: {
        name: 'api',
        ports: [99999, -1, 0].map((number) => ({ number, name: '', protocol: 'tcp' })),
      },
    });
    const ports = mesosLines(odd, { mode: 'exact' }).filter((each) => each.startsWith('_api._tcp'));
    expect(ports.map((each) => Number(each.split(' ')[5])).sort((a, b) => a - b)).toEqual([0, 34463, 65535]);
  });
});
