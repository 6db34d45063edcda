import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transport } from '../../src/answer/responder.ts';
import { Count } from '../../src/base/counters.ts';
import { Rcode, Type } from '../../src/wire/codes.ts';
import { fold, nameToText, type OwnerName, parseName } from '../../src/wire/name.ts';
import { NameNode } from '../../src/wire/name-node.ts';
import { NodeRecord, SrvData } from '../../src/wire/node-record.ts';
import { addressOctets, type RR, srvRdata } from '../../src/wire/rr.ts';
import { EVERYWHERE, exceptIn, onlyIn } from '../../src/wire/views.ts';
import type { Contribution } from '../../src/zone/store.ts';
import { apexOf, Desk, madeZone, NOW_MS, rr, rrs } from '../answer/desk.ts';
import { query, TYPE, type WireMessage, type WireRecord } from '../live/wire.ts';
import { random } from '../sources/generate-state.ts';

const MADE = fold(parseName('example.org'));
const FILE = fold(parseName('example.net'));

/** A zone's records in text, the serial of its SOA left out. */
function contentOf({ store }: Desk, zone: OwnerName): string[] {
  return [...store.records(zone)]
    .map(({ owner, type, ttl, rdata, views }) => {
      const data = type === Type.SOA ? rdata.slice(0, -20) + rdata.slice(-16) : rdata;
      return `${nameToText(fold(owner))} ${ttl} ${type} ${JSON.stringify(data)} ${JSON.stringify(views ?? EVERYWHERE)}`;
    })
    .sort();
}

const OWNERS = ['', 'a.', 'b.a.', 'c.b.a.', '*.a.', 'd.', 'x.d.', 'ns.d.', 'e.'];
const TYPES = [Type.A, Type.AAAA, Type.TXT, Type.NS, Type.SRV, Type.CNAME, Type.DNAME];
const ASKED = [...OWNERS, 'missing.', 'y.a.', 'y.x.d.', 'z.z.z.e.'];

/** One of few records of a type, so that contributions often bring the same. */
function rdataOf(type: number, value: number, origin: string): string {
  const host = parseName(`${OWNERS[1 + value]}${origin}`);
  switch (type) {
    case Type.A:
      return addressOctets(`192.0.2.${value}`)!;
    case Type.AAAA:
      return addressOctets(`2001:db8::${value}`)!;
    case Type.TXT:
      return `\x01${value}`;
    case Type.SRV:
      return srvRdata(0, 0, 80 + value, host);
    case Type.DNAME:
      return parseName(`target.${origin}`);
    default:
      return host;
  }
}

const record = fc.record({
  isFile: fc.boolean(),
  owner: fc.constantFrom(...OWNERS),
  type: fc.constantFrom(...TYPES),
  value: fc.nat({ max: 2 }),
  ttl: fc.constantFrom(30, 60),
  views: fc.constantFrom(EVERYWHERE, EVERYWHERE, onlyIn([1]), onlyIn([2]), exceptIn([1])),
});

const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      key: fc.nat({ max: 3 }),
      records: fc.array(record, { maxLength: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('zone' as const) }) },
);

type State = Map<string, readonly Contribution[]>;

function contributions(records: readonly (typeof record extends fc.Arbitrary<infer T> ? T : never)[]): Contribution[] {
  return [MADE, FILE].map((zone, isFile) => ({
    zone,
    records: records
      .filter((one) => Number(one.isFile) === isFile)
      .map(({ owner, type, value, ttl, views }): RR => {
        const origin = nameToText(zone);
        const rdata = rdataOf(type, value, origin);
        return { owner: parseName(owner + origin), type, ttl, rdata, views };
      }),
  }));
}

const apex = [{ zone: FILE, records: rrs(apexOf('example.net')) }];

/** The zones as they come about when the final state is all there ever was. */
function fullBuild(state: State, hasFile: boolean): Desk {
  const desk = new Desk({ cacheSize: 0 });
  desk.store.addZone(MADE, madeZone('example.org'));
  if (hasFile) desk.store.addZone(FILE);
  for (const [key, list] of state) desk.store.set(key, list);
  desk.store.commit();
  return desk;
}

