// Octets in, octets out: what a reply owes to its client, and what may be kept for the next one.
import v8 from 'node:v8';
import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Order, STABLE_ORDER, Transport } from '../../src/answer/responder.ts';
import { Count } from '../../src/base/counters.ts';
import { fold, parseName } from '../../src/wire/name.ts';
import { hashName, hashNode } from '../../src/wire/name-hash.ts';
import { exceptIn, onlyIn } from '../../src/wire/views.ts';
import { decode, ipv4, query, TYPE, type WireMessage } from '../live/wire.ts';
import { apexOf, Desk, madeZone, rr, rrs } from './desk.ts';

const ZONE = `
  ${apexOf('example.org')}
  ns.example.org 300 A 192.0.2.1
  www.example.org 300 A 192.0.2.10
  www.example.org 300 A 192.0.2.11
  www.example.org 300 AAAA 2001:db8::10
  alias.example.org 300 CNAME www.example.org.
  loop1.example.org 300 CNAME loop2.example.org.
  loop2.example.org 300 CNAME loop1.example.org.
  _http._tcp.example.org 300 SRV 0 1 8080 a.example.org.
  _http._tcp.example.org 300 SRV 0 1 8081 a-longer-name.example.org.
  _http._tcp.example.org 300 SRV 0 1 8082 the-longest-of-all-the-names.example.org.
  a.example.org 300 A 192.0.2.21
  a-longer-name.example.org 300 A 192.0.2.22
  the-longest-of-all-the-names.example.org 300 A 192.0.2.23
  sub.example.org 300 NS ns.sub.example.org.
  ns.sub.example.org 300 A 192.0.2.53
  *.wild.example.org 300 A 192.0.2.99`;

/** Port and address of each SRV record, by way of its target in the additional section. */
function endpoints(reply: WireMessage): string[] {
  const address = new Map(reply.additional.map(({ owner, rdata }) => [owner.toLowerCase(), ipv4(rdata)]));
  return reply.answer.map(({ rdata, names }) => {
    const port = (rdata.charCodeAt(4) << 8) | rdata.charCodeAt(5);
    return `${address.get(names[0]!.toLowerCase())}:${port}`;
  });
}

const ENDPOINTS = ['192.0.2.21:8080', '192.0.2.22:8081', '192.0.2.23:8082'];

describe('the question', () => {
  it('comes back as it was spelled, from the cache too (RFC 4343, 0x20)', () => {
    const desk = new Desk().file('example.org', ZONE);
    const ask = (name: string) => desk.ask(name, TYPE.A);
    for (const name of ['www.example.org', 'wWw.eXample.ORG', 'WWW.EXAMPLE.ORG']) {
      const reply = ask(name);
      expect(reply.question[0]?.name.replace(/\.$/, '')).toBe(name);
      expect(new Set(reply.answer.map(({ rdata }) => ipv4(rdata)))).toEqual(new Set(['192.0.2.10', '192.0.2.11']));
    }
    expect(desk.moved(Count.CACHE_HITS, () => ask('wwW.example.org'))).toBe(1);
  });

  it('id, opcode, RD and CD are copied; AA on our data, no RA, no AD (RFC 1035 4.1.1, RFC 4035 3.2.2)', () => {
    const desk = new Desk().file('example.org', ZONE);
    const reply = desk.ask('www.example.org', TYPE.A, { id: 0x1234, flags: 0x0130 });
    expect(reply).toMatchObject({
      id: 0x1234,
      isReply: true,
      opcode: 0,
      rd: true,
      cd: true,
      aa: true,
      ra: false,
      ad: false,
      z: false,
    });
  });

  it('a message that is a reply, or shorter than a header, gets none', () => {
    const desk = new Desk().file('example.org', ZONE);
    const message = query('www.example.org', TYPE.A);
    message[2]! |= 0x80;
    const replies = [message, ...Array.from({ length: 12 }, (_, n) => query('www.example.org', TYPE.A).subarray(0, n))];
    expect(
      desk.moved(Count.SILENCE, () => {
        for (const octets of replies) expect(desk.respond(octets)).toHaveLength(0);
      }),
    ).toBe(13);
  });

  it.each([
    ['NOTIFY without being secondary', 0x2000, 9],
    ['UPDATE', 0x2800, 4],
    ['STATUS', 0x1000, 4],
    ['an unassigned opcode', 0x7800, 4],
  ])('%s is answered with its rcode, opcode copied (RFC 8906 3.1.4)', (_, flags, rcode) => {
    const desk = new Desk().file('example.org', ZONE);
    const reply = desk.ask('www.example.org', TYPE.A, { flags });
    expect([reply.rcode, reply.opcode, reply.answer]).toEqual([rcode, flags >> 11, []]);
  });

  it('other classes are refused; CH tells what it may (RFC 4892)', () => {
    const desk = new Desk({ chaos: new Map([['version.bind.', 'portolan']]) }).file('example.org', ZONE);
    const version = desk.ask('VERSION.bind', TYPE.TXT, { class: 3 });
    expect([version.rcode, version.answer[0]?.rdata]).toEqual([0, '\x08portolan']);
    expect(desk.ask('hostname.bind', TYPE.TXT, { class: 3 }).rcode).toBe(5);
    expect(desk.ask('www.example.org', TYPE.A, { class: 255 }).rcode).toBe(5);
  });

  it('transfers are refused', () => {
    const desk = new Desk().file('example.org', ZONE);
    for (const type of [251, 252]) expect(desk.ask('example.org', type, { transport: Transport.TCP }).rcode).toBe(5);
  });
});

