// All ways to publish a port, and all kinds of networks, seen from every kind of place (docker-swarm.md 5; systems.md D1 to
// D6, E2): whatever is answered can be connected to, and whoever can connect is answered. The table below says for each
// port in which families it is answered from each place; what is answered and what was reached is printed at the end.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, LAN, Lab } from './engine.ts';
import { importBeacon } from './images.ts';
import { dockerSource, Portolan } from './portolan.ts';
import { candidatesOf, type Finding, type Survey, settled, survey } from './survey.ts';
import { Vantage } from './vantage.ts';

/** The places, and the network of the container that stands there; the other two are machines. */
const PLACES = ['bridge', 'app', 'six', 'inner', 'overlay', 'host', 'outside'] as const;

type Place = (typeof PLACES)[number];

const [V4, V6, GATEWAY] = ['192.168.56.10', 'fd00:56::10', '172.17.0.1'] as const;

/** Options for a port and the same one for datagrams. */
const both = (port: string) => ['--publish', port, '--publish', `${port}/udp`];
const EXPOSE = ['--expose', '80/tcp', '--expose', '80/udp'];

interface Case {
  readonly name: string;
  /** Options of `docker run`. */
  readonly options: readonly string[];
  /** Networks that it is connected to once it runs. */
  readonly more?: readonly string[];
  /** What its program listens on; 80/tcp and 80/udp when absent. */
  readonly listens?: readonly string[];
  /** Who answers at its ports besides itself: the containers that share its network. */
  readonly says?: readonly string[];
  /** By port, the families in which it is answered from each of the places, in their order. */
  readonly answered: Readonly<Record<string, string>>;
}

/** One row for a port and the same one for datagrams. */
const rows = (families: string, port = 80) => ({ [`${port}/tcp`]: families, [`${port}/udp`]: families });

//                    bridge app six inner overlay host outside
const PUBLISHED = '   4      4   46  -     4       4    46';
const BOUND_4 = '     4      4   4   -     4       4    4';
const BOUND_6 = '     4      -   6   -     -       6    6';
const ON_LOOPBACK = ' 4      -   -   -     -       4    -';
const NOWHERE = '     -      -   -   -     -       -    -';

/** In the default bridge, which has no IPv6. */
const FORMS: readonly Case[] = [
  { name: 'fixed', options: both('8001:80'), answered: rows(PUBLISHED) },
  { name: 'any-host-port', options: both('80'), answered: rows(PUBLISHED) },
  { name: 'all-exposed', options: ['-P', ...EXPOSE], answered: rows(PUBLISHED) },
  { name: 'lan', options: both(`${V4}:8002:80`), answered: rows(BOUND_4) },
  { name: 'lan-any-port', options: both(`${V4}::80`), answered: rows(BOUND_4) },
  { name: 'lan-ipv6', options: both(`[${V6}]:8003:80`), answered: rows(BOUND_6) },
  { name: 'loopback', options: both('127.0.0.1:8004:80'), answered: rows(ON_LOOPBACK) },
  { name: 'loopback-any-port', options: both('127.0.0.1::80'), answered: rows(ON_LOOPBACK) },
  { name: 'loopback-ipv6', options: both('[::1]:8005:80'), answered: rows('4 - - - - 6 -') },
  { name: 'every-ipv4', options: both('0.0.0.0:8006:80'), answered: rows(BOUND_4) },
  { name: 'every-ipv6', options: both('[::]:8007:80'), answered: rows('4 - 6 - - 4 6') },
  { name: 'gateway', options: both(`${GATEWAY}:8008:80`), answered: rows('4 4 4 - 4 4 -') },
  {
    name: 'udp-alone',
    options: ['--expose', '80/tcp', '--publish', `${V4}:8009:80/udp`],
    answered: { '80/tcp': ON_LOOPBACK, '80/udp': BOUND_4 },
  },
  {
    name: 'tcp-alone',
    options: ['--publish', '8010:80/tcp', '--expose', '80/udp'],
    answered: { '80/tcp': PUBLISHED, '80/udp': ON_LOOPBACK },
  },
  {
    name: 'range',
    options: ['--publish', '8011-8013:80-82'],
    listens: ['80/tcp', '81/tcp', '82/tcp'],
    answered: { '80/tcp': PUBLISHED, '81/tcp': PUBLISHED, '82/tcp': PUBLISHED },
  },
  {
    name: 'several',
    options: [...both('127.0.0.1:8014:80'), ...both(`${V4}:8014:80`), ...both('8015:80')],
    answered: rows(PUBLISHED),
  },
  { name: 'exposed', options: EXPOSE, answered: rows(ON_LOOPBACK) },
];

