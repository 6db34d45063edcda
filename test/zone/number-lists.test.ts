import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY, NumberLists } from '../../src/zone/number-lists.ts';

function read(lists: NumberLists, list: number, length: number): number[] {
  return Array.from({ length }, (_, i) => lists.get(list, i));
}

describe('number lists', () => {
  it('each list stays what inserting and deleting made of it, whatever happens to the others', () => {
    const step = fc.record({ list: fc.nat(4), at: fc.nat(200), value: fc.integer(), isInserted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.constantFrom(0, 3, 40), (steps, length) => {
        const lists = new NumberLists();
        const expected = Array.from({ length: 5 }, (_, i) => Array.from({ length }, (_, k) => i * 1_000 + k));
        const places = expected.map((numbers) => {
          const list = lists.create(numbers.length);
          for (const [i, number] of numbers.entries()) lists.set(list, i, number);
          return list;
        });
        for (const { list, at, value, isInserted } of steps) {
          const numbers = expected[list]!;
          if (isInserted) {
            const index = at % (numbers.length + 1);
            places[list] = lists.insert(places[list]!, numbers.length, index, value);
            numbers.splice(index, 0, value);
          } else if (numbers.length > 0) {
            const index = at % numbers.length;
            places[list] = lists.delete(places[list]!, numbers.length, index);
            numbers.splice(index, 1);
          }
        }
        expect(places.map((list, i) => read(lists, list, expected[i]!.length))).toEqual(expected);
      }),
    );
  });

  it('finds where a number stands in an ascending list, or would stand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }),
        fc.integer({ min: -1, max: 51 }),
        (some, value) => {
          const numbers = some.sort((a, b) => a - b);
          const lists = new NumberLists();
          const list = lists.create(numbers.length);
          for (const [i, number] of numbers.entries()) lists.set(list, i, number);
          const expected = numbers.findIndex((number) => number >= value);
          expect(lists.lowerBound(list, numbers.length, value)).toBe(expected < 0 ? numbers.length : expected);
        },
      ),
    );
  });

  it('gives the room of a list that ended to the next one of its size; no list takes none', () => {
    const lists = new NumberLists();
    expect(lists.create(0)).toBe(EMPTY);
    const first = lists.create(7);
    lists.remove(first, 7);
    expect(lists.create(8)).toBe(first);
    expect(lists.create(8)).not.toBe(first);
  });
});