describe('answers (RFC 1034 4.3.2)', () => {
  const desk = new Desk().file('example.org', ZONE);

  it.each([
    ['an alias and what it leads to', 'alias.example.org', TYPE.A, 0, ['CNAME', 'A', 'A']],
    ['an alias asked for itself', 'alias.example.org', TYPE.CNAME, 0, ['CNAME']],
    ['a loop: each alias once', 'loop1.example.org', TYPE.A, 0, ['CNAME', 'CNAME']],
    ['a wildcard', 'x.y.wild.example.org', TYPE.A, 0, ['A']],
    ['a name that is not there', 'nothing.example.org', TYPE.A, 3, []],
    ['a type that is not there', 'www.example.org', TYPE.TXT, 0, []],
    ['an empty non-terminal', '_tcp.example.org', TYPE.A, 0, []],
    ['a zone that is not ours', 'www.example.com', TYPE.A, 5, []],
  ])('%s', (_, name, type, rcode, types) => {
    const reply = desk.ask(name, type);
    const mnemonics = new Map(Object.entries(TYPE).map(([text, code]) => [code as number, text]));
    expect([reply.rcode, reply.answer.map((record) => mnemonics.get(record.type))]).toEqual([rcode, types]);
    expect(reply.aa).toBe(rcode !== 5);
    const soa = reply.authority.filter((record) => record.type === TYPE.SOA);
    const isNegative = rcode === 3 || (rcode === 0 && types.length === 0);
    expect(soa.map(({ ttl }) => ttl)).toEqual(isNegative ? [60] : []);
  });

  it('a cut: no AA, the NS set, and glue', () => {
    const reply = desk.ask('host.sub.example.org', TYPE.A);
    expect([reply.aa, reply.answer.length, reply.authority[0]?.names, ipv4(reply.additional[0]!.rdata)]).toEqual([
      false,
      0,
      ['ns.sub.example.org.'],
      '192.0.2.53',
    ]);
  });

  it('a zone whose sources have said nothing yet: SERVFAIL with a reason, never NXDOMAIN (RFC 8914 4.15)', () => {
    const made = new Desk();
    made.store.addZone(parseName('mesos'), madeZone('mesos'), false);
    made.store.commit();
    const before = made.ask('web.marathon.mesos', TYPE.A, { edns: {} });
    expect([before.rcode, before.opt?.options.get(15)?.readUInt16BE(0)]).toEqual([2, 14]);
    made.store.setReady(fold(parseName('mesos')), true);
    made.store.commit();
    expect(made.ask('web.marathon.mesos', TYPE.A).rcode).toBe(3);
  });
});

