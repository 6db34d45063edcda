// Saved states: what is written is read back, and what was cut or changed anywhere is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import { readSnapshot, snapshotText } from '../../src/sources/snapshot.ts';
import { agent, framework, netinfo, task, vipPort } from '../records/sample.ts';

const agents = [agent({ id: 'S1' }), agent({ id: 'S2', addresses: ['192.0.2.2', '2001:db8::2'] })];
const frameworks = [framework(), framework({ id: 'f2', name: 'chronos \u{1f422}' })];
const cluster = (count: number): Cluster => ({
  tasks: Array.from({ length: count }, (_, i) =>
    task({
      id: `t${i}`,
      agent: agents[i % 2]!,
      framework: frameworks[i % 2]!,
      addresses: netinfo(`9.0.0.${i % 256}`),
      ports: [vipPort('/a', { labels: { b: 'c' } })],
      healthy: i % 3 === 0,
    }),
  ),
  agents,
  frameworks,
  masters: { leader: { ip: '192.0.2.6', port: 5050 }, all: [] },
});
const octetsOf = (of: Cluster): Buffer =>
  Buffer.from([...snapshotText({ source: 'mesos a', goodAt: 1_000, cluster: of })].join(''));

describe('a saved state', () => {
  test('gives what was saved, each agent and framework once', () => {
    for (const count of [0, 1, 200, 201, 450]) {
      const { source, goodAt, cluster: read } = readSnapshot(octetsOf(cluster(count)));
      expect([source, goodAt]).toEqual(['mesos a', 1_000]);
      expect(read).toEqual(cluster(count));
      for (const { agent: on } of read.tasks) expect(read.agents).toContain(on);
    }
  });

  test('keeps agents and frameworks that only tasks tell of off the lists', () => {
    const of = { ...cluster(4), agents: [], frameworks: frameworks.slice(0, 1) };
    expect(readSnapshot(octetsOf(of)).cluster).toEqual(of);
  });

  test('is refused when it is cut at any octet', () => {
    const octets = octetsOf(cluster(3));
    for (let length = 0; length < octets.length; length++)
      expect(() => readSnapshot(octets.subarray(0, length))).toThrow('its end is missing');
  });

  test('is refused when any octet of it is another', () => {
    const octets = octetsOf(cluster(2));
    fc.assert(
      fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(octets);
        changed[at]! ^= change;
        expect(() => readSnapshot(changed)).toThrow(/its (checksum is wrong|end is missing)/);
      }),
    );
  });
});