const NETWORKS: readonly Case[] = [
  {
    name: 'on-host',
    options: ['--network', 'host', '--expose', '8020/tcp', '--expose', '8020/udp'],
    listens: ['8020/tcp', '8020/udp'],
    answered: rows('4 4 46 4 4 46 46', 8020),
  },
  { name: 'no-network', options: ['--network', 'none', ...EXPOSE], answered: rows(NOWHERE) },
  {
    name: 'home',
    options: [...both('8021:80'), ...both('8022:90')],
    says: ['guest'],
    answered: { ...rows(PUBLISHED), ...rows(PUBLISHED, 90) },
  },
  {
    name: 'guest',
    options: ['--network', 'container:home'],
    listens: ['90/tcp', '90/udp'],
    says: ['home'],
    answered: { ...rows(PUBLISHED), ...rows(PUBLISHED, 90) },
  },
  // Docker publishes nothing of an internal network, and says so nowhere.
  { name: 'in-inner', options: ['--network', 'inner', ...both('8023:80')], answered: rows('- - - 4 - 4 -') },
  { name: 'on-lan', options: ['--network', 'street', ...EXPOSE], answered: rows('- - - - - - 4') },
  { name: 'in-app', options: ['--network', 'app', ...both('8024:80')], answered: rows(PUBLISHED) },
  { name: 'in-app-exposed', options: ['--network', 'app', ...EXPOSE], answered: rows('- 4 - - - 4 -') },
  { name: 'in-six', options: ['--network', 'six', ...both('8025:80')], answered: rows('4 4 46 - 4 46 46') },
  { name: 'in-six-exposed', options: ['--network', 'six', ...EXPOSE], answered: rows('- - 46 - - 46 -') },
  { name: 'in-overlay', options: ['--network', 'overlay', ...both('8026:80')], answered: rows('4 4 46 - 4 46 46') },
  {
    name: 'in-overlay-exposed',
    options: ['--network', 'overlay', ...EXPOSE],
    answered: rows('- - - - 4 - -'),
  },
  {
    name: 'in-two',
    options: ['--network', 'app', ...both('8027:80')],
    more: ['six'],
    answered: rows('4 4 46 - 4 46 46'),
  },
  {
    name: 'on-lan-too',
    options: both('8029:80'),
    more: ['street'],
    answered: rows('4 4 46 - 4 4 46'),
  },
  {
    name: 'in-inner-too',
    options: ['--network', 'app', ...both('8028:80')],
    more: ['inner'],
    answered: rows('4 4 46 4 4 4 46'),
  },
];

/** Those that the changes are made to. */
const CHANGING: readonly Case[] = [
  {
    name: 'flips',
    options: [
      ...both('8030:80'),
      ...['--health-cmd', '[ ! -e /tmp/ill ]', '--health-interval', '300ms', '--health-retries', '1'],
    ],
    answered: rows(PUBLISHED),
  },
  { name: 'pauses', options: both('8031:80'), answered: rows(PUBLISHED) },
  { name: 'renamed', options: both('8032:80'), answered: rows(PUBLISHED) },
  { name: 'starts-again', options: both('80'), answered: rows(PUBLISHED) },
  { name: 'moves', options: ['--network', 'app', ...EXPOSE], answered: rows('- 4 - - - 4 -') },
  { name: 'dies', options: both('8033:80'), answered: rows(PUBLISHED) },
];

