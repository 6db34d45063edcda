// Names of containers and what each leads to, by where the client stands (docker-swarm.md 3 to 5; systems.md D, E). The
// recorded engine's zone as each view sees it lies under golden/ as master files; UPDATE=1 rewrites them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import type { ContainerNameSettings } from '../../src/records/settings.ts';
import { HERE } from '../../src/records/view-registry.ts';
import { OUTSIDE } from '../../src/wire/views.ts';
import type { Json } from '../stand-ins/docker-engine.ts';
import { container, RECORDED_CONTAINERS, recorded } from '../stand-ins/docker-scenario.ts';
import { containerCluster, DOCKER_NAMES, HOST, Seen } from './docker-sample.ts';

function golden(name: string, text: string): string {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env.UPDATE === '1') writeFileSync(path, text);
  return readFileSync(path, 'utf8');
}

interface Zone {
  readonly seen: Seen;
  readonly cluster: Cluster;
  /** What a client in a view is told of a name: `A 192.0.2.1`. View: a name of a network, or `outside`, `here`. */
  at(view: string, name: string): string[];
}

function zoneOf(containers: readonly Json[], some: Partial<ContainerNameSettings> = {}, host = HOST): Zone {
  const cluster = containerCluster(containers, host);
  const seen = new Seen(cluster, { docker: { ...DOCKER_NAMES, ...some } });
  const viewOf = (view: string) =>
    view === 'outside' ? OUTSIDE : view === 'here' ? HERE : seen.network(cluster, view);
  const at = (view: string, name: string) =>
    seen.lines('docker', viewOf(view), `${name}.docker.`).map((line) => line.replace(/^\d+ IN /, ''));
  return { seen, cluster, at };
}

/** Bindings of `-p`: for all addresses of both families. */
const everywhere = (port: number) => [
  { HostIp: '0.0.0.0', HostPort: String(port) },
  { HostIp: '::', HostPort: String(port) },
];

const id = (name: string) => Buffer.from(name).toString('hex').padEnd(12, '0').slice(0, 12);

describe('the recorded engine', () => {
  const { seen, cluster } = zoneOf(RECORDED_CONTAINERS.map((name) => recorded(`inspect-${name}`)));
  it.each([
    ['outside', OUTSIDE],
    ['here', HERE],
    ['bridge', seen.network(cluster, 'bridge')],
    ['appnet', seen.network(cluster, 'appnet')],
    ['myapp_default', seen.network(cluster, 'myapp_default')],
    ['inet1', seen.network(cluster, 'inet1')],
  ])('as seen from %s', (name, view) => {
    const zone = seen.zone('docker', view);
    expect(zone).toBe(golden(`docker-${name}.zone`, zone));
  });

  it('has no name that two want', () => {
    expect(seen.problems).toEqual([]);
  });
});

describe('the five cases of ports (systems.md E4): outside, and from a container beside it', () => {
  const ports: Record<string, readonly Json[] | null> = { '80/tcp': null };
  const published = { '80/tcp': everywhere(8080) };
  it.each([
    ['nothing', {}, [], []],
    ['EXPOSE', ports, [], ['SRV 0 1 80 {id}']],
    ['EXPOSE and -p', published, ['SRV 0 1 8080 {id}'], ['SRV 0 1 80 {id}']],
    ['EXPOSE and -P', { '80/tcp': everywhere(32_768) }, ['SRV 0 1 32768 {id}'], ['SRV 0 1 80 {id}']],
    ['-p alone', { '81/tcp': everywhere(8081) }, ['SRV 0 1 8081 {id}'], ['SRV 0 1 81 {id}']],
  ] as const)('%s', (_, bound, outside, inside) => {
    const { at } = zoneOf([container('web', { ports: bound })]);
    const number = Object.keys(bound)[0]?.split('/')[0] ?? '80';
    const told = (list: readonly string[]) => list.map((line) => line.replace('{id}', `${id('web')}.docker.`));
    expect(at('outside', `_${number}._tcp.web`)).toEqual(told(outside));
    expect(at('bridge', `_${number}._tcp.web`)).toEqual(told(inside));
    expect(at('bridge', 'web')).toEqual(['A 172.17.0.99']);
    expect(at('outside', 'web')).toEqual(outside.length > 0 ? ['A 192.168.56.10', 'AAAA 2001:db8::10'] : []);
  });
});

