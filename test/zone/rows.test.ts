import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVERYWHERE, onlyIn } from '../../src/wire/views.ts';
import { NONE, Rows } from '../../src/zone/rows.ts';
import { rr } from '../answer/desk.ts';

const address = rr('www.example.org 60 A 192.0.2.1');

/** The rdata in an owner's chain, newest first. */
function chain(rows: Rows, head: number): string[] {
  const rdata: string[] = [];
  for (let row = head; row !== NONE; row = rows.next(row)) rdata.push(rows.rdata(row));
  return rdata;
}

describe('rows', () => {
  it('counts a record that comes twice instead of keeping it twice', () => {
    const rows = new Rows();
    const row = rows.add(0, NONE, address);
    expect(rows.add(0, row, { ...address })).toBe(row);
    expect([rows.size, rows.count(row)]).toEqual([1, 2]);
    expect(rows.subtract(row)).toBe(false);
    expect(rows.subtract(row)).toBe(true);
    expect(rows.size).toBe(0);
  });

  it('keeps records apart that differ in owner, type, TTL, views or rdata', () => {
    const rows = new Rows();
    const all = [
      rows.add(0, NONE, address),
      rows.add(1, NONE, address),
      rows.add(2, NONE, { ...address, type: 28 }),
      rows.add(3, NONE, { ...address, ttl: 61 }),
      rows.add(4, NONE, { ...address, views: onlyIn([1]) }),
      rows.add(5, NONE, { ...address, rdata: '\xc0\0\x02\x02' }),
    ];
    expect(new Set(all).size).toBe(6);
    expect(all.map((row) => [rows.owner(row), rows.type(row), rows.ttl(row), rows.views(row)])).toEqual([
      [0, 1, 60, EVERYWHERE],
      [1, 1, 60, EVERYWHERE],
      [2, 28, 60, EVERYWHERE],
      [3, 1, 61, EVERYWHERE],
      [4, 1, 60, onlyIn([1])],
      [5, 1, 60, EVERYWHERE],
    ]);
  });

  it('a multiset is what any sequence of adding and subtracting makes of it, growth included', () => {
    const step = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 60 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat({ max: 1 }), (steps, isLarge) => {
        const rows = new Rows();
        const heads = new Map<number, number>();
        const known = new Map<string, { row: number; count: number }>();
        const add = (owner: number, number: number) => {
          const head = heads.get(owner) ?? NONE;
          const rdata = `rdata ${number}`;
          const row = rows.add(owner, head, { ...address, rdata });
          const entry = known.get(`${owner} ${rdata}`);
          if (entry) entry.count++;
          else {
            known.set(`${owner} ${rdata}`, { row, count: 1 });
            heads.set(owner, row);
          }
        };
        // Enough that the columns have to grow twice.
        if (isLarge) for (let i = 0; i < 3_000; i++) add(i % 4, 1_000 + i);
        for (const [owner, number, isAdded] of steps) {
          const key = `${owner} rdata ${number}`;
          const entry = known.get(key);
          if (isAdded) add(owner, number);
          else if (entry) {
            const next = rows.next(entry.row);
            const isGone = rows.subtract(entry.row);
            expect(isGone).toBe(--entry.count === 0);
            if (!isGone) continue;
            known.delete(key);
            if (heads.get(owner) === entry.row) heads.set(owner, next);
          }
        }
        expect(rows.size).toBe(known.size);
        for (const [owner, head] of heads) {
          const expected = [...known.keys()].filter((key) => key.startsWith(`${owner} `)).map((key) => key.slice(2));
          expect(chain(rows, head).sort()).toEqual(expected.sort());
        }
        for (const { row, count } of known.values()) expect(rows.count(row)).toBe(count);
      }),
      { numRuns: 60 },
    );
  });
});
