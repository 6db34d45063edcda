// JSON with places: the slow reader agrees with JSON.parse on what is JSON, and finds its way by path.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOf, JsonError, parseJson, pathText, positionOf } from '../../src/sources/json.ts';
import { JsonScanner } from '../../src/sources/json-scan.ts';

/** The fault's place and reason as one text. */
function faultIn(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
  return 'none';
}

describe('parseJson', () => {
  test.each([
    ['', 'line 1, column 1: the text is empty, expected a JSON value'],
    ['{\n  "a": 1,\n}', 'line 2, column 9: a "," may not stand before "}"'],
    ['{"a" 1}', 'line 1, column 6: expected ":" after a name, got "1}"'],
    ['[1,\n 2', 'line 2, column 3: expected "," or "]", got the end of the text'],
    ['// x\n{}', 'line 1, column 1: expected a value, got a comment, which JSON does not have'],
    ['{a:1}', 'line 1, column 2: expected a name in double quotes, got "a:1}"'],
    ['["a\nb"]', 'line 1, column 2: a text is not closed, or holds a line break or an escape that JSON does not have'],
    ['[01]', 'line 1, column 3: expected "," or "]", got "1]"'],
  ])('%j is faulty', (text, message) => {
    expect(faultIn(text)).toBe(message);
  });

  test('skips a byte order mark (RFC 8259 8.1)', () => {
    expect(parseJson('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  test('the finder of faults finds one exactly where JSON.parse refuses', () => {
    const edits = fc.record({
      value: fc.jsonValue(),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      piece: fc.constantFrom('', ',', '"', '}', ']', ':', '0', ' ', '\\', 'e'),
    });
    fc.assert(
      fc.property(edits, ({ value, at, piece }) => {
        const whole = JSON.stringify(value, null, 1);
        const cut = Math.floor(at * whole.length);
        const text = whole.slice(0, cut) + piece + whole.slice(cut + 1);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(faultIn(text) === 'none').toBe(isJson);
        if (!isJson) expect(faultOf(text, new Error('unused')).reason).not.toBe('unused');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('positionOf', () => {
  const text = '{\n  "tasks": [\n    {"name": "a"},\n    {"na\\u006de": "b", "ports": [80]}\n  ]\n}';

  test.each([
    [[], 1, 1],
    [['tasks'], 2, 12],
    [['tasks', 1, 'name'], 4, 19],
    [['tasks', 1, 'ports', 0], 4, 34],
    [['tasks', 0, 'missing'], 3, 5],
  ] as const)('%j', (path, line, column) => {
    expect(positionOf(text, path)).toEqual({ line, column });
  });

  test('paths are written as in programs', () => {
    expect(pathText(['tasks', 3, 'ports', 0, 'name'])).toBe('tasks[3].ports[0].name');
  });
});

describe('JsonScanner', () => {
  test('finds the members and elements that JSON.parse finds', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.jsonValue()),
        fc.constantFrom(0, 2),
        (object, list, indent) => {
          const members: [string, unknown][] = [];
          const ofObject = new JsonScanner(Buffer.from(JSON.stringify(object, null, indent)));
          ofObject.object((name) => members.push([name, ofObject.value()]));
          ofObject.end();
          expect(members).toEqual(Object.entries(JSON.parse(JSON.stringify(object))));

          const elements: unknown[] = [];
          const ofList = new JsonScanner(Buffer.from(JSON.stringify(list, null, indent)));
          ofList.list(() => elements.push(ofList.parse(ofList.skip())));
          ofList.end();
          expect(elements).toEqual(JSON.parse(JSON.stringify(list)));
        },
      ),
    );
  });

  test('columns count characters, not octets', () => {
    const scanner = new JsonScanner(Buffer.from('{"ä":\n"öö" x}'));
    expect(() => scanner.object(() => scanner.skip())).toThrow('line 2, column 6: expected "," or "}", got "x"');
  });
});