describe('address by vantage point (docker-swarm.md 5)', () => {
  const bind = (HostIp: string, HostPort = '8080') => ({ '80/tcp': [{ HostIp, HostPort }] });
  const inside = ['A 172.17.0.99', 'SRV 80 172.17.0.99'];
  const out = ['A 192.168.56.10', 'SRV 8080 192.168.56.10'];
  it.each([
    ['published, wildcard bind', bind('0.0.0.0'), inside, out, inside, out],
    ['bound to an address', bind('192.168.56.10'), inside, out, ['A 172.17.0.99', 'SRV 8080 192.168.56.10'], out],
    ['bound to loopback', bind('127.0.0.1'), inside, [], ['A 172.17.0.99', 'SRV 8080 127.0.0.1'], []],
    [
      'bound to the gateway of a bridge',
      bind('172.18.0.1'),
      inside,
      ['A 172.18.0.1', 'SRV 8080 172.18.0.1'],
      ['A 172.17.0.99', 'SRV 8080 172.18.0.1'],
      [],
    ],
    ['exposed only', { '80/tcp': null }, inside, [], inside, []],
  ] as const)('%s', (_, ports, same, other, here, outside) => {
    const { at } = zoneOf([container('web', { ports })]);
    const told = (view: string) => [
      ...at(view, 'web'),
      ...at(view, '_80._tcp.web').map((line) => {
        const [, , , port, target] = line.split(' ');
        return `SRV ${port} ${at(view, target!.replace('.docker.', '')).map((text) => text.split(' ')[1])}`;
      }),
    ];
    expect({ same: told('bridge'), other: told('appnet'), here: told('here'), outside: told('outside') }).toEqual({
      same,
      other,
      here,
      outside,
    });
  });

  it('host mode: the host with the port of the image, for everybody', () => {
    const { at } = zoneOf([recorded('inspect-hostnet')]);
    const both = ['A 192.168.56.10', 'AAAA 2001:db8::10'];
    for (const [view, addresses] of [
      ['outside', both],
      ['here', both],
      ['v6net', both],
      ['bridge', ['A 192.168.56.10']],
      // Out of a closed network nothing leads but to the host's end of it.
      ['inet1', ['A 172.21.0.1']],
    ] as const) {
      expect(at(view, 'hostnet'), view).toEqual(addresses);
      expect(at(view, '_5000._tcp.hostnet'), view).toEqual(['SRV 0 1 5000 f4c06fc65e9d.docker.']);
    }
  });

  it('IPv6: told to networks that have it, and ports that have it alone to no others', () => {
    const ports = (HostIp: string) => ({ '80/tcp': [{ HostIp, HostPort: '8080' }] });
    const both = zoneOf([container('web', { ports: { '80/tcp': everywhere(8080) } })]);
    expect(both.at('v6net', 'web')).toEqual(['A 192.168.56.10', 'AAAA 2001:db8::10']);
    expect(both.at('appnet', 'web')).toEqual(['A 192.168.56.10']);
    for (const ip of ['::', '2001:db8::10']) {
      const { at } = zoneOf([container('web', { ports: ports(ip) })]);
      expect(at('v6net', 'web')).toEqual(['AAAA 2001:db8::10']);
      expect(at('v6net', '_80._tcp.web')).toHaveLength(1);
      expect(at('appnet', 'web')).toEqual([]);
      expect(at('appnet', '_80._tcp.web')).toEqual([]);
      // In its own network, which has no IPv6 either, the port is the container's.
      expect(at('bridge', '_80._tcp.web')).toEqual([`SRV 0 1 80 ${id('web')}.docker.`]);
    }
  });

  it('datagrams: the host answers them from its address in the network of the client, so they are sent there', () => {
    const web = (ports: Json) => zoneOf([container('web', { ports: ports as Record<string, Json[]> })]);
    const { at } = web({ '53/udp': everywhere(5353), '80/tcp': everywhere(8080) });
    expect(at('appnet', 'web')).toEqual(['A 172.18.0.1']);
    expect(at('v6net', 'web')).toEqual(['A 10.99.0.1', 'AAAA fd00:99::1']);
    for (const name of ['_53._udp.web', '_80._tcp.web']) expect(at('appnet', name)).toHaveLength(1);
    expect(at('outside', 'web')).toEqual(['A 192.168.56.10', 'AAAA 2001:db8::10']);
    expect(at('bridge', 'web')).toEqual(['A 172.17.0.99']);
    // A single address answers as itself, and streams stay at the address that they began at.
    const bound = web({ '53/udp': [{ HostIp: '192.168.56.10', HostPort: '5353' }], '80/tcp': everywhere(8080) });
    expect(bound.at('appnet', 'web')).toEqual(['A 192.168.56.10']);
    expect(bound.at('v6net', 'web')).toEqual(['A 192.168.56.10', 'AAAA 2001:db8::10']);
  });

  it('a closed network: nothing that is published elsewhere, however it is bound', () => {
    for (const ports of [bind('0.0.0.0'), bind('192.168.56.10'), { '53/udp': everywhere(5353) }]) {
      const { seen, cluster } = zoneOf([container('web', { ports })]);
      expect(seen.zone('docker', seen.network(cluster, 'inet1'))).toBe('$ORIGIN docker.\n');
    }
  });

  it('an address that a label asks for stands in for all of the host', () => {
    const labels = { 'portolan.address': '203.0.113.9' };
    const { at } = zoneOf([container('web', { labels, ports: { '53/udp': everywhere(5353) } })]);
    for (const view of ['outside', 'appnet']) expect(at(view, 'web')).toEqual(['A 203.0.113.9']);
    expect(at('inet1', 'web')).toEqual([]);
  });

  it('macvlan: its own address for the LAN, and not for its host or other bridges (trap 13)', () => {
    const { at } = zoneOf([recorded('inspect-mvc')]);
    expect(at('outside', 'mvc')).toEqual(['A 192.168.56.128']);
    expect(at('outside', '_80._tcp.mvc')).toEqual(['SRV 0 1 80 8934a0f8eb3c.docker.']);
    expect(at('here', 'mvc')).toEqual([]);
    expect(at('bridge', 'mvc')).toEqual([]);
  });

  it('macvlan beside a bridge: those outside get its own address, from which it answers, and the host where it has none', () => {
    const web = container('web', { ports: { '80/tcp': everywhere(8080) } });
    const [, street] = Object.entries(
      (recorded('inspect-mvc').NetworkSettings as { Networks: Record<string, Json> }).Networks,
    )[0]!;
    Object.assign((web.NetworkSettings as { Networks: Record<string, Json> }).Networks, { mv: street });
    const { at } = zoneOf([web]);
    expect(at('outside', 'web')).toEqual(['A 192.168.56.128', 'AAAA 2001:db8::10']);
    expect(at('outside', '_80._tcp.web')).toEqual([
      `SRV 0 1 80 ${id('web')}-v4.docker.`,
      `SRV 0 1 8080 ${id('web')}-v6.docker.`,
    ]);
    expect(at('appnet', 'web')).toEqual(['A 192.168.56.10']);
  });

  it('none: a name without addresses, for everybody', () => {
    const { at, seen } = zoneOf([recorded('inspect-nonenet')]);
    for (const view of ['outside', 'here', 'bridge']) expect(at(view, 'nonenet')).toEqual([]);
    expect(seen.zone('docker', OUTSIDE)).not.toContain('nonenet');
  });

  it('clients on the host get what is published instead, if wanted', () => {
    const web = container('web', { ports: { '80/tcp': everywhere(8080), '81/tcp': null } });
    const { at } = zoneOf([web], { fromHost: 'published' }, ['192.168.56.10']);
    expect(at('here', 'web')).toEqual(['A 192.168.56.10']);
    expect(at('here', '_80._tcp.web')).toEqual([`SRV 0 1 8080 ${id('web')}.docker.`]);
    const [, , , , target] = at('here', '_81._tcp.web')[0]!.split(' ');
    expect(at('here', target!.replace('.docker.', ''))).toEqual(['A 172.17.0.99']);
  });

  it('two networks: each client the address in its own', () => {
    const { at } = zoneOf([recorded('inspect-multinet')]);
    expect(at('appnet', 'multinet')).toEqual(['A 172.18.0.3']);
    expect(at('v6net', 'multinet')).toEqual(['A 10.99.0.3', 'AAAA fd00:99::3']);
    expect(at('here', 'multinet')).toEqual(['A 10.99.0.3', 'A 172.18.0.3', 'AAAA fd00:99::3']);
    expect(at('bridge', 'multinet')).toEqual(['A 192.168.56.10']);
  });
});

