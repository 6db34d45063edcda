// Steps through a JSON document whose text comes in pieces. What goes over it is a generator that waits, by yielding, until
// there is more; what it has done with is forgotten, so that of a 75 MB document a megabyte is in memory.
import type { JsonScanner } from './json-scan.ts';
import { OUT_OF_TEXT } from './json-scan.ts';

/** Puts the next octets of a text into a buffer. @returns how many; 0 at the end of the text */
export type Pieces = (into: Buffer, at: number) => Promise<number>;

/** What goes over a document. It yields when it needs more text. */
export type Walk<T> = Generator<undefined, T, undefined>;

/** Octets in memory at a time, unless a single value has more. */
const WINDOW = 1 << 20;

/**
 * Goes over a text.
 * @param scanner of the walk, `JsonScanner.ofPieces`
 * @throws JsonError for a faulty text, its place unknown
 */
export async function scanPieces(scanner: JsonScanner, pieces: Pieces, walk: Walk<void>): Promise<void> {
  let window = Buffer.allocUnsafeSlow(WINDOW);
  while (!walk.next().done) {
    const rest = scanner.back();
    // A value that fills half of the window gets a larger one: there is room for more, always.
    const next = rest.length * 2 > window.length ? Buffer.allocUnsafeSlow(window.length * 2) : window;
    rest.copy(next);
    window = next;
    const count = await pieces(window, rest.length);
    scanner.feed(window.subarray(0, rest.length + count), count === 0);
  }
}

/** Does something as soon as the text that it needs is there; until then again from where the scanner `keep`s. */
export function* once<T>(scanner: JsonScanner, step: () => T): Walk<T> {
  for (;;) {
    try {
      const result = step();
      scanner.keep();
      return result;
    } catch (error) {
      if (error !== OUT_OF_TEXT) throw error;
    }
    yield;
  }
}

/** Goes over an object. @param onMember goes past the value of a member */
export function* members(scanner: JsonScanner, onMember: (name: string) => Walk<void>): Walk<void> {
  for (let isFirst = true; ; isFirst = false) {
    const name = yield* once(scanner, () => scanner.member(isFirst));
    if (name === undefined) return;
    yield* onMember(name);
  }
}

/** Goes over a list of short elements, as many at a time as are there. @param onElement goes past the element */
export function* elements(scanner: JsonScanner, onElement: () => void): Walk<void> {
  let isFirst = true;
  yield* once(scanner, () => {
    while (scanner.element(isFirst)) {
      onElement();
      isFirst = false;
      scanner.keep();
    }
  });
}

/** Goes past a value. @param levels how deep it is gone into, so that a long one need not be there as a whole */
export function* skip(scanner: JsonScanner, levels: number): Walk<void> {
  const kind = levels === 0 ? 'other' : yield* once(scanner, () => scanner.next());
  if (kind === 'object') yield* members(scanner, () => skip(scanner, levels - 1));
  else if (kind === 'other') yield* once(scanner, () => void scanner.skip());
  else if (levels === 1) yield* elements(scanner, () => scanner.skip());
  else
    for (let isFirst = true; yield* once(scanner, () => scanner.element(isFirst)); isFirst = false)
      yield* skip(scanner, levels - 1);
}
