import { describe, expect, it } from 'vitest';
import type { Contribution } from '../../src/records/index.ts';
import { reverseName } from '../../src/records/reverse.ts';
import { nameToText } from '../../src/wire/name.ts';
import { addressOctets } from '../../src/wire/rr.ts';
import { agent, builderFor, framework, line, netinfo, settings, task } from './sample.ts';

const from = settings({
  reverse: {
    prefixes: [
      { address: '9.0.0.0', length: 8 },
      { address: '192.0.2.0', length: 24 },
      { address: 'fd01:b::', length: 32 },
    ],
  },
});

const ptr = (made: readonly Contribution[]): string[] =>
  made.flatMap(({ records }) => records.map(line)).filter((each) => each.includes(' PTR '));

describe('names of addresses', () => {
  it('the name of an address is its octets, or its nibbles, backwards (RFC 1035 3.5, RFC 3596 2.5)', () => {
    expect(nameToText(reverseName(addressOctets('192.0.2.10')!))).toBe('10.2.0.192.in-addr.arpa.');
    expect(nameToText(reverseName(addressOctets('2001:db8::567:89ab')!))).toBe(
      'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
    );
  });

  it("a task's own addresses are called by its label, one name for each address", () => {
    const of = task({
      addresses: netinfo('9.0.1.2', 'fd01:b::3', '10.0.0.1'),
      discovery: { name: 'api.prod', ports: [] },
    });
    expect(ptr(builderFor([of], from).task(of))).toEqual([
      '2.1.0.9.in-addr.arpa. 60 PTR api-prod.marathon.mesos.',
      `3.${'0.'.repeat(23)}b.0.0.0.1.0.d.f.ip6.arpa. 60 PTR api-prod.marathon.mesos.`,
    ]);
  });

  it("its agent's address is called by the agent's name, whatever runs there", () => {
    const of = task({ addresses: netinfo('192.0.2.1') });
    const builder = builderFor([of], from);
    expect(ptr(builder.task(of))).toEqual([]);
    expect(ptr(builder.agent(agent()))).toEqual(['1.2.0.192.in-addr.arpa. 60 PTR slave.mesos.']);
  });

  it('a task without a name, or not running, names nothing', () => {
    const addresses = netinfo('9.0.1.2');
    for (const of of [task({ addresses, state: 'killing' }), task({ addresses, framework: framework({ name: '' }) })])
      expect(ptr(builderFor([of], from).task(of))).toEqual([]);
  });
});