describe('families are true (trap 1)', () => {
  it('a port with two numbers has two targets, each with the one family', () => {
    const { at } = zoneOf([recorded('inspect-p_containeronly')]);
    expect(at('outside', '_80._tcp.p-containeronly')).toEqual([
      'SRV 0 1 32770 f702728aefc6-v6.docker.',
      'SRV 0 1 32771 f702728aefc6-v4.docker.',
    ]);
    expect(at('outside', 'f702728aefc6-v4')).toEqual(['A 192.168.56.10']);
    expect(at('outside', 'f702728aefc6-v6')).toEqual(['AAAA 2001:db8::10']);
  });

  it('without an IPv6 address of the host there is no SRV record for the IPv6 number', () => {
    const { at } = zoneOf([recorded('inspect-p_containeronly')], {}, ['192.168.56.10']);
    expect(at('outside', '_80._tcp.p-containeronly')).toEqual(['SRV 0 1 32771 f702728aefc6.docker.']);
  });

  it('replicas whose numbers cross over lead to the right one each', () => {
    const { at } = zoneOf(['myapp_api_1', 'myapp_api_2'].map((name) => recorded(`inspect-${name}`)));
    const told = at('outside', '_api._tcp.myapp').map((line) => {
      const [, , , port, target] = line.split(' ');
      return `${target!.slice(0, 2)} ${at('outside', target!.replace('.docker.', ''))[0]!.split(' ')[0]} ${port}`;
    });
    expect(told.sort()).toEqual(['41 A 32776', '41 AAAA 32775', '9f A 32775', '9f AAAA 32774']);
  });
});