let lab: Lab;
let engine: Engine;
let portolan: Portolan;
const vantages = new Map<Place, Vantage>();

/** What was found, by container and place. */
const matrix = new Map<string, Map<Place, readonly Finding[]>>();

/** Containers that are started at once. */
const BATCH = 8;

async function inBatches<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += BATCH) await Promise.all(items.slice(at, at + BATCH).map(run));
}

async function run({ name, options, listens = ['80/tcp', '80/udp'], more = [] }: Case): Promise<void> {
  await engine.docker('run', '--detach', '--name', name, ...options, 'beacon', name, ...listens);
  for (const network of more) await engine.docker('network', 'connect', network, name);
}

beforeAll(async () => {
  lab = await Lab.start();
  engine = lab.engine;
  await Promise.all([
    importBeacon(lab.folder, lab.engines),
    engine.docker('swarm', 'init', '--advertise-addr', engine.ipv4),
  ]);
  const create = (...options: readonly string[]) => engine.docker('network', 'create', ...options);
  await create('app');
  await create(
    ...['--ipv6', '--subnet', '172.28.0.0/16', '--gateway', '172.28.0.1'],
    ...['--subnet', 'fd00:99::/64', '--gateway', 'fd00:99::1', 'six'],
  );
  await create('--internal', '--subnet', '172.29.0.0/16', '--gateway', '172.29.0.1', 'inner');
  await create(
    ...['--driver', 'macvlan', '--subnet', `${LAN.ipv4}/24`, '--gateway', LAN.ipv4],
    ...['--ip-range', '192.168.56.128/26', '--opt', 'parent=eth0', 'street'],
  );
  await create('--driver', 'overlay', '--attachable', 'overlay');
  portolan = await Portolan.start(lab, engine, {
    sources: [dockerSource(engine), { kind: 'swarm', hosts: [`unix://${engine.socket}`] }],
  });
  const stands = PLACES.filter((place) => place !== 'host' && place !== 'outside');
  // Who shares a network needs the one whose network that is; and the two that choose their port would take a fixed one.
  const cases = [...FORMS, ...NETWORKS, ...CHANGING];
  const late = cases.filter(({ name }) => name === 'guest');
  await inBatches(stands, (place) =>
    engine.docker('run', '--detach', '--name', `at-${place}`, '--network', place, 'beacon', `at-${place}`),
  );
  await inBatches(
    cases.filter((each) => !late.includes(each)),
    run,
  );
  await inBatches(late, run);
  vantages.set('outside', Vantage.onMachine('outside', lab.lan, engine.ipv4));
  vantages.set('host', Vantage.onMachine('host', engine.machine, engine.ipv4));
  for (const place of stands) {
    // Out of an internal network nothing leads but to the host's end of it.
    const server = place === 'inner' ? '172.29.0.1' : engine.ipv4;
    vantages.set(place, await Vantage.inContainer(place, engine, `at-${place}`, server));
  }
}, 180_000);

afterAll(async () => {
  console.log(printed());
  await Promise.all([...vantages.values()].map((vantage) => vantage.stop()));
  await portolan?.stop();
  await lab?.stop();
});

/** `4 - 46` as what is expected at each place. */
function expectedAt(families: string): ReadonlyMap<Place, string> {
  const words = families.trim().split(/\s+/);
  return new Map(PLACES.map((place, i) => [place, words[i]!.replace('-', '')]));
}

/** What a case is asked for by, below which zone, and in which container it runs; its own name when absent. */
interface Asked {
  readonly name?: string;
  readonly zone?: 'docker' | 'swarm';
  readonly container?: string;
}