describe('the order of records', () => {
  it('turns: each record comes first equally often, and every turn names the same endpoints', () => {
    const desk = new Desk().file('example.org', ZONE);
    const first = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      const reply = desk.ask('_http._tcp.example.org', TYPE.SRV, { edns: {} });
      expect(reply.faults).toEqual([]);
      const found = endpoints(reply);
      expect([...found].sort()).toEqual(ENDPOINTS);
      first.set(found[0]!, (first.get(found[0]!) ?? 0) + 1);
    }
    expect([...first.values()]).toEqual([10, 10, 10]);
  });

  it('turns in sets whose records are found with compressed names too (NS, MX)', () => {
    const lines = Array.from(
      { length: 5 },
      (_, i) => `example.org 300 MX ${i} mx${i}.mail.example.org.\n mx${i}.mail.example.org 300 A 192.0.2.${i}`,
    );
    const desk = new Desk().file('example.org', `${apexOf('example.org')}\n${lines.join('\n')}`);
    const firsts = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const reply = desk.ask('example.org', TYPE.MX, { edns: {} });
      expect(reply.faults).toEqual([]);
      expect(reply.answer.flatMap(({ names }) => names).sort()).toEqual(
        [0, 1, 2, 3, 4].map((n) => `mx${n}.mail.example.org.`),
      );
      firsts.add(reply.answer[0]!.names[0]!);
    }
    expect(firsts.size).toBe(5);
  });

  it('stays for clients that want it to, and for all when it is fixed', () => {
    const first = (desk: Desk, client: number) =>
      new Set(
        Array.from(
          { length: 9 },
          () => endpoints(desk.ask('_http._tcp.example.org', TYPE.SRV, { edns: {}, client }))[0],
        ),
      );
    const desk = new Desk().file('example.org', ZONE);
    expect(first(desk, STABLE_ORDER).size).toBe(1);
    expect(first(desk, 0).size).toBe(3);
    expect(first(new Desk({ order: Order.FIXED }).file('example.org', ZONE), 0).size).toBe(1);
    expect(first(new Desk({ order: Order.RANDOM }).file('example.org', ZONE), 0).size).toBeGreaterThan(1);
  });
});

describe('size (RFC 6891, RFC 2181 9)', () => {
  const many = Array.from({ length: 100 }, (_, i) => `many.example.org 300 A 192.0.2.${i}`).join('\n');
  const desk = new Desk().file('example.org', `${ZONE}\n${many}`);

  it.each([
    ['no OPT', {}, Transport.UDP, 512, true],
    ['OPT of 1232', { edns: { size: 1232 } }, Transport.UDP, 1232, true],
    ['OPT of 4096: our own limit', { edns: { size: 4096 } }, Transport.UDP, 1232, true],
    ['OPT of 100 counts as 512', { edns: { size: 100 } }, Transport.UDP, 512, true],
    ['TCP', {}, Transport.TCP, 65_535, false],
  ])('%s', (_, options, transport, limit, isCut) => {
    const moved = desk.moved(Count.TRUNCATED, () => {
      const reply = desk.ask('many.example.org', TYPE.A, { ...options, transport });
      expect(reply.size).toBeLessThanOrEqual(limit);
      expect([reply.tc, reply.opt !== undefined]).toEqual([isCut, 'edns' in options]);
      if (!isCut) expect(reply.answer).toHaveLength(100);
      else expect(reply.size).toBeGreaterThan(limit - 32);
    });
    expect(moved).toBe(isCut ? 1 : 0);
  });

  it('optional addresses are left out without TC', () => {
    const lines = Array.from(
      { length: 9 },
      (_, i) =>
        `_s._tcp.example.org 300 SRV 0 1 ${i} t${i}.part.example.org.\nt${i}.part.example.org 300 A 192.0.2.${i}`,
    );
    const reply = new Desk().file('example.org', `${ZONE}\n${lines.join('\n')}`).ask('_s._tcp.example.org', TYPE.SRV);
    expect([reply.tc, reply.answer.length]).toEqual([false, 9]);
    expect(reply.additional.length).toBeLessThan(9);
  });

  it('ANY is one set over UDP and all over TCP (RFC 8482)', () => {
    const types = (transport: number) =>
      new Set(desk.ask('www.example.org', TYPE.ANY, { transport }).answer.map(({ type }) => type)).size;
    expect([types(Transport.UDP), types(Transport.TCP)]).toEqual([1, 2]);
  });
});