function without(zone: OwnerName, list: readonly Contribution[]): Contribution[] {
  return list.filter((one) => one.zone !== zone);
}

const textOf = ({ owner, type, ttl, rdata }: WireRecord): string =>
  `${owner} ${ttl} ${type} ${JSON.stringify(type === TYPE.SOA ? rdata.slice(0, -20) + rdata.slice(-16) : rdata)}`;

function summary({ rcode, aa, answer, authority, additional }: WireMessage): object {
  const [answers, authorities, additionals] = [answer, authority, additional].map((list) => list.map(textOf).sort());
  return { rcode, aa, answers, authorities, additionals };
}

describe('store: any sequence of changes ends in the zone that a full build from the final state gives', () => {
  it('record for record, and in every answer that is given on the way', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 14 }), (commands) => {
        const desk = new Desk();
        desk.store.addZone(MADE, madeZone('example.org'));
        const state: State = new Map();
        let hasFile = false;
        for (const step of [...commands, { kind: 'commit' as const }]) {
          if (step.kind === 'set') {
            const all = contributions(step.records);
            const list = hasFile ? all : without(FILE, all);
            state.set(`key ${step.key}`, list);
            desk.store.set(`key ${step.key}`, list);
          } else if (step.kind === 'zone') {
            hasFile = !hasFile;
            if (hasFile) {
              desk.store.addZone(FILE);
              desk.store.set('apex', apex);
              state.set('apex', apex);
            } else {
              for (const [key, list] of state) {
                state.set(key, without(FILE, list));
                desk.store.set(key, without(FILE, list));
              }
              desk.store.removeZone(FILE);
            }
          } else {
            const before = { serial: desk.store.serial(MADE), content: contentOf(desk, MADE) };
            const { zones } = desk.store.commit();
            const full = fullBuild(state, hasFile);
            for (const zone of [MADE, FILE]) expect(contentOf(desk, zone)).toEqual(contentOf(full, zone));
            expect(desk.store.origins.sort()).toEqual(full.store.origins.sort());
            expect(desk.store.size).toEqual(full.store.size);
            // The serial moves by one if the zone is among the changed ones, and else not at all (RFC 1982 3.1).
            const moved = (desk.store.serial(MADE)! - before.serial!) >>> 0;
            expect(moved).toBe(zones.includes(MADE) ? 1 : 0);
            if (JSON.stringify(before.content) !== JSON.stringify(contentOf(desk, MADE))) expect(moved).toBe(1);
            for (const origin of ['example.org', 'example.net'])
              for (const owner of ASKED)
                for (const type of [Type.A, Type.SRV, Type.NS, Type.TXT, Type.CNAME]) {
                  const asked = [owner + origin, type, { transport: 1, client: type % 3 }] as const;
                  expect(summary(desk.ask(...asked))).toEqual(summary(full.ask(...asked)));
                }
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('store: contributions', () => {
  const web = rr('www.example.org 60 A 192.0.2.1');

  function made(): Desk {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    desk.store.commit();
    return desk;
  }

  it('a record stays as long as one key brings it', () => {
    const desk = made().set('one', 'example.org', [web]).set('two', 'example.org', [web]);
    const has = () => [...desk.store.records(MADE)].filter(({ type }) => type === Type.A).length;
    desk.set('one', 'example.org', []);
    expect(has()).toBe(1);
    desk.set('two', 'example.org', []);
    expect(has()).toBe(0);
  });

  it('the same content again changes nothing: no serial, no publication of owners', () => {
    const desk = made().set('one', 'example.org', [web]);
    const serial = desk.store.serial(MADE);
    desk.store.set('one', [{ zone: MADE, records: [{ ...web }] }]);
    expect(desk.store.commit()).toEqual({ zones: [], owners: 0 });
    desk.store.set('two', [{ zone: MADE, records: [web] }]);
    expect(desk.store.commit()).toEqual({ zones: [], owners: 0 });
    desk.store.set('one', []);
    expect(desk.store.commit()).toEqual({ zones: [], owners: 0 });
    expect(desk.store.serial(MADE)).toBe(serial);
  });

  it('a change lays out the owners that it names and the apex with the serial, and no others', () => {
    const desk = made();
    const many = Array.from({ length: 500 }, (_, i) => rr(`n${i}.example.org 60 A 192.0.2.1`));
    desk.set('many', 'example.org', many);
    desk.store.set('one', [{ zone: MADE, records: [web] }]);
    expect(desk.store.commit()).toEqual({ zones: [MADE], owners: 2 });
  });

  it('leaves out records of zones that are not there and records outside of their zone', () => {
    const desk = made();
    desk.store.set('one', [
      { zone: fold(parseName('example.com')), records: [rr('www.example.com 60 A 192.0.2.1')] },
      { zone: MADE, records: [rr('www.example.com 60 A 192.0.2.1'), rr('notexample.org 60 A 192.0.2.1')] },
    ]);
    expect(desk.store.commit()).toEqual({ zones: [], owners: 0 });
    expect(desk.moved(Count.RCODE + 5, () => desk.ask('www.example.com', Type.A))).toBe(1);
  });

  it('gives an RRset one TTL, the least of those contributed (RFC 2181 5.2)', () => {
    const desk = made().set('one', 'example.org', [web, rr('www.example.org 30 A 192.0.2.2')]);
    expect(desk.ask('www.example.org', Type.A).answer.map(({ ttl }) => ttl)).toEqual([30, 30]);
    desk.set('two', 'example.org', [rr('www.example.org 10 A 192.0.2.2')]);
    expect(desk.ask('www.example.org', Type.A).answer.map(({ ttl }) => ttl)).toEqual([10, 10]);
    desk.set('two', 'example.org', []).set('one', 'example.org', [web]);
    expect(desk.ask('www.example.org', Type.A).answer.map(({ ttl }) => ttl)).toEqual([60]);
  });

  it('keeps the names between a record and the apex as long as something is below them (RFC 8020 2)', () => {
    const desk = made().set('one', 'example.org', [rr('a.b.c.example.org 60 A 192.0.2.1')]);
    expect(desk.ask('b.c.example.org', Type.A).rcode).toBe(0);
    expect(desk.ask('x.c.example.org', Type.A).rcode).toBe(3);
    desk.set('two', 'example.org', [rr('c.example.org 60 A 192.0.2.1')]).set('one', 'example.org', []);
    expect(desk.ask('b.c.example.org', Type.A).rcode).toBe(3);
    expect(desk.ask('c.example.org', Type.A).answer).toHaveLength(1);
  });

  it('serves the smallest rdata alone of types that the zone says are single', () => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org', { singleValued: [Type.PTR] }));
    const text = ['b', 'c', 'a'].map((host) => `1.example.org 60 PTR ${host}.example.org`).join('\n');
    desk.set('one', 'example.org', rrs(text));
    expect(desk.ask('1.example.org', Type.PTR).answer.map(({ names }) => names)).toEqual([['a.example.org.']]);
  });
});

describe('store: serial and apex', () => {
  it('a zone that is made begins with the time in seconds (RFC 1912 2.2) and goes on by ones', () => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    desk.store.commit();
    const first = desk.store.serial(MADE)!;
    expect(first - NOW_MS / 1000).toBeLessThanOrEqual(1);
    desk.set('one', 'example.org', [rr('a.example.org 60 A 192.0.2.1')]);
    desk.set('one', 'example.org', [rr('a.example.org 60 A 192.0.2.2')]);
    expect(desk.store.serial(MADE)).toBe(first + 2);
    const [soa] = desk.ask('example.org', Type.SOA).answer;
    expect(Buffer.from(soa!.rdata, 'latin1').readUInt32BE(soa!.rdata.length - 20)).toBe(first + 2);
  });

  it('a zone of a file has the serial of its SOA, whatever else changes', () => {
    const desk = new Desk().file('example.net', apexOf('example.net'));
    desk.set('one', 'example.net', [rr('a.example.net 60 A 192.0.2.1')]);
    expect(desk.store.serial(FILE)).toBe(1);
    expect(desk.ask('example.net', Type.SOA).answer).toHaveLength(1);
  });

  it('a file may give a zone that is made its SOA and NS; the serial stays ours', () => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    desk.set(
      'file',
      'example.org',
      rrs('example.org 7 SOA other.example.org me.example.org 1 2 3 4 5\nexample.org 8 NS other.example.org'),
    );
    const [soa] = desk.ask('example.org', Type.SOA).answer;
    expect([soa!.ttl, soa!.names[0]]).toEqual([7, 'other.example.org.']);
    expect(Buffer.from(soa!.rdata, 'latin1').readUInt32BE(soa!.rdata.length - 20)).toBe(desk.store.serial(MADE));
    expect(desk.ask('example.org', Type.NS).answer.map(({ ttl, names }) => [ttl, names[0]])).toEqual([
      [8, 'other.example.org.'],
    ]);
    desk.set('file', 'example.org', []);
    expect(desk.ask('example.org', Type.NS).answer.map(({ names }) => names[0])).toEqual(['ns.example.org.']);
  });
});

/** A service of which targets are an owner name, the same in another spelling, and one that is outside of the zone. */
function taskOf(number: number, filler: string): RR[] {
  const node = (text: string) => NameNode.of(parseName(`${text}example.org`));
  const service = (target: NameNode) =>
    new NodeRecord(node('_web._tcp.'), Type.SRV, 60, new SrvData(0, 1, 8_000 + number, target));
  const host = node(`host${number}.`);
  return [
    new NodeRecord(host, Type.A, 60, addressOctets(`192.0.2.${number}`)!),
    service(host),
    service(node(`HOST${number}.`)),
    service(NameNode.of(parseName(`host${number}.example.com`))),
    new NodeRecord(node('filler.'), Type.TXT, 60, filler),
  ];
}

describe('store: memory', () => {
  it('is laid anew when most of it is garbage; all names and targets are spelled as before, and names that went are gone', () => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    let isMoved = false;
    for (let round = 0; !isMoved; round++) {
      expect(round).toBeLessThan(1_000);
      const { used } = desk.image.size;
      // Each round another task goes, comes back or is changed; one stays from the first on.
      const number = 1 + (round % 5);
      const filler = Buffer.alloc(30_000, `${round},`).toString('latin1');
      desk.set('stays', 'example.org', taskOf(0, 'never changed'));
      desk.set(`task ${number}`, 'example.org', round % 3 === 2 ? [] : taskOf(number, filler));
      isMoved = desk.image.size.used < used;
    }
    const fresh = new Desk();
    fresh.store.addZone(MADE, madeZone('example.org'));
    fresh.set(
      'all',
      'example.org',
      [...desk.store.records(MADE)].filter(({ type }) => type !== Type.SOA),
    );
    expect(contentOf(desk, MADE)).toEqual(contentOf(fresh, MADE));
    const { answer, additional } = desk.ask('_web._tcp.example.org', Type.SRV, { transport: Transport.TCP });
    const targets = answer.map(({ names }) => names[0]).sort();
    expect(targets).toEqual(
      fresh
        .ask('_web._tcp.example.org', Type.SRV, { transport: Transport.TCP })
        .answer.map(({ names }) => names[0])
        .sort(),
    );
    expect(targets).toEqual(expect.arrayContaining(['HOST0.example.org.', 'host0.example.com.', 'host0.example.org.']));
    expect(additional.map(({ owner }) => owner.toLowerCase())).toContain('host0.example.org.');
    desk.set('stays', 'example.org', []);
    expect(desk.ask('host0.example.org', Type.A).rcode).toBe(Rcode.NXDOMAIN);
  });

  it('is laid anew piece by piece, while names come, go and change; each is answered as it was set last', () => {
    const GROUPS = 120;
    const NAMES = 60;
    const next = random(11);
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    /** What each group was set to last; 0 when it is not there. */
    const versions = Array.from({ length: GROUPS }, () => 1);
    const recordsOf = (group: number): RR[] => {
      const version = versions[group]!;
      const node = (text: string) => NameNode.of(parseName(`${text}-${group}.example.org`));
      if (version === 0) return [];
      return Array.from({ length: NAMES - (version % 7) }, (_, i) => [
        new NodeRecord(node(`n${i}`), Type.A, 60, addressOctets(`10.${group}.${version % 256}.${i}`)!),
        new NodeRecord(node('_s'), Type.SRV, 60, new SrvData(0, version % 9, i, node(`n${i}`))),
        new NodeRecord(node('_o'), Type.SRV, 60, new SrvData(0, version % 9, i, node(`elsewhere${version % 3}`))),
      ]).flat();
    };
    const check = (group: number): void => {
      const version = versions[group]!;
      for (const i of [0, 30, NAMES - 4, NAMES - 1]) {
        const { rcode, answer } = desk.ask(`n${i}-${group}.example.org`, Type.A);
        const isThere = version > 0 && i < NAMES - (version % 7);
        expect(rcode).toBe(isThere ? Rcode.NOERROR : Rcode.NXDOMAIN);
        expect(answer.map(({ rdata }) => rdata)).toEqual(
          isThere ? [addressOctets(`10.${group}.${version % 256}.${i}`)] : [],
        );
      }
    };
    const change = (group: number, version: number): void => {
      versions[group] = version;
      desk.set(`group ${group}`, 'example.org', recordsOf(group));
    };
    for (let group = 0; group < GROUPS; group++) change(group, 1);
    /** How many publications each compaction took. */
    const took: number[] = [];
    let pieces = 0;
    for (let round = 2; took.length < 4; round++) {
      expect(round).toBeLessThan(3_000);
      const filler = Buffer.alloc(60_000, `${round},`).toString('latin1');
      desk.set('filler', 'example.org', [
        new NodeRecord(NameNode.of(parseName('filler.example.org')), Type.TXT, 60, filler),
      ]);
      change(Math.floor(next() * GROUPS), next() < 0.2 ? 0 : round);
      check(Math.floor(next() * GROUPS));
      // The last one goes on while nothing changes.
      if (took.length === 3 && pieces > 0) while (desk.store.isCompacting) desk.store.tidy();
      if (desk.store.isCompacting) pieces++;
      else if (pieces > 0) {
        took.push(pieces);
        pieces = 0;
        for (let group = 0; group < GROUPS; group++) check(group);
        const { used, garbage } = desk.image.size;
        expect(garbage).toBeLessThan(used / 2);
      }
    }
    expect(Math.min(...took.slice(0, 3))).toBeGreaterThan(1);
    const fresh = new Desk();
    fresh.store.addZone(MADE, madeZone('example.org'));
    const all = [...desk.store.records(MADE)].filter(({ type }) => type !== Type.SOA);
    fresh.set('all', 'example.org', all);
    expect(contentOf(desk, MADE)).toEqual(contentOf(fresh, MADE));
    expect(all.filter(({ type }) => type === Type.SRV).length).toBe(
      versions.reduce((sum, version) => sum + (version === 0 ? 0 : 2 * (NAMES - (version % 7))), 0),
    );
  });

  it('is laid anew as it should be where it grows meanwhile, and waits for what is not committed', () => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    const hosts = (count: number, from: number): RR[] =>
      Array.from({ length: count }, (_, i) =>
        rr(`h${from + i}.example.org 60 A 10.0.${((from + i) >> 8) & 255}.${i & 255}`),
      );
    const large = (name: string, text: string): void => {
      const rdata = Buffer.alloc(60_000, text).toString('latin1');
      desk.set(name, 'example.org', [{ ...rr(`${name}.example.org 60 TXT x`), rdata }]);
    };
    const fill = (round: number): void => large('filler', `${round},`);
    desk.set('hosts', 'example.org', hosts(3_000, 0));
    let round = 0;
    while (!desk.store.isCompacting) fill(round++);
    // Tens of thousands of names more: tables, texts and arena are other ones then.
    desk.set('more', 'example.org', hosts(60_000, 3_000));
    const all = () =>
      ['h0', 'h2999', 'h3000', 'h62999'].map((host) => desk.ask(`${host}.example.org`, Type.A).answer.length);
    expect(all()).toEqual([1, 1, 1, 1]);
    while (desk.store.isCompacting) desk.store.tidy();
    expect(all()).toEqual([1, 1, 1, 1]);
    while (!desk.store.isCompacting) fill(round++);
    // And here texts only.
    const before = desk.image.texts.memory;
    for (let i = 0; desk.image.texts.memory === before; i++) large(`large${i}`, `${i},`);
    expect(all()).toEqual([1, 1, 1, 1]);
    while (!desk.store.isCompacting) fill(round++);
    desk.store.set('hosts', []);
    for (let i = 0; i < 100; i++) desk.store.tidy();
    expect(desk.store.isCompacting).toBe(true);
    expect(all()).toEqual([1, 1, 1, 1]);
    desk.store.commit();
    while (desk.store.isCompacting) desk.store.tidy();
    expect(all()).toEqual([0, 0, 1, 1]);
  });

  it('shows nothing of what comes with larger memory to who has not adopted that', () => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    const target = new Uint8Array(65_535 + 64);
    /** Asks as a thread does that has not looked for larger memory yet. */
    const rcodeOf = (name: string): number => {
      const message = query(name, TYPE.TXT);
      desk.responder.respond(message, 0, message.length, target, 0, Transport.TCP, 0);
      return target[3]! & 15;
    };
    let grown = 0;
    for (let i = 0; grown < 5; i++) {
      expect(i).toBeLessThan(5_000);
      const { memory } = desk.image.texts;
      // Where the name still fits in and what it says does not, it is found in both.
      const rdata = Buffer.alloc(2_000, `${i},`).toString('latin1');
      desk.set(`large ${i}`, 'example.org', [{ ...rr(`large${i}.example.org 60 TXT x`), rdata }]);
      if (desk.image.texts.memory !== memory) {
        grown++;
        expect(rcodeOf(`large${i}.example.org`)).toBe(Rcode.NXDOMAIN);
      }
      expect(desk.ask(`large${i}.example.org`, Type.TXT, { transport: Transport.TCP }).answer[0]!.rdata).toBe(rdata);
    }
  });

  it.each([
    ['with few names, ever new ones', 1, 40, 12_000],
    ['with more names at a time than a compaction goes over', 100, 400, 80],
  ])('does not grow for ever by changes alone: %s', (_, tasks, names, rounds) => {
    const desk = new Desk();
    desk.store.addZone(MADE, madeZone('example.org'));
    let most = 0;
    for (let round = 0; round < rounds; round++) {
      for (let task = 0; task < tasks; task++)
        desk.store.set(`task ${task}`, [
          {
            zone: MADE,
            records: Array.from(
              { length: names / 4 },
              (_, i) =>
                new NodeRecord(
                  NameNode.of(parseName(`n${i}-${task}-${round}.example.org`)),
                  Type.A,
                  60,
                  '\x0a\0\0\x01',
                ),
            ),
          },
        ]);
      desk.store.commit();
      most = Math.max(most, desk.image.size.used);
    }
    // What there is no use for any more is borne up to 8 and 4 MiB, and as much again while all goes over.
    expect(most).toBeLessThan(30 << 20);
    expect(desk.ask(`n0-0-${rounds - 1}.example.org`, Type.A).answer).toHaveLength(1);
    expect(desk.ask(`n0-0-${rounds - 2}.example.org`, Type.A).rcode).toBe(Rcode.NXDOMAIN);
  });
});
