// What one reading of a /state document leaves for the next: each task with a fingerprint of the text that it was made of.
// Of a state that is read again nearly all texts are the same, and the same text makes the same task: it is neither looked
// through nor parsed, and whoever compares the two readings finds one object.
import { randomInt } from 'node:crypto';
import type { Task } from '../model/task.ts';
import type { JsonScanner, Span } from './json-scan.ts';
import { NONE } from './reading.ts';

/** What was wrong with a part of a task (`.discovery.name`). Its place is not kept: it may be another one next time. */
export interface Complaint {
  readonly part: string;
  readonly why: string;
}

/**
 * The text of an element of a list of tasks, and what was made of it. It goes by two hashes of 32 bits. A step of a hash
 * is a bijection of it and of the word, so texts that differ in one word never have the same, and two others do once in
 * 2^64: where 100 of 50,000 tasks change each second, one is taken for another once in 100,000 years. The hashes begin at
 * random, so that nobody can prepare such texts.
 */
export interface TaskText extends Span {
  start: number;
  end: number;
  readonly hashA: number;
  readonly hashB: number;
  /** Undefined until it is read, and where it makes no task. */
  task: Task | undefined;
  complaints: readonly Complaint[];
  /** While it is read: the task that was here before it, as far as can be told. */
  before: Task | undefined;
}

const SEED_A = randomInt(2 ** 32) | 0;
const SEED_B = randomInt(2 ** 32) | 0;

/** Odd, as a bijection needs, and with bits all over. */
const FACTOR_A = 0x9e3779b1 | 0;
const FACTOR_B = 0x85ebca6b | 0;

/** Goes over the tasks of one document. */
export class TaskTexts {
  readonly #scanner: JsonScanner;
  readonly #known: readonly TaskText[];
  /** The place in `#known` of the text that is expected next. */
  #next = 0;
  /** Made when a text is not the one that was expected. */
  #places: Places | undefined;
  #hashA = 0;
  #hashB = 0;

  /** @param known the tasks of the document before, in order */
  constructor(scanner: JsonScanner, known: readonly TaskText[]) {
    this.#scanner = scanner;
    this.#known = known;
  }

  /** Goes past the next value. */
  next(): TaskText {
    const start = this.#scanner.place();
    const expected = this.#known[this.#next];
    const text = this.#isAt(expected, start) ? this.#again(this.#next, start) : this.#search(this.#scanner.skip());
    this.#scanner.moveTo(text.end);
    return text;
  }

  /** Whether it is what follows. That was an object, which nothing that stands behind its last brace can make longer. */
  #isAt(expected: TaskText | undefined, start: number): expected is TaskText {
    if (expected?.task === undefined) return false;
    const end = start + expected.end - expected.start;
    if (end > this.#scanner.view.byteLength) return false;
    this.#hash(start, end);
    return expected.hashA === this.#hashA && expected.hashB === this.#hashB;
  }

  #again(place: number, start: number): TaskText {
    const text = this.#known[place]!;
    text.end += start - text.start;
    text.start = start;
    this.#next = place + 1;
    return text;
  }

  /** Where tasks came or went, those behind them have moved. */
  #search({ start, end }: Span): TaskText {
    this.#hash(start, end);
    this.#places ??= new Places(this.#known);
    const place = this.#places.find(this.#hashA, this.#hashB, end - start);
    if (place !== undefined) return this.#again(place, start);
    const before = this.#known[this.#next++]?.task;
    return { start, end, hashA: this.#hashA, hashB: this.#hashB, task: undefined, complaints: NONE, before };
  }

  #hash(start: number, end: number): void {
    const { view } = this.#scanner;
    let a = SEED_A;
    let b = SEED_B;
    let at = start;
    for (const last = end - 4; at <= last; at += 4) {
      const word = view.getInt32(at);
      a = Math.imul(a ^ word, FACTOR_A);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ word, FACTOR_B);
      b = (b << 13) | (b >>> 19);
    }
    for (; at < end; at++) {
      const octet = view.getUint8(at);
      a = Math.imul(a ^ octet, FACTOR_A);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ octet, FACTOR_B);
      b = (b << 13) | (b >>> 19);
    }
    this.#hashA = a;
    this.#hashB = b;
  }
}

/**
 * Places of texts in their list, by hash. A table of numbers, because a map of so many leaves enough behind that the
 * engine would look through all of its memory for more.
 */
class Places {
  readonly #texts: readonly TaskText[];
  /** A place and 1, at what the lowest bits of the first hash say or the next one that is free. */
  readonly #table: Uint32Array;

  constructor(texts: readonly TaskText[]) {
    this.#texts = texts;
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * texts.length + 1)));
    const mask = this.#table.length - 1;
    for (let place = 0; place < texts.length; place++) {
      let slot = texts[place]!.hashA & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = place + 1;
    }
  }

  find(hashA: number, hashB: number, length: number): number | undefined {
    const mask = this.#table.length - 1;
    for (let slot = hashA & mask; this.#table[slot] !== 0; slot = (slot + 1) & mask) {
      const place = this.#table[slot]! - 1;
      const text = this.#texts[place]!;
      if (text.hashA === hashA && text.hashB === hashB && text.end - text.start === length) return place;
    }
    return undefined;
  }
}