describe('what is kept', () => {
  it('an answer stays while other names change, and goes when its own, its target or its zone does', () => {
    const desk = new Desk();
    desk.store.addZone(parseName('mesos'), madeZone('mesos'));
    const set = (key: string, text: string) => desk.set(key, 'mesos', rrs(text));
    set('a', '_web._tcp.mesos 60 SRV 0 1 80 web.mesos.');
    set('b', 'web.mesos 60 A 192.0.2.1');
    const srv = () => desk.ask('_web._tcp.mesos', TYPE.SRV, { edns: {} });
    const hits = (work: () => void) => desk.moved(Count.CACHE_HITS, work);
    srv();
    expect(hits(srv)).toBe(1);
    set('c', 'other.mesos 60 A 192.0.2.2');
    expect(hits(srv)).toBe(1);
    set('b', 'web.mesos 60 A 192.0.2.3');
    expect(hits(() => expect(ipv4(srv().additional[0]!.rdata)).toBe('192.0.2.3'))).toBe(0);
    set('a', '_web._tcp.mesos 60 SRV 0 1 81 web.mesos.');
    expect(hits(() => expect(endpoints(srv())).toEqual(['192.0.2.3:81']))).toBe(0);
  });

  it('that a name is missing is forgotten once it comes', () => {
    const desk = new Desk();
    desk.store.addZone(parseName('mesos'), madeZone('mesos'));
    desk.store.commit();
    const ask = () => desk.ask('late.mesos', TYPE.A).rcode;
    expect([ask(), ask()]).toEqual([3, 3]);
    desk.set('late', 'mesos', rrs('late.mesos 60 A 192.0.2.7'));
    expect(ask()).toBe(0);
    desk.set('late', 'mesos', []);
    expect(ask()).toBe(3);
  });

  it('a name that is prepared but not in force yet is missing until it is, and no longer', () => {
    const desk = new Desk();
    desk.store.addZone(parseName('mesos'), madeZone('mesos'));
    desk.set('web', 'mesos', rrs('web.mesos 60 A 192.0.2.1'));
    const ask = () => desk.ask('late.mesos', TYPE.TXT).rcode;
    const { image } = desk;
    const name = parseName('late.mesos');
    const set = { type: TYPE.TXT, ttl: 60, rdata: [image.texts.add('\x01t')] };
    image.prepare(1, 0, 1);
    image.setNode(1, image.texts.add(name), [set], hashNode(hashName(name), 1));
    expect([ask(), ask()]).toEqual([3, 3]);
    image.publish();
    expect(ask()).toBe(0);
  });

  it('what is missing stays known while other names come and go, under the serial that the zone has now', () => {
    const desk = new Desk();
    desk.store.addZone(parseName('mesos'), madeZone('mesos'));
    desk.set('web', 'mesos', rrs('web.mesos 60 A 192.0.2.1'));
    const serials = () =>
      [desk.ask('gone.web.mesos', TYPE.A), desk.ask('web.mesos', TYPE.MX)].map(({ authority }) =>
        Buffer.from(authority[0]!.rdata.slice(-20, -16), 'latin1').readUInt32BE(),
      );
    const [first] = serials();
    for (let change = 1; change <= 3; change++) {
      desk.set('other', 'mesos', rrs(`other-${change}.mesos 60 A 192.0.2.2`));
      const hits = desk.moved(Count.CACHE_HITS, () => expect(serials()).toEqual([first! + change, first! + change]));
      expect(hits).toBe(2);
    }
  });

  it('whatever changes, what is kept answers as if nothing were', () => {
    const owners = ['a', 'b.a', 'c.b.a', '*.a', '*.b.a', '*', 'd'].map((label) => `${label}.mesos`);
    const missing = ['mesos', 'x.mesos', 'x.a.mesos', 'x.b.a.mesos', 'y.x.c.b.a.mesos', 'x.d.mesos'];
    const asked = [...owners, ...missing].flatMap((name) => [name, name.replace(/mesos$/, 'second.example.org')]);
    const text = ['A 192.0.2.1', 'A 192.0.2.2', 'TXT "t"', 'CNAME d.mesos.', 'SRV 0 1 80 x.a.mesos.', 'NS d.mesos.'];
    const change = fc.record({
      owner: fc.constantFrom(...owners),
      text: fc.constantFrom('', ...text, 'DNAME d.mesos.'),
      isAsked: fc.boolean(),
    });
    const alias = madeZone('second.example.org', { alias: { target: fold(parseName('mesos')) } });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const desks = [new Desk({ order: Order.FIXED }), new Desk({ order: Order.FIXED, cacheSize: 0 })];
        for (const { store } of desks) {
          store.addZone(parseName('mesos'), madeZone('mesos'));
          store.addZone(parseName('second.example.org'), alias);
        }
        for (const { owner, text, isAsked } of changes) {
          for (const desk of desks) desk.set(owner, 'mesos', text === '' ? [] : rrs(`${owner} 60 ${text}`));
          for (const name of isAsked ? asked : [])
            for (const type of [TYPE.A, TYPE.SRV, TYPE.TXT]) {
              const [kept, composed] = desks.map((desk) => desk.respond(query(name, type, { id: 1, edns: {} })));
              expect(kept!.toString('hex')).toBe(composed!.toString('hex'));
            }
        }
      }),
    );
  });

  it('a zone that comes in below another one takes over at once', () => {
    const desk = new Desk().file('example.org', `${ZONE}\nx.deep.example.org 300 A 192.0.2.50`);
    const ask = () => ipv4(desk.ask('x.deep.example.org', TYPE.A).answer[0]!.rdata);
    expect([ask(), ask()]).toEqual(['192.0.2.50', '192.0.2.50']);
    desk.file('deep.example.org', `${apexOf('deep.example.org')}\nx.deep.example.org 300 A 192.0.2.51`);
    expect(ask()).toBe('192.0.2.51');
  });

  it('a flood of names that are asked once does not push out what is asked often', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `h${i}.example.org 300 A 10.0.0.${i}`);
    const desk = new Desk({ cacheSize: 1 << 18 }).file('example.org', `${apexOf('example.org')}\n${lines.join('\n')}`);
    const askOften = () => {
      for (let i = 0; i < 50; i++) desk.ask(`h${i}.example.org`, TYPE.A);
    };
    const flood = (round: number) => {
      for (let i = 0; i < 3_000; i++) expect(desk.ask(`gone-${round}-${i}.example.org`, TYPE.A).rcode).toBe(3);
    };
    // There is no room left when they are asked for the first time.
    flood(1);
    expect(desk.moved(Count.CACHE_MISSES, askOften)).toBe(50);
    for (let round = 0; round < 10; round++) askOften();
    flood(2);
    expect(desk.moved(Count.CACHE_HITS, askOften)).toBe(50);
  });

  it('a small cache gives up the answers used longest ago, and answers all the same', () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => `h${i}.example.org 300 A 10.0.${i >> 8}.${i & 255}`);
    const desk = new Desk({ cacheSize: 1 << 16 }).file('example.org', `${apexOf('example.org')}\n${lines.join('\n')}`);
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 3_000; i++)
        expect(ipv4(desk.ask(`h${i}.example.org`, TYPE.A).answer[0]!.rdata)).toBe(`10.0.${i >> 8}.${i & 255}`);
  });

  it('200,000 queries grow no heap', () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc') as () => void;
    const desk = new Desk().file('example.org', ZONE);
    const messages = ['www', 'alias', '_http._tcp', 'nothing', 'host.sub', 'q.wild'].map((name) =>
      query(`${name}.example.org`, name === '_http._tcp' ? TYPE.SRV : TYPE.A, { edns: {} }),
    );
    const target = new Uint8Array(2_048);
    const ask = (times: number) => {
      for (let i = 0; i < times; i++) {
        const message = messages[i % messages.length]!;
        if (desk.responder.respond(message, 0, message.length, target, 0, Transport.UDP, 0) === 0)
          throw new Error('silence');
      }
    };
    ask(50_000);
    collect();
    const before = process.memoryUsage().heapUsed;
    ask(200_000);
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000);
  });
});

