import { describe, expect, it } from 'vitest';
import { Type } from '../../src/wire/codes.ts';
import { fold, parseName } from '../../src/wire/name.ts';
import { hashName, hashNode } from '../../src/wire/name-hash.ts';
import { NameView } from '../../src/wire/name-view.ts';
import { EVERYWHERE, eitherOf, exceptIn, onlyIn, Trait, type Views } from '../../src/wire/views.ts';
import { Image, type RRsetData } from '../../src/zone/image.ts';
import { ImageReader } from '../../src/zone/image-reader.ts';
import { Control, type ImageBuffers, ZONE_SET, ZoneFlag } from '../../src/zone/layout.ts';

const ORIGIN = parseName('example.org');

function view(text: string): NameView {
  const name = new NameView();
  const octets = Buffer.from(parseName(text), 'latin1');
  name.read(octets, 0, octets.length);
  name.hash();
  return name;
}

/** An image with the zone example.org (number 1), the buffers it has handed out, and a reader that took the first ones. */
function makeImage() {
  const handed: ImageBuffers[] = [];
  const image = new Image((buffers) => handed.push(buffers));
  const reader = new ImageReader(image.control, image.buffers);
  image.prepare(16, 1, 1);
  image.setZone({ id: 1, origin: ORIGIN, flags: 0 });
  image.publish();
  return { image, reader, handed };
}

/** Prepares a name of zone 1 with one TXT record. */
function setText(image: Image, name: string, text: string): void {
  setNode(image, name, { type: Type.TXT, ttl: 60, rdata: [image.texts.add(text)] });
}

/** The same, with a text that is garbage once the name is replaced. */
function setLooseText(image: Image, name: string, text: string): void {
  setNode(image, name, { type: Type.TXT, ttl: 60, rdata: [image.texts.addLoose(text)] });
}

function setNode(image: Image, text: string, ...sets: RRsetData[]): void {
  const name = parseName(text);
  image.setNode(1, image.texts.addLoose(name), sets, hashNode(hashName(name), 1));
}

function removeNode(image: Image, text: string): void {
  const name = fold(parseName(text));
  image.removeNode(1, image.texts.addLoose(name), hashNode(hashName(name), 1));
}

/** The first rdata of a name's RRset of a type, as octets; undefined when there is no such name. */
function read(reader: ImageReader, text: string, type: number = Type.TXT): string | undefined {
  const node = reader.findNode(1, view(text), 0);
  if (node === 0) return undefined;
  const set = reader.findSet(node, type, 0);
  if (set === 0) return '';
  const at = reader.words[reader.firstPlace(node, set)]!;
  return Buffer.from(reader.texts.subarray(at + 2, at + 2 + reader.textLength(at))).toString('latin1');
}