describe('natural names (docker-swarm.md 4)', () => {
  it('of a container: its own, its id, its host name, its aliases in each network', () => {
    const api = container('my_api', {
      network: {
        name: 'appnet',
        id: '5770aba0cc620ca7071e93f64f9a3d38a66570c72e5962b4f716c0e4b3962212',
        aliases: ['front'],
      },
      ip: '172.18.0.9',
      hostname: 'Box',
    });
    const { at } = zoneOf([api]);
    for (const name of ['my_api', 'my-api', id('my_api'), 'box', 'my-api.appnet', 'front.appnet'])
      expect(at('appnet', name), name).toEqual(['A 172.18.0.9']);
  });

  it('of compose: the service has all replicas, each replica its number', () => {
    const { at } = zoneOf(['myapp_api_1', 'myapp_api_2'].map((name) => recorded(`inspect-${name}`)));
    expect(at('myapp_default', 'api.myapp')).toEqual(['A 172.20.0.2', 'A 172.20.0.4']);
    expect(at('myapp_default', '2.api.myapp')).toEqual(['A 172.20.0.4']);
    expect(at('myapp_default', '_80._tcp.api.myapp')).toHaveLength(2);
    expect(at('myapp_default', '_api._tcp.myapp')).toHaveLength(4);
  });

  it('of a link: for clients in the network of both, and nobody else', () => {
    const { at } = zoneOf([recorded('inspect-web'), recorded('inspect-db')]);
    expect(at('bridge', 'db.web')).toEqual(['A 172.17.0.16']);
    expect(at('bridge', '_3306._tcp.db.web')).toHaveLength(1);
    expect(at('here', 'db.web')).toEqual([]);
    expect(at('outside', 'db.web')).toEqual([]);
  });

  it('a label over 63 octets is cut, and a hash keeps it apart from others', () => {
    const [a, b] = ['1', '2'].map((end) => `${'long'.repeat(20)}${end}`);
    const { seen } = zoneOf([container(a!, { id: 'a'.repeat(64) }), container(b!, { id: 'b'.repeat(64) })]);
    const owners = [...seen.zone('docker', HERE).matchAll(/^(long\w*-\w{5})\.docker\./gm)].map(([, label]) => label!);
    expect(new Set(owners).size).toBe(2);
    expect(owners.every((label) => label.length === 63)).toBe(true);
  });

  it('a name that two want goes to the better claim, and the other is told of', () => {
    const first = container('web', { ip: '172.17.0.5' });
    const second = container('other', { ip: '172.17.0.6', hostname: 'web' });
    const { at, seen } = zoneOf([second, first]);
    expect(at('bridge', 'web')).toEqual(['A 172.17.0.5']);
    expect(at('bridge', 'other')).toEqual(['A 172.17.0.6']);
    expect(seen.problems).toEqual([expect.stringContaining('the name web.docker is left to container')]);
  });
});

