import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import { mesosRecords } from '../../src/records/axfr.ts';
import { REPAIRS } from '../../src/records/repairs.ts';
import type { RecordSettings } from '../../src/records/settings.ts';
import { zoneSpecs } from '../../src/records/zones.ts';
import { judged } from '../../src/sources/health.ts';
import { readMesosState } from '../../src/sources/mesos-state.ts';
import { nameToText } from '../../src/wire/name.ts';
import { explainDifference } from './explain.ts';
import type { SomeSettings } from './sample.ts';
import { agent, allLines, builderFor, cluster, framework, netinfo, settings, task, vipPort } from './sample.ts';

/** Where a repair shows: in what is served, in what `/v1/axfr` lists, or in the zones themselves. */
type View = (of: Cluster, from: RecordSettings) => string[];

const served: View = (of, from) => allLines(of, from).filter((each) => !each.startsWith('all.'));
const l4lb: View = (of, from) => served(of, from).filter((each) => each.includes('.l4lb.'));
const listed: View = (of, from) => [
  ...new Set(Array.from(mesosRecords(of, from), ({ kind, name, value }) => `${name} ${kind} ${value}`)),
];
const minimums: View = (_, from) => zoneSpecs(from).map(({ origin, soa }) => `${nameToText(origin)} ${soa.minimum}`);

interface Case {
  readonly view: View;
  readonly of: Partial<Cluster>;
  readonly some?: SomeSettings;
  /** Lines that only the exact mode has. */
  readonly exact: readonly string[];
  /** Lines that only the default mode has. */
  readonly repaired: readonly string[];
}

const X60 = 'x'.repeat(60);
const dying = (label: string, id: string) => task({ id, state: 'killing', ports: [vipPort(label, { hostPort: 1 })] });