describe('image: publication', () => {
  it('shows nothing of what is prepared until it is published, then all of it', () => {
    const { image, reader } = makeImage();
    setText(image, 'a.example.org', 'a');
    setText(image, 'b.example.org', 'b');
    expect([read(reader, 'a.example.org'), read(reader, 'b.example.org')]).toEqual([undefined, undefined]);
    image.publish();
    expect([read(reader, 'a.example.org'), read(reader, 'b.example.org')]).toEqual(['a', 'b']);
    setText(image, 'a.example.org', 'changed');
    removeNode(image, 'b.example.org');
    expect([read(reader, 'a.example.org'), read(reader, 'b.example.org')]).toEqual(['a', 'b']);
    image.publish();
    expect([read(reader, 'a.example.org'), read(reader, 'b.example.org')]).toEqual(['changed', undefined]);
  });

  it('shows a new zone with its names, and takes it away with them', () => {
    const { image, reader } = makeImage();
    image.setZone({ id: 2, origin: parseName('example.net'), flags: ZoneFlag.NOT_READY });
    expect(reader.findZone(view('example.net'), 0)).toBe(0);
    image.publish();
    const word = reader.findZone(view('www.EXAMPLE.net'), 1);
    expect(word).toBeGreaterThan(0);
    image.setZone({ id: 2, origin: parseName('example.net'), flags: 0 });
    image.publish();
    expect(reader.findZone(view('example.net'), 0)).not.toBe(word);
    image.removeZone(2, parseName('example.net'));
    expect(reader.findZone(view('example.net'), 0)).toBeGreaterThan(0);
    image.publish();
    expect(reader.findZone(view('example.net'), 0)).toBe(0);
    expect(reader.findZone(view('example.org'), 0)).toBeGreaterThan(0);
  });

  it('a name that goes and comes in one publication has what it came with', () => {
    const { image, reader } = makeImage();
    setText(image, 'a.example.org', 'first');
    image.publish();
    removeNode(image, 'a.example.org');
    setText(image, 'A.example.org', 'second');
    image.publish();
    expect(read(reader, 'a.example.org')).toBe('second');
  });

  it('moves the sequence by two, so that it is even whenever nothing is under way', () => {
    const { image, reader } = makeImage();
    const control = new Int32Array(image.control);
    const before = reader.sequence();
    setText(image, 'a.example.org', 'a');
    expect(reader.sequence()).toBe(before);
    image.publish();
    expect(reader.sequence()).toBe(before + 2);
    expect(control[Control.SEQUENCE]! & 1).toBe(0);
  });

  it('moves the version of the zone that changed and of no other; that of the set of zones when a zone comes or changes', () => {
    const { image, reader } = makeImage();
    image.setZone({ id: 2, origin: parseName('example.net'), flags: 0 });
    image.publish();
    const versions = () => [ZONE_SET, 1, 2].map((zone) => reader.version(zone));
    const [set, one, two] = versions() as [number, number, number];
    setText(image, 'a.example.org', 'a');
    image.publish();
    expect(versions()).toEqual([set, one + 1, two]);
    image.setZone({ id: 2, origin: parseName('example.net'), flags: ZoneFlag.HAS_CUTS });
    image.publish();
    expect(versions()).toEqual([set + 1, one + 1, two + 1]);
  });

  it('keeps with a record the rule that says which views see it', () => {
    const { image, reader } = makeImage();
    const seenBy = (...views: Views[]): number[] => {
      const rdata = views.map((_, i) => image.texts.add(`\xc0\0\x02${String.fromCharCode(i)}`));
      setNode(image, 'a.example.org', { type: Type.A, ttl: 60, rdata, views });
      image.publish();
      const node = reader.findNode(1, view('a.example.org'), 0);
      return [0, 1, 3, 500, 65_534].filter((number) => reader.findSet(node, Type.A, number) !== 0);
    };
    expect(seenBy(onlyIn([3, 500]))).toEqual([3, 500]);
    expect(seenBy(exceptIn([1, 500]))).toEqual([0, 3, 65_534]);
    expect(seenBy(onlyIn([0]), onlyIn([65_534]))).toEqual([0, 65_534]);
    expect(seenBy(onlyIn([1]), EVERYWHERE)).toEqual([0, 1, 3, 500, 65_534]);
    expect(seenBy(onlyIn([]))).toEqual([]);
    expect(seenBy(exceptIn([3], Trait.CLOSED))).toEqual([0, 1, 500]);
    expect(seenBy(eitherOf(exceptIn([3], Trait.CLOSED), onlyIn([65_534])))).toEqual([0, 1, 500, 65_534]);
  });
});

/** Octets of rdata: 300 such sets fill more than the first arena. */
const LARGE = 60_000;

