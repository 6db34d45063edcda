// A compaction that a change has begun goes on when no other change comes, and one timer at a time is enough for it.
import { expect, it } from 'vitest';
import { parseName } from '../src/wire/name.ts';
import type { RR } from '../src/wire/rr.ts';
import { Image } from '../src/zone/image.ts';
import { ZoneStore } from '../src/zone/store.ts';
import { apexOf, rr, rrs } from './answer/desk.ts';
import { publisherOf } from './publisher.ts';

const NAMES = 10_000;

it('goes on by itself until it is over', () => {
  const waiting: (() => void)[] = [];
  const image = new Image();
  const store = new ZoneStore(image, () => 0);
  const serving = publisherOf({
    store,
    schedule: (run) => {
      waiting.push(run);
      return () => {};
    },
  });
  const set = (file: string, origin: string, records: readonly RR[]): void =>
    serving.setFile(file, { origin: parseName(origin), records: [...rrs(apexOf(origin)), ...records] });
  set(
    'names',
    'example.org',
    Array.from({ length: NAMES }, (_, i) => rr(`n${i}.example.org 60 A 192.0.2.1`)),
  );
  for (let i = 0; !store.isCompacting; i++) {
    expect(waiting).toHaveLength(0);
    const rdata = Buffer.alloc(60_000, `${i},`).toString('latin1');
    set('large', 'example.net', [{ ...rr('large.example.net 60 TXT x'), rdata }]);
  }
  const { garbage } = image.size;
  let pieces = 0;
  for (; waiting.length > 0; pieces++) {
    expect(waiting).toHaveLength(1);
    waiting.pop()!();
  }
  expect(store.isCompacting).toBe(false);
  expect(pieces).toBeGreaterThan(2);
  expect(image.size.garbage).toBeLessThan(garbage / 10);
});
