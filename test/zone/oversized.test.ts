// Which RRsets no message can hold.
import { expect, it } from 'vitest';
import { oversizedSets } from '../../src/zone/oversized.ts';
import { rr } from '../answer/desk.ts';

it('names a set beyond 65,535 octets and no other (RFC 1035 4.2.2)', () => {
  const many = (owner: string, count: number) =>
    Array.from({ length: count }, (_, i) => rr(`${owner} 60 SRV 0 1 ${i} target-${i}.example.org.`));
  const found = oversizedSets([...many('_a._tcp.example.org', 1_000), ...many('_B._tcp.example.org', 3_000)]);
  expect(found.map(({ name }) => name)).toEqual(['_b._tcp.example.org. SRV']);
  expect(found[0]!.why).toMatch(/^3000 records are about \d+ octets/);
});
