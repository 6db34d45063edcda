import { describe, expect, it } from 'vitest';
import { Type } from '../../src/wire/codes.ts';
import { nameToText, parseName } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { soaRdata, srvRdata } from '../../src/wire/rr.ts';
import type { ZoneSpec } from '../../src/zone/spec.ts';
import { expandAlias } from '../../src/zone/spec.ts';

const TARGET = parseName('example.org');
const soa = { mname: parseName('ns'), rname: parseName('root'), refresh: 1, retry: 1, expire: 1, minimum: 1 };
const rr = (owner: string, type: number, rdata: string, ttl = 60): RR => ({
  owner: parseName(owner),
  type,
  ttl,
  rdata,
});

const target: readonly RR[] = [
  rr('example.org', Type.SOA, soaRdata({ ...soa, serial: 1 })),
  rr('example.org', Type.NS, parseName('ns.example.org')),
  rr('Web.example.org', Type.A, '\xc0\0\x02\x01'),
  rr('_web._tcp.example.org', Type.SRV, srvRdata(0, 7, 8080, parseName('Web.example.org'))),
  rr('out.example.org', Type.CNAME, parseName('www.example.net')),
  rr('mail.example.org', Type.MX, `\0\x0a${parseName('web.example.org')}`),
];

const renamed: ZoneSpec = { origin: parseName('copy.test'), soa, soaTtl: 5, apex: [], alias: { target: TARGET } };

describe('the listing of an alias zone', () => {
  it('has the target records under its own origin, names in the data, too', () => {
    const records = expandAlias(renamed, target);
    expect(records.map(({ owner, type }) => `${nameToText(owner)} ${type}`)).toEqual([
      'copy.test. 2',
      'Web.copy.test. 1',
      '_web._tcp.copy.test. 33',
      'out.copy.test. 5',
      'mail.copy.test. 15',
    ]);
    expect(records.map(({ ttl }) => ttl)).toEqual([60, 60, 60, 60, 60]);
    expect(records[0]!.rdata).toBe(parseName('ns.copy.test'));
    expect(records[2]!.rdata).toBe(srvRdata(0, 7, 8080, parseName('Web.copy.test')));
    expect(records[3]!.rdata).toBe(parseName('www.example.net'));
    expect(records[4]!.rdata).toBe(`\0\x0a${parseName('web.copy.test')}`);
  });

  it('has its own NS, TTL, priority and weight where the alias says so (the mirror of dcos-net)', () => {
    const apex = [rr('copy.test', Type.NS, parseName('ns.spartan'), 3600)];
    const alias = { target: TARGET, ttl: 5, srv: { priority: 1, weight: 1 } };
    const records = expandAlias({ ...renamed, apex, alias }, target);
    expect(records.filter(({ type }) => type === Type.NS)).toEqual(apex);
    expect(records.slice(1).every(({ ttl }) => ttl === 5)).toBe(true);
    expect(records.find(({ type }) => type === Type.SRV)?.rdata).toBe(srvRdata(1, 1, 8080, parseName('Web.copy.test')));
  });

  it('leaves out a record whose new name would be over 255 octets', () => {
    const long = `${'a'.repeat(60)}.`.repeat(3);
    const wide = rr(`${long}example.org`, Type.A, '\xc0\0\x02\x01');
    expect(expandAlias(renamed, [wide])).toHaveLength(1);
    const origin = parseName(`${'b'.repeat(60)}.${'c'.repeat(60)}`);
    expect(expandAlias({ ...renamed, origin }, [wide])).toEqual([]);
  });

  it('is refused for a zone that is no alias', () => {
    expect(() => expandAlias({ origin: TARGET, soa, soaTtl: 5, apex: [] }, [])).toThrow('no alias');
  });
});