const CASES: Readonly<Record<string, Case>> = {
  'port-range': {
    view: served,
    of: { tasks: [task({ hostPorts: [0, 31000], discovery: { name: 'web', ports: [] } })] },
    exact: ['_tcp', '_udp'].map(
      (protocol) => `_web.${protocol}.marathon.slave.mesos. 60 SRV 0 1 0 web-iffe9-s1.marathon.slave.mesos.`,
    ),
    repaired: [],
  },
  'canonical-length': {
    view: listed,
    of: { tasks: [task({ name: X60 })] },
    exact: ['', 'slave.'].map((branch) => `${X60}-iffe9-s1.marathon.${branch}mesos. A 192.0.2.1`),
    repaired: ['', 'slave.'].map((branch) => `${X60.slice(6)}-iffe9-s1.marathon.${branch}mesos. A 192.0.2.1`),
  },
  'unservable-names': {
    view: listed,
    of: { tasks: [task({ name: '---' })] },
    exact: ['.marathon.mesos. A 192.0.2.1', '.marathon.slave.mesos. A 192.0.2.1'],
    repaired: [],
  },
  'wildcard-names': {
    view: listed,
    of: { tasks: [task({ discovery: { name: '*', ports: [] } })] },
    exact: ['', 'slave.'].flatMap((branch) => [
      `*.marathon.${branch}mesos. A 192.0.2.1`,
      `.marathon.${branch}mesos. A 192.0.2.1`,
    ]),
    repaired: [],
  },
  'verbatim-case': {
    view: served,
    of: { tasks: [task({ discovery: { name: 'My_App', ports: [] } })] },
    exact: ['My_App.', 'My_App-iffe9-s1.'].flatMap((name) =>
      ['', 'slave.'].map((branch) => `${name}marathon.${branch}mesos. 60 A 192.0.2.1`),
    ),
    repaired: ['my_app.', 'my_app-iffe9-s1.'].flatMap((name) =>
      ['', 'slave.'].map((branch) => `${name}marathon.${branch}mesos. 60 A 192.0.2.1`),
    ),
  },
  health: {
    view: served,
    of: {
      tasks: [
        task({ healthy: false }),
        task({ id: 'kept', name: 'kept', healthy: false, standing: { isIn: false, keptUnder: ['kept.marathon'] } }),
        task({ id: 'last', name: 'last', state: 'killing', standing: { isIn: false, keptUnder: ['last.marathon'] } }),
      ],
    },
    exact: [
      'web.marathon.mesos. 60 A 192.0.2.1',
      'web.marathon.slave.mesos. 60 A 192.0.2.1',
      ...['agentip', 'autoip'].map((family) => `web.marathon.${family}.dcos.thisdcos.directory. 5 A 192.0.2.1`),
    ],
    repaired: [
      ...['', 'slave.'].flatMap((branch) =>
        ['last', 'last-rr9p8-s1'].map((name) => `${name}.marathon.${branch}mesos. 60 A 192.0.2.1`),
      ),
      ...['agentip', 'autoip'].map((family) => `last.marathon.${family}.dcos.thisdcos.directory. 5 A 192.0.2.1`),
    ],
  },
  all: {
    view: (of, from) => allLines(of, from).filter((each) => each.startsWith('all.')),
    of: { tasks: [task({ healthy: false })] },
    exact: [],
    repaired: ['all.web.marathon.mesos. 60 A 192.0.2.1'],
  },
  'agent-tail': {
    view: served,
    of: { tasks: [task({ agent: agent({ id: 'node-A_1' }) })] },
    exact: ['', 'slave.'].map((branch) => `web-iffe9-a_1.marathon.${branch}mesos. 60 A 192.0.2.1`),
    repaired: ['', 'slave.'].map((branch) => `web-iffe9-a-1.marathon.${branch}mesos. 60 A 192.0.2.1`),
  },
  'agent-without-address': {
    view: listed,
    of: {
      tasks: [task({ agent: agent({ host: 'Node 1.example', addresses: [] }) })],
      agents: [agent({ host: 'Node 1.example', addresses: [] })],
    },
    exact: ['slave', 'web.marathon.slave', 'web-iffe9-s1.marathon.slave'].map(
      (name) => `${name}.mesos. A node1.example`,
    ),
    repaired: [],
  },
  'not-ready': {
    view: served,
    of: { tasks: [task({ ready: false })] },
    exact: [
      'web.marathon.mesos. 60 A 192.0.2.1',
      'web.marathon.slave.mesos. 60 A 192.0.2.1',
      'web.marathon.agentip.dcos.thisdcos.directory. 5 A 192.0.2.1',
      'web.marathon.autoip.dcos.thisdcos.directory. 5 A 192.0.2.1',
    ],
    repaired: [],
  },
  weight: {
    view: served,
    of: {
      tasks: [task({ weight: 2.5, discovery: { name: 'web', ports: [{ number: 80, name: '', protocol: 'tcp' }] } })],
    },
    some: { mesos: { srvWeight: 10 } },
    exact: ['_web._tcp.marathon.mesos. 60 SRV 0 10 80 web-iffe9-s1.marathon.mesos.'],
    repaired: ['_web._tcp.marathon.mesos. 60 SRV 0 25 80 web-iffe9-s1.marathon.mesos.'],
  },
  'soa-minimum': {
    view: minimums,
    of: {},
    some: { mesos: { ttlSeconds: 60, soa: { ...settings().mesos.soa, minimumSeconds: 9 } } },
    exact: ['mesos. 60'],
    repaired: ['mesos. 9'],
  },
  'self-outside': {
    view: listed,
    of: {},
    some: { mesos: { soa: { ...settings().mesos.soa, mname: 'ns.example.org' }, selfAddresses: ['192.0.2.53'] } },
    exact: ['ns.example.org. A 192.0.2.53'],
    repaired: [],
  },
  'agent-ipv6': {
    view: served,
    of: { tasks: [task({ agent: agent({ addresses: ['2001:db8::1'] }) })] },
    exact: [],
    repaired: ['agentip', 'autoip'].map(
      (family) => `web.marathon.${family}.dcos.thisdcos.directory. 5 AAAA 2001:db8::1`,
    ),
  },
  'vip-slash': {
    view: l4lb,
    of: { tasks: [dying('/httpi', 'a'), dying('httpi', 'b')] },
    exact: ['httpi.marathon.l4lb.thisdcos.directory. 5 A 11.249.78.220'],
    repaired: [],
  },
  'vip-srv': {
    view: served,
    of: { tasks: [task({ ports: [vipPort('/httpi', { hostPort: 9896 })] })] },
    exact: [],
    repaired: [
      '_http._tcp.httpi.marathon.l4lb.thisdcos.directory. 5 SRV 0 1 9896 web-iffe9-s1.httpi.marathon.l4lb.thisdcos.directory.',
      'web-iffe9-s1.httpi.marathon.l4lb.thisdcos.directory. 5 A 192.0.2.1',
    ],
  },
  'port-networks': {
    view: l4lb,
    of: {
      tasks: [
        task({
          state: 'killing',
          addresses: [
            { ip: '9.0.1.2', origin: 'netinfo', network: 'dcos' },
            { ip: 'fd01:b::3', origin: 'netinfo', network: 'dcos6' },
          ],
          ports: [vipPort('/httpi', { networks: ['dcos'] })],
        }),
      ],
    },
    exact: ['httpi.marathon.l4lb.thisdcos.directory. 5 AAAA fd01:c::aadd:8637:f9fb:fda3'],
    repaired: [],
  },
};