describe('zones under a second name', () => {
  const desk = new Desk();
  desk.store.addZone(parseName('mesos'), madeZone('mesos'));
  desk.store.addZone(
    parseName('mesos.thisdcos.directory'),
    madeZone('mesos.thisdcos.directory', {
      alias: { target: fold(parseName('mesos')), ttl: 5, srv: { priority: 1, weight: 1 } },
    }),
  );
  desk.store.addZone(
    parseName('second.example.org'),
    madeZone('second.example.org', { apex: [], alias: { target: fold(parseName('mesos')) } }),
  );
  desk.set('t', 'mesos', rrs('_web._tcp.mesos 60 SRV 0 7 80 web.mesos.\nweb.mesos 60 A 192.0.2.1'));

  it('give the records of the first, names and overrides written in', () => {
    const reply = desk.ask('_web._tcp.mesos.thisdcos.directory', TYPE.SRV, { edns: {} });
    expect(reply.answer.map(({ ttl, rdata, names }) => [ttl, rdata.slice(0, 6), names])).toEqual([
      [5, '\0\x01\0\x01\0\x50', ['web.mesos.thisdcos.directory.']],
    ]);
    expect(reply.additional.map(({ owner, ttl, rdata }) => [owner, ttl, ipv4(rdata)])).toEqual([
      ['web.mesos.thisdcos.directory.', 5, '192.0.2.1'],
    ]);
    const plain = desk.ask('_web._tcp.second.example.org', TYPE.SRV);
    expect(plain.answer.map(({ ttl, rdata, names }) => [ttl, rdata.slice(0, 6), names])).toEqual([
      [60, '\0\0\0\x07\0\x50', ['web.second.example.org.']],
    ]);
  });

  it('have the SOA of their own if they have an apex, else the first one renamed', () => {
    const owner = (name: string) => desk.ask(name, TYPE.A).authority.map((record) => [record.owner, record.names]);
    expect(owner('nothing.mesos.thisdcos.directory')).toEqual([
      ['mesos.thisdcos.directory.', ['ns.mesos.thisdcos.directory.', 'hostmaster.mesos.thisdcos.directory.']],
    ]);
    expect(owner('nothing.second.example.org')).toEqual([
      ['second.example.org.', ['ns.second.example.org.', 'hostmaster.second.example.org.']],
    ]);
  });
});

