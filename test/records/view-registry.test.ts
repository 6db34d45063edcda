// Where clients stand: networks, this machine, and what the settings overrule (docker-swarm.md 5).
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/model/agent.ts';
import type { Network } from '../../src/model/network.ts';
import { HERE, ViewRegistry } from '../../src/records/view-registry.ts';
import { OUTSIDE, Trait } from '../../src/wire/views.ts';

function network(name: string, some: Partial<Network> = {}): Network {
  return {
    id: name,
    key: `engine/${name}`,
    name,
    kind: 'bridge',
    agent: 'engine',
    isInternal: false,
    isNear: true,
    subnets: [{ address: '172.18.0.0', length: 16, gateway: '172.18.0.1' }],
    ...some,
  };
}

const agent: Agent = {
  id: 'engine',
  hostname: 'node-a',
  host: '192.0.2.10',
  addresses: ['192.0.2.10'],
  system: 'docker',
  ownPrefixes: ['127.0.0.0/8', '192.0.2.10/32'],
};

/** `172.18.0.0/16 -> 2`, sorted. */
function clients(registry: ViewRegistry): string[] {
  return registry
    .takeClients()!
    .map(({ address, length, view }) => `${address}/${length} -> ${view}`)
    .sort();
}

describe('ViewRegistry', () => {
  it("clients in a network's subnet stand in it; the host speaks from its end of the bridge", () => {
    const registry = new ViewRegistry();
    registry.setNetwork('a', network('appnet'));
    registry.setAgent('a', agent);
    const [view] = registry.within(network('appnet'));
    expect(clients(registry)).toEqual(
      [
        `172.18.0.0/16 -> ${view}`,
        `172.18.0.1/32 -> ${HERE}`,
        `127.0.0.0/8 -> ${HERE}`,
        `192.0.2.10/32 -> ${HERE}`,
      ].sort(),
    );
    expect(registry.host(agent)).toBe(HERE);
    expect(registry.isGateway(agent, '172.18.0.1')).toBe(true);
    expect(registry.isGateway(agent, '192.0.2.10')).toBe(false);
  });

  it('networks of other machines have views and no clients', () => {
    const registry = new ViewRegistry();
    registry.setNetwork('a', network('appnet', { isNear: false }));
    const { ownPrefixes, ...far } = agent;
    registry.setAgent('a', far);
    expect(clients(registry)).toEqual([]);
    expect(registry.host(far)).toBeUndefined();
    const [view] = registry.within(network('appnet', { isNear: false }));
    expect(view).toBeGreaterThan(HERE);
    expect(registry.bridges(far)).toEqual([]);
  });

  it('an overlay that two sources tell of is one view, until both have forgotten it', () => {
    const overlay = network('ov', { key: 'ov', kind: 'overlay', subnets: [{ address: '10.0.1.0', length: 24 }] });
    const registry = new ViewRegistry();
    registry.setNetwork('docker', overlay);
    registry.setNetwork('swarm', overlay);
    const [view] = registry.within(overlay);
    registry.setNetwork('docker', undefined);
    expect(clients(registry)).toEqual([`10.0.1.0/24 -> ${view}`]);
    registry.setNetwork('swarm', undefined);
    expect(clients(registry)).toEqual([]);
  });

  it('a guest of a bridge stands in the network that it belongs to, and apart from those who come from there', () => {
    const registry = new ViewRegistry();
    const overlay = network('ov', { key: 'ov', kind: 'overlay', subnets: [{ address: '10.0.1.0', length: 24 }] });
    const guests = [{ address: '172.18.0.7', network: 'ov' }];
    registry.setNetwork('a', network('docker_gwbridge', { guests }));
    registry.setNetwork('b', overlay);
    registry.setAgent('a', agent);
    const [own, guest] = registry.within(overlay);
    expect(clients(registry)).toEqual(expect.arrayContaining([`10.0.1.0/24 -> ${own}`, `172.18.0.7/32 -> ${guest}`]));
    expect(own).not.toBe(guest);
    const [bridge] = registry.within(network('docker_gwbridge'));
    expect(registry.bridges(agent)).toEqual([
      { view: bridge, gateways: ['172.18.0.1'] },
      { view: guest, gateways: ['172.18.0.1'] },
    ]);
    // A node of a swarm is on the machine of an engine when it has an address of it.
    const { ownPrefixes, ...node } = agent;
    expect(registry.bridges({ ...node, id: 'node' })).toEqual(registry.bridges(agent));
    expect(registry.bridges({ ...node, id: 'node', addresses: ['192.0.2.11'] })).toEqual([]);
  });

  it('the number of a view says what is true of all clients there', () => {
    const registry = new ViewRegistry();
    const traits = (name: string, some: Partial<Network>) =>
      registry.within(network(name, some)).map((view) => view & (Trait.CLOSED | Trait.BRIDGED | Trait.WITHOUT_IPV6));
    const ipv4 = { address: '172.18.0.0', length: 16 };
    const ipv6 = { address: '2001:db8::', length: 64 };
    expect(traits('plain', {})).toEqual([Trait.BRIDGED | Trait.WITHOUT_IPV6]);
    expect(traits('six', { subnets: [ipv4, ipv6] })).toEqual([Trait.BRIDGED]);
    expect(traits('inner', { isInternal: true })).toEqual([Trait.CLOSED | Trait.BRIDGED | Trait.WITHOUT_IPV6]);
    expect(traits('far', { isNear: false, subnets: [ipv6] })).toEqual([0]);
    expect(traits('plugin', { kind: 'other', subnets: [] })).toEqual([0]);
    expect(traits('overlay', { kind: 'overlay', subnets: [ipv4, ipv6] })).toEqual([
      Trait.WITHOUT_IPV6,
      Trait.BRIDGED | Trait.WITHOUT_IPV6,
    ]);
  });

  it('tells when the bridges are others', () => {
    const registry = new ViewRegistry();
    registry.setAgent('a', agent);
    registry.setNetwork('a', network('appnet'));
    expect(registry.takeBridges()).toBe(true);
    registry.setNetwork('b', network('overlay', { kind: 'overlay' }));
    expect(registry.takeBridges()).toBe(false);
    registry.setNetwork('a', undefined);
    expect(registry.takeBridges()).toBe(true);
  });

  it('a network keeps its number while it changes, and another one does not get it soon', () => {
    const registry = new ViewRegistry();
    registry.setNetwork('a', network('appnet'));
    const view = registry.within(network('appnet'));
    const changed = network('appnet', { subnets: [] });
    registry.setNetwork('a', changed);
    expect(registry.within(changed)).toEqual(view);
    registry.setNetwork('a', undefined);
    registry.setNetwork('b', network('other'));
    expect(registry.within(network('other'))).not.toEqual(view);
  });

  it('numbers of networks that are gone are used again when all others are', () => {
    const registry = new ViewRegistry();
    registry.setNetwork('a', network('first'));
    const [first] = registry.within(network('first'));
    registry.setNetwork('a', undefined);
    const numbers = new Set<number>();
    for (let i = 0; !numbers.has(first!); i++) numbers.add(registry.within(network(`${i}`))[0]!);
    expect(numbers.size).toBe(8_189);
    expect(() => registry.within(network('one-more'))).toThrow('Cannot tell more than 8190 networks apart');
  });

  it('settings overrule: outside, the host, or a network by name', () => {
    const registry = new ViewRegistry({
      clients: {
        '10.9.0.0/16': 'appnet',
        '172.18.0.0/16': 'outside',
        '2001:db8::/32': 'host',
        '10.8.0.0/16': 'nosuch',
      },
    });
    registry.setNetwork('a', network('appnet'));
    const [view] = registry.within(network('appnet'));
    expect(clients(registry)).toEqual(
      [
        `10.9.0.0/16 -> ${view}`,
        `172.18.0.0/16 -> ${OUTSIDE}`,
        `172.18.0.1/32 -> ${HERE}`,
        `2001:db8::/32 -> ${HERE}`,
      ].sort(),
    );
    expect(() => new ViewRegistry({ clients: { '10.9.0.0': 'host' } })).toThrow(
      'views.clients: expected a prefix such as 10.9.0.0/16, got 10.9.0.0',
    );
  });

  it('tells clients only when something may have changed', () => {
    const registry = new ViewRegistry();
    expect(registry.takeClients()).toEqual([]);
    expect(registry.takeClients()).toBeUndefined();
    registry.setAgent('a', agent);
    expect(registry.takeClients()).toHaveLength(2);
    registry.setAgent('a', { ...agent, hostname: 'other' });
    expect(registry.takeClients()).toBeUndefined();
  });
});