describe('labels', () => {
  const ports = { '80/tcp': everywhere(8080), '81/tcp': null, '53/udp': null };
  const web = (labels: Record<string, string>, name = 'web') => container(name, { labels, ports });

  it('name ports: portolan.port.80.name, and SERVICE_80_NAME of registrator', () => {
    for (const labels of [{ 'portolan.port.80.name': 'http' }, { SERVICE_80_NAME: 'http' }]) {
      const { at } = zoneOf([web(labels)]);
      expect(at('outside', '_http._tcp.web')).toEqual(at('outside', '_80._tcp.web'));
      expect(at('outside', '_http._tcp.web')).toHaveLength(1);
    }
    const { at } = zoneOf([web({ 'portolan.port.53/udp.name': 'dns', 'portolan.port.9090.name': 'metrics' })]);
    expect(at('bridge', '_dns._udp.web')).toEqual([`SRV 0 1 53 ${id('web')}.docker.`]);
    expect(at('bridge', '_metrics._tcp.web')).toEqual([`SRV 0 1 9090 ${id('web')}.docker.`]);
  });

  it('give more names, which those that want the same share', () => {
    const { at, seen } = zoneOf([
      container('a', { labels: { 'portolan.name': 'shop', 'portolan.alias': 'x, y' }, ip: '172.17.0.5' }),
      container('b', { labels: { SERVICE_NAME: 'shop' }, ip: '172.17.0.6' }),
    ]);
    expect(at('bridge', 'shop')).toEqual(['A 172.17.0.5', 'A 172.17.0.6']);
    expect(at('bridge', 'x')).toEqual(at('bridge', 'y'));
    expect(seen.problems).toEqual([]);
  });

  it('set TTL, weight and priority', () => {
    const labels = { 'portolan.ttl': '30', 'portolan.weight': '7', 'portolan.priority': '2' };
    const { seen } = zoneOf([web(labels)]);
    expect(seen.lines('docker', OUTSIDE, '_80._tcp.web.docker.')).toEqual([`30 IN SRV 2 7 8080 ${id('web')}.docker.`]);
  });

  it('leave out a container, or one of its ports', () => {
    for (const labels of [{ 'portolan.ignore': 'true' }, { 'portolan.enable': 'false' }, { SERVICE_IGNORE: 'yes' }])
      expect(zoneOf([web(labels)]).seen.zone('docker', HERE)).toBe('$ORIGIN docker.\n');
    const { at } = zoneOf([web({ 'portolan.port.80.ignore': 'true' })]);
    expect(at('bridge', '_80._tcp.web')).toEqual([]);
    expect(at('bridge', '_81._tcp.web')).toHaveLength(1);
  });

  it('are needed where nothing is exposed by default', () => {
    const { at } = zoneOf([web({}), web({ 'portolan.enable': 'true' }, 'wanted')], { exposedByDefault: false });
    expect(at('bridge', 'web')).toEqual([]);
    expect(at('bridge', 'wanted')).toHaveLength(1);
  });

  it('say another address of the host, texts, and which network counts on the host', () => {
    const { at } = zoneOf([web({ 'portolan.address': '203.0.113.9', 'portolan.txt.path': '/shop' })]);
    expect(at('outside', 'web')).toEqual(['A 203.0.113.9', 'TXT "path=/shop"']);
    const multi = recorded('inspect-multinet');
    (multi.Config as Json).Labels = { 'portolan.network': 'appnet' };
    expect(zoneOf([multi]).at('here', 'multinet')).toEqual(['A 172.18.0.3']);
  });

  it('that say nothing that can be done are told of, with what is expected', () => {
    const { seen, at } = zoneOf([web({ 'portolan.weight': 'heavy', 'portolan.colour': 'red' })]);
    expect(seen.problems.map((problem) => problem.replace(/^.*: label/, 'label'))).toEqual([
      'label portolan.weight: expected a number from 0 to 65535, got "heavy"',
      'label portolan.colour: expected another value, got "red"',
    ]);
    expect(at('outside', '_80._tcp.web')).toHaveLength(1);
  });
});

