// RecordIO, the framing of Mesos's streams.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordIoDecoder, RecordIoError } from '../../src/sources/recordio.ts';

const LIMIT = 1_000_000;

const framed = (records: readonly Buffer[]): Buffer =>
  Buffer.concat(records.flatMap((record) => [Buffer.from(`${record.length}\n`), record]));

function decode(chunks: readonly Buffer[], limit = LIMIT): { records: string[]; isMidRecord: boolean } {
  const decoder = new RecordIoDecoder(limit);
  const records = chunks.flatMap((chunk) => decoder.push(chunk)).map((record) => record.toString('latin1'));
  return { records, isMidRecord: decoder.isMidRecord };
}

describe('RecordIoDecoder', () => {
  it('gives the same records however the stream is cut (law)', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat({ max: 400 })), (contents, cuts) => {
        const records = contents.map((content) => Buffer.from(content));
        const stream = framed(records);
        const places = [0, ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
        const chunks = places.slice(1).map((end, i) => stream.subarray(places[i], end));
        expect(decode(chunks)).toEqual({ records: records.map((r) => r.toString('latin1')), isMidRecord: false });
      }),
    );
  });

  it('gives an empty record for length 0', () => {
    expect(decode([Buffer.from('0\n2\nab')]).records).toEqual(['', 'ab']);
  });

  it('knows that a record is incomplete, at each of its octets', () => {
    const stream = Buffer.from('12\n{"a":"bcde"}');
    for (let cut = 1; cut < stream.length - 1; cut++)
      expect(decode([stream.subarray(0, cut)])).toEqual({ records: [], isMidRecord: true });
  });

  it('takes 12 digits and refuses a 13th octet that is no LF', () => {
    expect(decode([Buffer.from('000000000002\nok')]).records).toEqual(['ok']);
    expect(() => decode([Buffer.from('0000000000002\nok')])).toThrow(RecordIoError);
  });

  it.each(['<html>', '\n', '-1\n', '2 \nab', '0x2\nab', '2\r\nab'])('refuses %j as no RecordIO', (text) => {
    expect(() => decode([Buffer.from(text)])).toThrow(/^expected the length of a record in digits, got octet \d+$/);
  });

  it('refuses a record over the limit when its length is known, and says how to raise it', () => {
    expect(decode([Buffer.from('4\nabcd')], 4).records).toEqual(['abcd']);
    expect(() => decode([Buffer.from('5\n')], 4)).toThrow(
      'expected records of at most 4 octets, got one of 5; raise maxBody if it may',
    );
  });
});