describe('what the default mode repairs', () => {
  it('every repair has an id of its own and says what happens here and in the reference', () => {
    expect(new Set(REPAIRS.map(({ id }) => id)).size).toBe(REPAIRS.length);
    for (const { what, reference } of REPAIRS) expect([what, reference].join()).toMatch(/^[A-Z`A-Za-z'].*\.,.*\.$/);
  });

  it('every repair of the default mode has its case here', () => {
    expect(Object.keys(CASES).sort()).toEqual(
      REPAIRS.filter(({ always }) => !always)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it.each(REPAIRS.filter(({ always }) => !always))('$id: $what (reference: $reference)', ({ id }) => {
    const { view, of, some, exact, repaired } = CASES[id]!;
    const before = new Set(view(cluster(of), settings({ ...some, mode: 'exact' })));
    const after = new Set(view(cluster(of), settings({ ...some, mode: 'default' })));
    expect([...before].filter((each) => !after.has(each)).sort()).toEqual([...exact].sort());
    expect([...after].filter((each) => !before.has(each)).sort()).toEqual([...repaired].sort());
  });
});

describe('what is so in both modes', () => {
  const state = (labels: readonly { key: string; value: string }[]) => ({
    leader: 'master@192.0.2.6:5050',
    slaves: [{ id: 'x-S1', pid: 'slave(1)@192.0.2.1:5051', hostname: '192.0.2.1' }],
    frameworks: [
      {
        id: 'f1',
        name: 'marathon',
        hostname: '192.0.2.9',
        tasks: [
          {
            id: 'test',
            name: 'web',
            slave_id: 'x-S1',
            state: 'TASK_RUNNING',
            resources: { ports: '[31000-31001]' },
            labels,
          },
        ],
      },
    ],
  });
  const vipsOf = (labels: readonly { key: string; value: string }[]): unknown[] =>
    readMesosState(state(labels)).cluster.tasks.flatMap(({ ports }) => ports.flatMap(({ vips }) => vips ?? []));

  it('the list of these is complete here', () => {
    expect(REPAIRS.filter(({ always }) => always).map(({ id }) => id)).toEqual([
      'vip-order',
      'vip-port-index',
      'vip-brackets',
    ]);
  });

  it('vip-order: two names with one hash get the same addresses in any order of their tasks', () => {
    const tasks = ['app-4896', 'app-257'].map((label) => dying(label, label));
    for (const mode of ['exact', 'default'] as const) {
      const from = settings({ mode });
      const lines = served(cluster({ tasks }), from);
      expect(lines).toContain('app-257.marathon.l4lb.thisdcos.directory. 5 A 11.3.204.216');
      expect(served(cluster({ tasks: [...tasks].reverse() }), from)).toEqual(lines);
    }
  });

  it('vip-port-index: an index beyond the last port costs that label alone', () => {
    const labels = [
      { key: 'VIP_PORT1', value: 'tcp://a:80' },
      { key: 'VIP_PORT9', value: 'tcp://b:80' },
    ];
    expect(vipsOf(labels)).toEqual([{ kind: 'named', label: 'a', port: 80 }]);
  });

  it('vip-brackets: an IPv6 address in brackets is an address', () => {
    expect(vipsOf([{ key: 'VIP_PORT0', value: 'tcp://[fd01:c::1]:80' }])).toEqual([
      { kind: 'literal', ip: 'fd01:c::1', port: 80 },
    ]);
  });
});

describe('the recorded states', () => {
  it.each([
    ['mesos-dns/probe.json', ['canonical-length', 'unservable-names', 'verbatim-case']],
    ['article/state.json', []],
  ])('%s: default is exact with %j applied, nothing else', (name, expected) => {
    const document: unknown = JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));
    const of = readMesosState(document, { masters: ['192.0.2.6:5050'] }).cluster;
    expect(of.tasks.length).toBeGreaterThan(0);
    const exact = listed(of, settings({ mode: 'exact' }));
    const { repaired, used } = explainDifference(exact);
    // The one ill task in there is the only one of its name, so it stays.
    const [tasks = []] = judged([of.tasks], (each) => builderFor([], settings()).sharedNames(each));
    expect(listed({ ...of, tasks }, settings()).sort()).toEqual(repaired);
    expect(used).toEqual(expected);
  });
});

it('a cluster of plain names has the same Mesos domain in both modes', () => {
  const of = cluster({
    tasks: [task({ addresses: netinfo('9.0.1.2'), hostPorts: [31000] })],
    agents: [agent()],
    frameworks: [framework()],
  });
  expect(listed(of, settings())).toEqual(listed(of, settings({ mode: 'exact' })));
});
