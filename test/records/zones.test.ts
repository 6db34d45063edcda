import { describe, expect, it } from 'vitest';
import { reverseOrigins } from '../../src/records/reverse.ts';
import { zoneSpecs } from '../../src/records/zones.ts';
import { Type } from '../../src/wire/codes.ts';
import { fold, nameToText } from '../../src/wire/name.ts';
import type { ZoneSpec } from '../../src/zone/spec.ts';
import type { SomeSettings } from './sample.ts';
import { builderFor, line, settings, task, vipPort } from './sample.ts';

function zones(some: SomeSettings = {}): Map<string, ZoneSpec> {
  const specs = zoneSpecs(settings(some));
  const map = new Map(specs.map((spec) => [nameToText(spec.origin), spec]));
  expect(map.size).toBe(specs.length);
  return map;
}

/** What an alias zone points at. */
const targetOf = (spec: ZoneSpec | undefined): string | undefined => spec?.alias && nameToText(spec.alias.target);

describe('zones', () => {
  it('the Mesos domain has the SOA and NS of Mesos-DNS', () => {
    const spec = zones().get('mesos.')!;
    expect(nameToText(spec.soa.mname)).toBe('ns1.mesos.');
    expect(nameToText(spec.soa.rname)).toBe('root.ns1.mesos.');
    expect(spec.soa).toMatchObject({ refresh: 60, retry: 600, expire: 86400, minimum: 60 });
    expect([spec.soaTtl, spec.apex.map(line)]).toEqual([60, ['mesos. 60 NS ns1.mesos.']]);
  });

  it('an @ in the mailbox counts as a dot', () => {
    const soa = { ...settings().mesos.soa, rname: 'root@example.org' };
    expect(nameToText(zones({ mesos: { soa } }).get('mesos.')!.soa.rname)).toBe('root.example.org.');
  });

  it('the zones of dcos-net have its SOA and NS', () => {
    const all = zones();
    for (const origin of ['l4lb.thisdcos.directory.', 'dcos.thisdcos.directory.', 'spartan.', 'zk.', 'localhost.']) {
      const spec = all.get(origin)!;
      expect(nameToText(spec.soa.mname)).toBe('ns.spartan.');
      expect(nameToText(spec.soa.rname)).toBe('support.mesosphere.com.');
      expect(spec.soa).toMatchObject({ refresh: 60, retry: 180, expire: 86400, minimum: 1 });
      expect([spec.soaTtl, spec.apex.map(line)]).toEqual([5, [`${origin} 3600 NS ns.spartan.`]]);
    }
  });

  it('the mirror is the Mesos domain under another name, with TTL 5 and SRV 1 1, and an apex of its own', () => {
    const spec = zones({ mesos: { domain: 'example' } }).get('mesos.thisdcos.directory.')!;
    expect(targetOf(spec)).toBe('example.');
    expect(spec.alias).toMatchObject({ ttl: 5, srv: { priority: 1, weight: 1 } });
    expect(spec.apex.map(line)).toEqual(['mesos.thisdcos.directory. 3600 NS ns.spartan.']);
  });

  it('second names are aliases of the zones that hold the data', () => {
    const all = zones({
      dcos: { clusterId: 'yyy', thisNode: { private: [], public: [] }, aliases: { component: {} } },
    });
    const found = [...all].flatMap(([origin, spec]) => (spec.alias ? [`${origin} ${targetOf(spec)}`] : [])).sort();
    expect(found).toEqual(
      [
        'mesos.thisdcos.directory. mesos.',
        'dclb.thisdcos.directory. l4lb.thisdcos.directory.',
        'dclb.thisdcos.global. l4lb.thisdcos.directory.',
        ...['thisdcos.global.', 'yyy.dcos.directory.'].flatMap((suffix) => [
          ...['l4lb', 'dcos', 'thisnode', 'component'].map((z) => `${z}.${suffix} ${z}.thisdcos.directory.`),
          `mesos.${suffix} mesos.`,
        ]),
      ].sort(),
    );
    for (const spec of all.values()) expect(all.get(targetOf(spec) ?? 'mesos.')?.alias).toBeUndefined();
    expect(all.get('l4lb.yyy.dcos.directory.')?.apex).toEqual([]);
  });

  it('without dcos there is the Mesos domain alone', () => {
    expect([...zones({ dcos: { enabled: false } }).keys()]).toEqual(['mesos.']);
  });

  it('reverse zones serve one PTR record an address', () => {
    const all = zones({ reverse: { prefixes: [{ address: '10.0.0.0', length: 8 }], ttlSeconds: 30 } });
    expect(all.get('10.in-addr.arpa.')).toMatchObject({ soaTtl: 30, singleValued: [Type.PTR] });
  });

  it('every zone that a builder contributes to is there, and holds the names', () => {
    const some: SomeSettings = {
      mesos: { selfAddresses: ['192.0.2.53'] },
      dcos: { thisNode: { private: ['192.0.2.7'], public: [] }, aliases: { component: { a: 'b.example' } } },
      reverse: { prefixes: [{ address: '192.0.2.0', length: 24 }] },
    };
    const of = task({ ports: [vipPort('/a', { hostPort: 1 })] });
    const builder = builderFor([of], settings(some));
    const leader = { ip: '192.0.2.6', port: 5050 };
    const made = [
      ...builder.task(of),
      ...builder.agent(of.agent),
      ...builder.masters({ leader, all: [leader] }),
      ...builder.self(),
    ];
    const all = zones(some);
    expect(new Set(made.map(({ zone }) => nameToText(zone)))).toEqual(
      new Set([...all.values()].filter(({ alias }) => !alias).map(({ origin }) => nameToText(origin))),
    );
    for (const { zone, records } of made)
      for (const { owner } of records) expect(fold(owner).endsWith(zone)).toBe(true);
  });
});

describe('reverse zones of a prefix', () => {
  const texts = (address: string, length: number): string[] => reverseOrigins({ address, length }).map(nameToText);

  it.each([
    ['10.0.0.0', 8, ['10.in-addr.arpa.']],
    ['10.1.2.3', 16, ['1.10.in-addr.arpa.']],
    ['192.0.2.1', 32, ['1.2.0.192.in-addr.arpa.']],
    ['172.16.0.0', 15, ['16.172.in-addr.arpa.', '17.172.in-addr.arpa.']],
    ['0.0.0.0', 0, ['in-addr.arpa.']],
    ['2001:db8::', 32, ['8.b.d.0.1.0.0.2.ip6.arpa.']],
    ['fd00::', 7, ['c.f.ip6.arpa.', 'd.f.ip6.arpa.']],
  ])('%s/%d is %j (RFC 1035 3.5, RFC 3596 2.5)', (address, length, expected) => {
    expect(texts(address, length)).toEqual(expected);
  });

  it.each([
    ['10.0.0.0', 33],
    ['x', 8],
    ['10.0.0.0', -1],
  ])('%s/%d is refused by name', (address, length) => {
    expect(() => texts(address, length)).toThrow(`got ${address}/${length}`);
  });
});
