// A text that comes in pieces of given sizes, for tests.
import type { Pieces } from '../../src/sources/json-pieces.ts';

/** @param sizes of the pieces, in turns */
export function inPieces(text: Buffer, sizes: readonly number[]): Pieces {
  let at = 0;
  let turn = 0;
  return async (into, start) => {
    const count = text.copy(into, start, at, at + sizes[turn++ % sizes.length]!);
    at += count;
    return count;
  };
}