/** Asks and connects from every place, until all is as it ought to be or time is up. */
async function look(
  { name, says = [], answered }: Case,
  { name: asked = name, zone = 'docker', container = asked }: Asked,
): Promise<Map<Place, Survey>> {
  const found = new Map<Place, Survey>();
  const ports = Object.keys(answered);
  await Promise.all(
    PLACES.map(async (place) => {
      const expected = Object.fromEntries(ports.map((port) => [port, expectedAt(answered[port]!).get(place)!]));
      const surveyed = await settled(
        async () => {
          const places = await Promise.all(ports.map((port) => candidatesOf(engine, container, port)));
          const candidates = Object.fromEntries(ports.map((port, i) => [port, places[i]!]));
          const target = { name: `${asked}.${zone}.`, says: [name, ...says], candidates };
          return survey(vantages.get(place)!, target, expected);
        },
        // A program that is only just starting is reached a moment after it is looked for.
        ({ findings, faults }) =>
          faults.length === 0 &&
          findings.every(
            ({ port, families, reachable }) =>
              families === expected[port] && [...families].every((family) => reachable.includes(family)),
          ),
      );
      found.set(place, surveyed);
    }),
  );
  return found;
}

/** Families by port, as the table has them. */
function tableOf(found: ReadonlyMap<Place, Survey>, ports: readonly string[]): Record<string, string> {
  const familiesAt = (place: Place, port: string) =>
    found.get(place)!.findings.find((finding) => finding.port === port)!.families || '-';
  return Object.fromEntries(ports.map((port) => [port, PLACES.map((place) => familiesAt(place, port)).join(' ')]));
}

async function expectAsTable(each: Case, asked: Asked = {}): Promise<void> {
  const found = await look(each, asked);
  const name = asked.name ?? each.name;
  matrix.set(name, new Map([...found].map(([place, { findings }]) => [place, findings])));
  const faults = [...found].flatMap(([place, survey]) => survey.faults.map((fault) => `from ${place}: ${fault}`));
  expect(faults, name).toEqual([]);
  const wanted = Object.entries(each.answered).map(([port, row]) => [port, row.trim().replace(/\s+/g, ' ')]);
  expect(tableOf(found, Object.keys(each.answered)), name).toEqual(Object.fromEntries(wanted));
}

/** Waits until nobody is told of it: neither an address nor a port. */
async function expectSilence(name: string): Promise<void> {
  await Promise.all(
    PLACES.map(async (place) => {
      const vantage = vantages.get(place)!;
      const tell = async () => {
        const answers = [
          vantage.resolve(`${name}.docker.`, 'A'),
          vantage.resolve(`${name}.docker.`, 'AAAA'),
          vantage.resolve(`_80._tcp.${name}.docker.`, 'SRV'),
          vantage.resolve(`_80._udp.${name}.docker.`, 'SRV'),
        ];
        return (await Promise.all(answers)).flatMap(({ data }) => data);
      };
      expect(await settled(tell, (data) => data.length === 0), `${name} from ${place}`).toEqual([]);
    }),
  );
}

/** The matrix: a port a line, and at each place the families that are answered and, where these differ, those reached. */
function printed(): string {
  const order = [...FORMS, ...NETWORKS, ...CHANGING].map(({ name }) => name);
  const found = [...matrix].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const lines = found.flatMap(([name, places]) => {
    const ports = [...places.values()][0]!.map(({ port }) => port);
    return ports.map((port) => {
      const cells = PLACES.map((place) => {
        const { families, reachable } = places.get(place)!.find((finding) => finding.port === port)!;
        return families === reachable ? families || '-' : `${families || '-'} of ${reachable}`;
      });
      return [`${name} ${port}`, ...cells];
    });
  });
  const widths = ['', ...PLACES].map((_, i) => Math.max(...[['', ...PLACES], ...lines].map((line) => line[i]!.length)));
  const text = [['', ...PLACES], ...lines].map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join('  '));
  return `Families answered, of those reached where these are more:\n${text.join('\n')}`;
}

describe('ways to publish a port: answered where it is reached, from every place', () => {
  for (const each of FORMS) it.concurrent(`${each.name}: ${each.options.join(' ')}`, () => expectAsTable(each));
});

