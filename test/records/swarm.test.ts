// Names of a swarm by where the client stands (docker-swarm.md 3 to 5; systems.md B). The recorded swarm's zone as each
// view sees it lies under golden/ as master files; UPDATE=1 rewrites them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import type { SwarmNameSettings } from '../../src/records/settings.ts';
import { OUTSIDE } from '../../src/wire/views.ts';
import { containerCluster, Seen, SWARM_NAMES, swarmCluster } from './docker-sample.ts';

function golden(name: string, text: string): string {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env.UPDATE === '1') writeFileSync(path, text);
  return readFileSync(path, 'utf8');
}

function zoneOf(cluster: Cluster, some: Partial<SwarmNameSettings> = {}) {
  const seen = new Seen(cluster, { swarm: { ...SWARM_NAMES, ...some } });
  const at = (view: string, name: string) =>
    seen
      .lines('swarm', view === 'outside' ? OUTSIDE : seen.network(cluster, view), `${name}.swarm.`)
      .map((line) => line.replace(/^\d+ IN /, ''));
  return { seen, at };
}

const NODES = ['A 192.168.56.10', 'A 192.168.56.11'];

describe('the recorded swarm', () => {
  const whole = swarmCluster();
  const { seen } = zoneOf(whole);
  it.each([
    ['outside', OUTSIDE],
    ['ov', seen.network(whole, 'ov')],
    ['shop_front', seen.network(whole, 'shop_front')],
  ])('as seen from %s', (name, view) => {
    const zone = seen.zone('swarm', view);
    expect(zone).toBe(golden(`swarm-${name}.zone`, zone));
  });

  it('after one of its nodes went, from outside', () => {
    const zone = zoneOf(swarmCluster('down')).seen.zone('swarm', OUTSIDE);
    expect(zone).toBe(golden('swarm-one-down.zone', zone));
    expect(zone).not.toContain('192.168.56.11');
  });
});

describe('a service from outside', () => {
  const { at } = zoneOf(swarmCluster());

  it('with ingress is at every ready node, also those without a task (B2)', () => {
    expect(at('outside', 'dns-cache')).toEqual(NODES);
    expect(at('outside', '_53._udp.dns-cache')).toEqual([
      'SRV 0 1 5353 l6j6wjs5c3pw.node.swarm.',
      'SRV 0 1 5353 vn6d3kh8la0c.node.swarm.',
    ]);
    expect(at('outside', 'tasks.dns-cache')).toEqual(['A 192.168.56.10']);
  });

  it('in host mode is at the nodes with a task, each with its own port', () => {
    expect(at('outside', '_80._tcp.hostrand')).toEqual([
      'SRV 0 1 32769 vn6d3kh8la0c.node.swarm.',
      'SRV 0 1 32774 l6j6wjs5c3pw.node.swarm.',
    ]);
    expect(at('outside', '_443._tcp.web.shop')).toEqual(['SRV 0 1 8443 vn6d3kh8la0c.node.swarm.']);
  });

  it('in host mode, for clients in a bridge of its node: datagrams go to the address that the node has there', () => {
    const cluster = swarmCluster();
    const tasks = cluster.tasks.map((task) =>
      task.service?.name === 'hostpub'
        ? { ...task, ports: task.ports.map((port) => ({ ...port, protocol: 'udp' as const })) }
        : task,
    );
    const [engine] = containerCluster([], ['192.168.56.10']).agents;
    const networks = [...cluster.networks!, ...containerCluster([]).networks!];
    const { at } = zoneOf({ ...cluster, tasks, networks, agents: [...cluster.agents, engine!] });
    const told = (view: string) =>
      at(view, '_80._udp.hostpub').map((line) => {
        const [, , , port, target] = line.split(' ');
        return `${port} ${at(view, target!.replace('.swarm.', ''))}`;
      });
    // One of its two tasks is on another node.
    expect(told('outside')).toEqual(['9090 A 192.168.56.10', '9090 A 192.168.56.11']);
    expect(told('appnet')).toEqual(['9090 A 172.18.0.1', '9090 A 192.168.56.11']);
    expect(at('inet1', 'hostpub')).toEqual([]);
  });

  it('in an overlay alone is nowhere, never at a virtual address (C14)', () => {
    for (const name of ['rr', 'glob', 'vip.glob', 'vip-nopub', 'tasks.rr', '1.rr'])
      expect(at('outside', name)).toEqual([]);
  });

  it('told at nodes with a task only, if wanted', () => {
    const some = zoneOf(swarmCluster(), { ingress: 'task' });
    expect(some.at('outside', 'dns-cache')).toEqual(['A 192.168.56.10']);
    expect(some.at('outside', '_53._tcp.dns-cache')).toEqual(['SRV 0 1 5353 l6j6wjs5c3pw.node.swarm.']);
  });
});