describe('image: growth', () => {
  it('doubles its memory within one publication; a reader that adopts late reads the old state until then', () => {
    const { image, reader, handed } = makeImage();
    setText(image, 'a.example.org', 'before');
    image.publish();
    image.prepare(400, 0, 1);
    const adoptedByThen = handed.length;
    for (let i = 0; i < 300; i++) setText(image, `n${i}.example.org`, String(i).repeat(LARGE).slice(0, LARGE));
    setText(image, 'a.example.org', 'after');
    // What grew is handed out with the publication; a thread that starts before it gets what is there.
    expect(handed.length).toBe(adoptedByThen);
    const early = new ImageReader(image.control, image.buffers);
    expect([read(early, 'a.example.org'), read(early, 'n7.example.org')]).toEqual(['before', undefined]);
    image.publish();
    expect(handed.length).toBe(adoptedByThen + 1);
    expect([reader.isOutdated, early.isOutdated]).toEqual([true, true]);
    expect([read(reader, 'a.example.org'), read(reader, 'n7.example.org')]).toEqual(['before', undefined]);
    reader.adopt(handed.at(-1)!);
    early.adopt(handed.at(-1)!);
    expect(reader.isOutdated).toBe(false);
    for (const one of [reader, early]) {
      expect(read(one, 'a.example.org')).toBe('after');
      for (const i of [0, 7, 299]) expect(read(one, `n${i}.example.org`)).toBe(String(i).repeat(LARGE).slice(0, LARGE));
    }
  });

  it('rebuilds its tables for more names than they hold; a late reader still finds what there was', () => {
    const { image, reader, handed } = makeImage();
    setText(image, 'a.example.org', 'a');
    image.publish();
    for (let from = 0; from < 20_000; from += 5_000) {
      image.prepare(5_000, 0, 1);
      for (let i = from; i < from + 5_000; i++) setText(image, `n${i}.example.org`, `${i}`);
      image.publish();
    }
    expect(handed.length).toBeGreaterThan(0);
    expect([read(reader, 'a.example.org'), read(reader, 'n19999.example.org')]).toEqual(['a', undefined]);
    reader.adopt(handed.at(-1)!);
    expect(read(reader, 'a.example.org')).toBe('a');
    for (let i = 0; i < 20_000; i += 7) expect(read(reader, `n${i}.example.org`)).toBe(`${i}`);
    expect(read(reader, 'n20000.example.org')).toBeUndefined();
  });

  it('has room for more zones than at first, their versions with them', () => {
    const { image, reader, handed } = makeImage();
    const version = reader.version(1);
    image.prepare(0, 500, 501);
    for (let i = 2; i <= 501; i++) image.setZone({ id: i, origin: parseName(`z${i}.example`), flags: 0 });
    image.publish();
    reader.adopt(handed.at(-1)!);
    for (let i = 2; i <= 501; i++) expect(reader.findZone(view(`z${i}.example`), 0)).toBeGreaterThan(0);
    expect([reader.version(1), reader.version(501)]).toEqual([version, 1]);
  });

  it('gives back what replaced nodes took; a reader that adopts late goes on in the old buffers', () => {
    const { image, reader, handed } = makeImage();
    image.prepare(4, 0, 1);
    setText(image, 'still.example.org', 'still'.padEnd(LARGE));
    setText(image, 'gone.example.org', 'gone');
    image.publish();
    removeNode(image, 'gone.example.org');
    let last = '';
    let before = 0;
    for (let i = 0; image.size.used > before; i++) {
      expect(i).toBeLessThan(1_000);
      before = image.size.used;
      last = String(i).repeat(LARGE).slice(0, LARGE);
      setLooseText(image, 'busy.example.org', last);
      if (reader.isOutdated) reader.adopt(handed.at(-1)!);
      image.publish();
    }
    expect(image.size.garbage).toBe(0);
    expect(image.size.used).toBeLessThan(3 * LARGE);
    expect(reader.isOutdated).toBe(true);
    const seenBefore = read(reader, 'busy.example.org');
    setText(image, 'busy.example.org', 'later');
    image.publish();
    expect(read(reader, 'busy.example.org')).toBe(seenBefore);
    expect(seenBefore).toBe(last);
    reader.adopt(handed.at(-1)!);
    expect(read(reader, 'busy.example.org')).toBe('later');
    expect(read(reader, 'still.example.org')).toBe('still'.padEnd(LARGE));
    expect(read(reader, 'gone.example.org')).toBeUndefined();
    expect(reader.findZone(view('example.org'), 0)).toBeGreaterThan(0);
  });
});