describe('kinds of networks: answered where it is reached, from every place', () => {
  for (const each of NETWORKS)
    it.concurrent(`${each.name}: ${[...each.options, ...(each.more ?? [])].join(' ')}`, () => expectAsTable(each));
});

it.concurrent('a service of a swarm in host mode: answered as a container is, and its tasks in their overlay', async () => {
  const port = (protocol: string) => ['--publish', `mode=host,target=80,published=8040,protocol=${protocol}`];
  await engine.docker(
    ...['service', 'create', '--detach', '--no-resolve-image', '--stop-grace-period', '0s', '--name', 'hosted'],
    ...[
      '--network',
      'overlay',
      '--endpoint-mode',
      'dnsrr',
      ...port('tcp'),
      ...port('udp'),
      'beacon',
      'hosted',
      '80/tcp',
      '80/udp',
    ],
  );
  const running = () => engine.docker('ps', '--quiet', '--filter', 'label=com.docker.swarm.service.name=hosted');
  const container = await settled(running, (id) => id !== '');
  // A node is known by the one address that its swarm has of it.
  await expectAsTable({ name: 'hosted', options: [], answered: rows('4 4 4 - 4 4 4') }, { zone: 'swarm', container });
});

describe('containers that change, from every place', () => {
  const [flips, pauses, renamed, startsAgain, moves, dies] = CHANGING as [Case, Case, Case, Case, Case, Case];

  it.concurrent('health: not answered while it is ill', async () => {
    await expectAsTable(flips);
    await engine.docker('exec', 'flips', '/bin/touch', '/tmp/ill');
    await expectSilence('flips');
    await engine.docker('exec', 'flips', '/bin/rm', '/tmp/ill');
    await expectAsTable(flips);
  });

  it.concurrent('pause: not answered until it goes on', async () => {
    await engine.docker('pause', 'pauses');
    await expectSilence('pauses');
    await engine.docker('unpause', 'pauses');
    await expectAsTable(pauses);
  });

  it.concurrent('rename: answered by the new name alone', async () => {
    await engine.docker('rename', 'renamed', 'new-name');
    await expectAsTable(renamed, { name: 'new-name' });
    await expectSilence('renamed');
  });

  it.concurrent('restart: answered with the ports that the engine chose this time', async () => {
    const ports = async () => engine.docker('port', 'starts-again');
    const before = await ports();
    await engine.docker('restart', '--time', '0', 'starts-again');
    expect(await ports()).not.toBe(before);
    await expectAsTable(startsAgain);
  });

  it.concurrent('network connect: answered in the new network, and no more after a disconnect', async () => {
    await expectAsTable(moves);
    await engine.docker('network', 'connect', 'six', 'moves');
    await expectAsTable({ ...moves, answered: rows('- 4 46 - - 46 -') });
    await engine.docker('network', 'disconnect', 'app', 'moves');
    await expectAsTable({ ...moves, answered: rows('- - 46 - - 46 -') });
  });

  it.concurrent('kill: answered no more', async () => {
    await expectAsTable(dies);
    await engine.docker('kill', 'dies');
    await expectSilence('dies');
  });

  it('a network that comes later: its clients are answered with the address of the host there', async () => {
    await engine.docker('network', 'create', '--subnet', '172.30.0.0/16', '--gateway', '172.30.0.1', 'late');
    await engine.docker('run', '--detach', '--name', 'at-late', '--network', 'late', 'beacon', 'at-late');
    const late = await Vantage.inContainer('late', engine, 'at-late', engine.ipv4);
    const target = {
      name: 'fixed.docker.',
      says: ['fixed'],
      candidates: { '80/udp': await candidatesOf(engine, 'fixed', '80/udp') },
    };
    const { findings, faults } = await settled(
      () => survey(late, target, { '80/udp': '4' }),
      ({ findings, faults }) => faults.length === 0 && findings[0]!.families === '4',
    );
    await late.stop();
    expect({ faults, findings }).toMatchObject({ faults: [], findings: [{ answered: ['172.30.0.1:8001/udp'] }] });
  });
});