describe('a service from its own overlay', () => {
  const { at } = zoneOf(swarmCluster());

  it('has its virtual address; its tasks have names of their own', () => {
    expect(at('ov', 'vip-ingress')).toEqual(['A 10.0.1.20']);
    expect(at('ov', '_80._tcp.vip-ingress')).toEqual(['SRV 0 1 80 vip.vip-ingress.swarm.']);
    expect(at('ov', 'tasks.vip-ingress')).toEqual(['A 10.0.1.21', 'A 10.0.1.22']);
    expect(at('ov', '2.vip-ingress')).toEqual(['A 10.0.1.22']);
    expect(at('ov', '_80._tcp.tasks.vip-ingress')).toHaveLength(2);
  });

  it('with dnsrr has the addresses of its tasks', () => {
    expect(at('ov', 'rr')).toEqual(['A 10.0.1.27', 'A 10.0.1.28']);
  });

  it('in host mode has the port of the task', () => {
    expect(at('ov', '_80._tcp.hostpub')).toEqual([
      'SRV 0 1 80 tw2ka28ixszc.hostpub.swarm.',
      'SRV 0 1 80 vjozmkvh2mei.hostpub.swarm.',
    ]);
  });

  it('from another overlay it is what it is from outside', () => {
    expect(at('ov', 'web.shop')).toEqual(at('outside', 'web.shop'));
    expect(at('shop_front', 'web.shop')).toEqual(['A 10.0.2.4']);
    expect(at('shop_front', 'rr')).toEqual([]);
  });
});

describe('names', () => {
  it("the stack's prefix goes behind, and the full name stays, without underscores too", () => {
    const { at } = zoneOf(swarmCluster());
    for (const name of ['web.shop', 'shop_web', 'shop-web']) expect(at('outside', name)).toEqual(NODES);
    expect(at('outside', '_web._tcp.shop')).toHaveLength(3);
  });

  it('nodes by host name and id; one host name twice is told of, and goes to one', () => {
    const { at, seen } = zoneOf(swarmCluster());
    expect(at('outside', 'vn6d3kh8la0c.node')).toEqual(['A 192.168.56.11']);
    expect(at('outside', 'manager.node')).toEqual(['A 192.168.56.10']);
    expect(at('outside', 'vm.node')).toEqual(['A 192.168.56.10']);
    expect(seen.problems).toEqual([expect.stringContaining('the name vm.node.swarm is left to node l6j6')]);
  });

  it('labels of a service name its ports, published or not', () => {
    const cluster = swarmCluster();
    const services = cluster.services!.map((service) =>
      service.name === 'rr' ? { ...service, labels: { 'portolan.port.9100.name': 'metrics' } } : service,
    );
    const rr = services.find(({ name }) => name === 'rr')!;
    const tasks = cluster.tasks.map((task) =>
      task.service?.name === 'rr' ? { ...task, service: rr, labels: rr.labels } : task,
    );
    const { at } = zoneOf({ ...cluster, services, tasks });
    expect(at('ov', '_metrics._tcp.rr')).toEqual([
      'SRV 0 1 9100 0aelaryosyru.rr.swarm.',
      'SRV 0 1 9100 vxekw6jdnpl0.rr.swarm.',
    ]);
  });

  it("a node's label says another address for it (B4, B10)", () => {
    const cluster = swarmCluster();
    const agents = cluster.agents.map((agent) => ({ ...agent, labels: { 'portolan.address': '203.0.113.5' } }));
    const services = cluster.services!.map((service) => ({
      ...service,
      ingress: service.ingress.length > 0 ? agents : [],
    }));
    const tasks = cluster.tasks
      .filter(({ service }) => service?.name === 'hostpub')
      .map((task) => ({ ...task, agent: agents.find(({ id }) => id === task.agent.id)! }));
    const { at } = zoneOf({ ...cluster, agents, services, tasks });
    expect(at('outside', 'dns-cache')).toEqual(['A 203.0.113.5']);
    expect(at('outside', 'manager.node')).toEqual(['A 203.0.113.5']);
    expect(at('outside', '_80._tcp.hostpub')).toContain('SRV 0 1 9090 l6j6wjs5c3pw.node.swarm.');
  });
});