describe('views', () => {
  const desk = new Desk().set('none', 'example.org', []).file('example.org', ZONE);
  desk.set('views', 'example.org', [
    rr('app.example.org 60 A 172.18.0.2', onlyIn([7])),
    rr('app.example.org 60 A 192.0.2.200', exceptIn([7])),
    rr('inner.example.org 60 A 172.18.0.3', onlyIn([7])),
  ]);
  const ask = (name: string, client: number) => desk.ask(`${name}.example.org`, TYPE.A, { client });

  it('each client gets the records that its view sees, from the cache too', () => {
    for (let round = 0; round < 3; round++) {
      expect(ask('app', 7).answer.map(({ rdata }) => ipv4(rdata))).toEqual(['172.18.0.2']);
      expect(ask('app', 0).answer.map(({ rdata }) => ipv4(rdata))).toEqual(['192.0.2.200']);
      expect(ask('app', 9).answer.map(({ rdata }) => ipv4(rdata))).toEqual(['192.0.2.200']);
    }
  });

  it('a name of which a view sees nothing exists all the same: NODATA', () => {
    expect([ask('inner', 7).answer.length, ask('inner', 0).rcode, ask('inner', 0).answer.length]).toEqual([1, 0, 0]);
  });

  it('clients are in the view of the longest prefix that holds their address', () => {
    desk.image.setClients([
      { address: '172.16.0.0', length: 12, view: 1 },
      { address: '172.18.0.0', length: 16, view: 7 },
      { address: '172.18.9.0', length: 24, view: 0 },
      { address: '2001:db8::', length: 32, view: 8 },
    ]);
    desk.reader.adopt(desk.image.buffers);
    const view = (...octets: number[]) => desk.reader.clients.viewOf(Uint8Array.from(octets), 0, octets.length);
    expect([view(172, 18, 3, 4), view(172, 19, 3, 4), view(172, 18, 9, 4), view(192, 0, 2, 1)]).toEqual([7, 1, 0, 0]);
    expect(view(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)).toBe(8);
  });
});

it('decode is strict: a reply of ours has no octet too many', () => {
  const desk = new Desk().file('example.org', ZONE);
  const reply = desk.respond(query('_http._tcp.example.org', TYPE.SRV, { edns: {} }));
  expect(decode(reply).size).toBe(reply.length);
});
