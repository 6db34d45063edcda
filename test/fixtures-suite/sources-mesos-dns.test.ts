// Mesos-DNS's own test state, of Mesos 0.19: what its suite asserts of addresses, ports and hosts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMesosState, readMesosStateText } from '../../src/sources/mesos-state.ts';

const fixtures = process.env.PORTOLAN_FIXTURES;

if (fixtures) {
  describe("Mesos-DNS's test state", () => {
    const text = readFileSync(join(fixtures, 'mesos-dns', 'fake.json'));
    const { cluster, problems } = readMesosStateText(text);

    test('is read without a problem, from its text as from the parsed tree', () => {
      expect(problems).toEqual([]);
      expect({ cluster, problems }).toEqual(readMesosState(JSON.parse(text.toString())));
    });

    test('has the agents, the framework hosts and the leader that its suite asserts', () => {
      expect(cluster.agents.flatMap(({ addresses }) => addresses).sort()).toEqual([
        '1.2.3.10',
        '1.2.3.11',
        '1.2.3.12',
        '2001:db8::1',
      ]);
      expect(cluster.frameworks.find(({ name }) => name === 'marathon')).toMatchObject({
        addresses: ['1.2.3.11'],
        port: 25_501,
      });
      expect(cluster.frameworks.find(({ name }) => name === 'ipv6-framework')).toMatchObject({
        addresses: ['2001:db8::1'],
      });
      expect(cluster.masters?.leader).toEqual({ ip: '127.0.0.1', port: 15_050 });
    });

    test('has the task addresses, ports and states that its suite asserts', () => {
      const running = cluster.tasks.filter(({ state }) => state === 'running');
      const addresses = (name: string) =>
        running
          .filter((task) => (task.discovery?.name ?? task.name) === name)
          .flatMap((task) => task.addresses.map(({ ip, origin }) => `${origin} ${ip}`));
      expect(addresses('big.dog')).toEqual(['docker 10.3.0.1']);
      expect(addresses('liquor.store')).toEqual(['docker 10.3.0.1', 'docker 10.3.0.2']);
      expect(addresses('toy-store')).toEqual(['netinfo 12.0.1.3', 'netinfo 12.0.1.2', 'netinfo fd01:b::1:8000:2']);
      expect(addresses('nginx')).toEqual(['mesos 10.3.0.3']);
      expect(running.find(({ name }) => name === 'car.store')).toMatchObject({ hostPorts: [31_364, 31_365] });
      expect(running.filter(({ name }) => name.startsWith('poseidon'))).toEqual([]);
    });
  });
} else {
  test('third-party fixtures are not given (PORTOLAN_FIXTURES is unset)', () => {
    expect(process.env.PORTOLAN_FIXTURES).toBeUndefined();
  });
}