describe('containers that take no connections', () => {
  it.each([
    ['unhealthy', { health: 'unhealthy' }],
    ['starting', { health: 'starting' }],
  ])('%s: the names stay, and lead nowhere (NODATA)', (_, some) => {
    const { seen } = zoneOf([container('web', { ...some, ports: { '80/tcp': everywhere(8080) } })]);
    for (const view of [OUTSIDE, HERE]) expect(seen.zone('docker', view)).toBe('$ORIGIN docker.\n');
    expect(seen.owners('docker')).toContain('_80._tcp.web.docker.');
  });

  it('paused ones alike', () => {
    const { seen } = zoneOf([recorded('inspect-p_fixed')]);
    expect(seen.zone('docker', OUTSIDE)).toBe('$ORIGIN docker.\n');
    expect(seen.owners('docker')).toContain('p-fixed.docker.');
  });
});

it('fixed views answer all clients alike, if wanted', () => {
  const web = container('web', { ports: { '80/tcp': everywhere(8080) } });
  const { at } = zoneOf([web], { fixedViews: ['inside', 'host'] });
  for (const view of ['outside', 'here', 'bridge']) {
    expect(at(view, 'web.inside')).toEqual(['A 172.17.0.99']);
    expect(at(view, '_80._tcp.web.inside')).toEqual([`SRV 0 1 80 ${id('web')}.inside.docker.`]);
    expect(at(view, 'web.host')).toEqual(['A 192.168.56.10', 'AAAA 2001:db8::10']);
    expect(at(view, '_80._tcp.web.host')).toEqual([`SRV 0 1 8080 ${id('web')}.host.docker.`]);
  }
});
