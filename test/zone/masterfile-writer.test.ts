import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Type } from '../../src/wire/codes.ts';
import { fromLabels, parseName } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { rdataFromText } from '../../src/wire/types.ts';
import { parseMasterFile } from '../../src/zone/masterfile.ts';
import { canonicalKey, sortRecords, writeMasterFile } from '../../src/zone/masterfile-writer.ts';

const origin = parseName('example.org.');
const octets = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const ttl = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const soa: RR = { owner: origin, type: Type.SOA, ttl: 60, rdata: rdataFromText(Type.SOA, 'ns host 1 2 3 4 5', origin) };

it('master file writer: what is written reads back as the same records in the same order', () => {
  const record = fc.record({
    owner: fc.array(octets(1, 12), { maxLength: 3 }).map((labels) => fromLabels(labels, origin)!),
    type: fc.constantFrom(Type.TXT, 65280),
    ttl,
    rdata: octets(1, 30),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(record, { selector: (one) => canonicalKey(one.owner) + one.type, maxLength: 12 }),
      (records) => {
        const whole = [
          soa,
          ...records.map((one) =>
            one.type === Type.TXT ? { ...one, rdata: String.fromCharCode(one.rdata.length) + one.rdata } : one,
          ),
        ];
        const text = writeMasterFile({ origin, records: whole });
        const { zone } = parseMasterFile(text, { file: 'any.zone' });
        expect(text).toMatch(/^[\x20-\x7e\t\n]*$/);
        expect(zone).toEqual({ origin, records: sortRecords(whole) });
        expect(writeMasterFile(zone!)).toBe(text);
      },
    ),
  );
});

it('master file writer: owners stand in canonical order (RFC 4034 6.1, its example)', () => {
  const sorted = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ];
  const shuffled = [...sorted].reverse();
  expect(shuffled.sort((a, b) => (canonicalKey(parseName(a)) < canonicalKey(parseName(b)) ? -1 : 1))).toEqual(sorted);
});

it('master file writer: the order of names is that of their labels as octets, whatever octets they hold', () => {
  const label = octets(1, 3).map((text) => text.toLowerCase());
  const labels = fc.array(fc.oneof(label, fc.constantFrom('\0', '\0\0', '\x01', 'a', 'a\0')), { maxLength: 3 });
  const compare = (a: string[], b: string[]): number => {
    for (let i = 1; i <= Math.min(a.length, b.length); i++) {
      const order = Buffer.compare(Buffer.from(a.at(-i)!, 'latin1'), Buffer.from(b.at(-i)!, 'latin1'));
      if (order !== 0) return order;
    }
    return Math.sign(a.length - b.length);
  };
  const folded = (all: string[]) => all.map((one) => one.replace(/[A-Z]/g, (char) => char.toLowerCase()));
  fc.assert(
    fc.property(labels, labels, (a, b) => {
      const [x, y] = [canonicalKey(fromLabels(a)!), canonicalKey(fromLabels(b)!)];
      expect(x < y ? -1 : x > y ? 1 : 0).toBe(compare(folded(a), folded(b)));
    }),
    { numRuns: 1000 },
  );
});

it('master file writer: the SOA stands first, then types by number', () => {
  const text = '$ORIGIN example.org.\n@ 60 TXT x\n@ A 192.0.2.1\na A 192.0.2.2\n@ NS a\n@ SOA a host 1 2 3 4 5\n';
  const { zone } = parseMasterFile(text, { file: 'example.org.zone' });
  expect(writeMasterFile(zone!)).toBe(
    [
      '$ORIGIN example.org.',
      'example.org.\t60\tIN\tSOA\ta.example.org. host.example.org. 1 2 3 4 5',
      'example.org.\t60\tIN\tA\t192.0.2.1',
      'example.org.\t60\tIN\tNS\ta.example.org.',
      'example.org.\t60\tIN\tTXT\t"x"',
      'a.example.org.\t60\tIN\tA\t192.0.2.2',
      '',
    ].join('\n'),
  );
});
