// A JSON document that comes in pieces: cut anywhere, it is the same document.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonError } from '../../src/sources/json.ts';
import type { Pieces, Walk } from '../../src/sources/json-pieces.ts';
import { elements, members, once, scanPieces, skip } from '../../src/sources/json-pieces.ts';
import { JsonScanner } from '../../src/sources/json-scan.ts';
import { inPieces } from './pieces.ts';

/** The members of a document, in order; what is called `skipped` is gone past. */
async function membersOf(pieces: Pieces, levels = 2): Promise<[string, unknown][]> {
  const scanner = JsonScanner.ofPieces();
  const found: [string, unknown][] = [];
  function* member(name: string): Walk<void> {
    if (name === 'skipped') yield* skip(scanner, levels);
    else found.push([name, yield* once(scanner, () => scanner.value())]);
  }
  function* document(): Walk<void> {
    yield* members(scanner, member);
    yield* once(scanner, () => scanner.end());
  }
  await scanPieces(scanner, pieces, document());
  return found;
}

describe('a JSON document that comes in pieces', () => {
  test('has the members that it has as a whole, cut anywhere (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.oneof(fc.string(), fc.constant('skipped')), fc.jsonValue()),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        fc.nat(4),
        fc.constantFrom(0, 2),
        async (document, sizes, levels, indent) => {
          const text = Buffer.from(JSON.stringify(document, null, indent));
          const expected = Object.entries(JSON.parse(text.toString())).filter(([name]) => name !== 'skipped');
          expect(await membersOf(inPieces(text, sizes), levels)).toEqual(expected);
        },
      ),
    );
  });

  test('has the elements that it has as a whole, cut anywhere (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue()),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        async (list, sizes) => {
          const text = Buffer.from(JSON.stringify(list));
          const scanner = JsonScanner.ofPieces();
          const found: unknown[] = [];
          await scanPieces(
            scanner,
            inPieces(text, sizes),
            elements(scanner, () => found.push(scanner.value())),
          );
          expect(found).toEqual(JSON.parse(text.toString()));
        },
      ),
    );
  });

  test('may have values that are longer than what is in memory at a time', async () => {
    const long = 'ä'.repeat(1_500_000);
    const text = Buffer.from(JSON.stringify({ long, skipped: [long, { long }], short: 1 }));
    expect(await membersOf(inPieces(text, [65_536]))).toEqual([
      ['long', long],
      ['short', 1],
    ]);
  });

  test('cut short anywhere is an error', async () => {
    const text = Buffer.from('{"a": [1, {"b": "\\"c"}], "skipped": [[2], "d"], "e": 12}');
    for (let length = 0; length < text.length; length++)
      await expect(membersOf(inPieces(text.subarray(0, length), [3])), `${length} octets`).rejects.toThrow(JsonError);
  });

  test.each(['{"a": 1 "b": 2}', '{"a": 1,}', '{"a" 1}', '{"a": 1} 2', '{"a": nul}', '[1]', '{"skipped": [1 2]}'])(
    '%s is an error',
    async (text) => {
      await expect(membersOf(inPieces(Buffer.from(text), [1]))).rejects.toThrow(JsonError);
    },
  );
});
