// HOT PATH: no allocation, no await, no throw
// The answer cache: composed answers by question, in one block of memory that is taken once. `lru-cache` keeps the order
// of use over numbers (a 32-bit hash of the question -> where the answer lies); what is kept and for how long is decided
// here. An answer stays good while everything that it was composed from is unchanged, so one task's change costs the
// answers about that task and no others.
import { LRUCache } from 'lru-cache';
import type { Query } from '../wire/query.ts';
import { HEADER } from '../wire/query.ts';
import { ANY_VIEW } from '../wire/views.ts';
import { type ImageReader, SOA_NUMBERS } from '../zone/image-reader.ts';
import { ZONE_SET } from '../zone/layout.ts';
import { type Composer, MAX_CACHED } from './compose.ts';

/** Words in front of an entry's message. */
export const EntryWord = {
  /** Question type << 16 | message length. */
  TYPE_LENGTH: 0,
  /** Sequence of publications at which it was last known to be good. */
  SEQUENCE: 1,
  ZONE_SET: 2,
  /** View << 16 | size class << 12 | is complete << 11 | is authoritative << 10 | ends with an SOA record << 9 | rcode. */
  KIND: 3,
  /** Answers << 16 | authorities. */
  COUNTS: 4,
  /** Additionals << 16 | records that may be turned. */
  TURN: 5,
  /** Start << 16 | end of those records. */
  TURN_RANGE: 6,
  /** Slots << 24 | zones << 16 | pointers into those records. */
  DEPENDENCIES: 7,
  /** The key under which it is kept. */
  KEY: 8,
  WORDS: 9,
} as const;

export const COMPLETE = 1 << 11;
export const AUTHORITATIVE = 1 << 10;
const SOA_AT_END = 1 << 9;

/** Octets of the smallest and the largest block; sizes between are powers of two. */
const MIN_BLOCK = 128;
const MAX_BLOCK = 16_384;

/** Octets that a block size takes from the whole at a time. */
const PAGE = 65_536;

/** One in so many hits is told to the order of use; a power of two. */
const TOUCH = 16;

/** One in so many answers takes the place of others though it was not asked for before; a power of two. */
const UNASKED = 16;

/** Answers given up to make room for one new answer, at most. */
const MAX_EVICTIONS = 64;

/** Question to composed answer. */
export class AnswerCache {
  readonly octets: Uint8Array;
  readonly words: Uint32Array;
  readonly shorts: Uint16Array;
  readonly #entries: LRUCache<number, number>;
  readonly #image: ImageReader;
  /**
   * In front of the entries: key and offset of the answers found last, one place for each key's low bits. It answers
   * nearly all questions with one look; the order of use is told of every `TOUCH`th of them, which orders them as well.
   */
  readonly #recent: Int32Array;
  readonly #recentMask: number;
  #finds = 0;
  /** Keys of answers that there was no room for, one place for each key's low bits: who is asked for again is let in. */
  readonly #refused: Int32Array;
  #refusals = 0;
  /** Whether it holds, or has held, answers that are not for everybody. */
  hasViews = false;
  /** Free blocks of each size, a stack in a list. */
  readonly #free: number[][] = [];
  /** Size of the blocks of each page, as an index into `#free`. */
  readonly #sizes: number[] = [];
  #pagesUsed = 0;
  readonly #pages: number;

  /** @param size octets of memory for answers; below 65,536 nothing is kept */
  constructor(image: ImageReader, size: number) {
    this.#image = image;
    this.#pages = Math.floor(size / PAGE);
    const memory = new ArrayBuffer(this.#pages * PAGE);
    this.octets = new Uint8Array(memory);
    this.words = new Uint32Array(memory);
    this.shorts = new Uint16Array(memory);
    let places = 2;
    while (places * MIN_BLOCK < size) places *= 2;
    this.#recent = new Int32Array(places * 2).fill(-1);
    this.#recentMask = places - 1;
    this.#refused = new Int32Array(places);
    for (let block = MIN_BLOCK; block <= MAX_BLOCK; block *= 2) this.#free.push([]);
    this.#entries = new LRUCache({
      max: Math.max(1, Math.floor((this.#pages * PAGE) / MIN_BLOCK)),
      dispose: (at) => this.#release(at),
    });
  }

  /** How many answers it holds. */
  get count(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The key of a question. Two questions may share one; the entry tells them apart. */
  key(query: Query, view: number, sizeClass: number): number {
    let hash = query.name.key ^ Math.imul((query.type << 16) ^ ((view << 2) | sizeClass), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }

  /** @returns the octet offset of a good answer to exactly this question; -1 when there is none */
  find(key: number, query: Query, view: number, sizeClass: number, sequence: number): number {
    const at = this.#place(key);
    if (at < 0) return -1;
    const word = at >>> 2;
    const words = this.words;
    if (words[word + EntryWord.TYPE_LENGTH] >>> 16 !== query.type) return -1;
    if (words[word + EntryWord.KIND] >>> 12 !== ((view << 4) | sizeClass)) return -1;
    const octets = this.octets;
    const name = query.name.octets;
    const nameAt = at + EntryWord.WORDS * 4 + HEADER;
    for (let i = 0; i < query.name.length; i++) if (octets[nameAt + i] !== name[i]) return -1;
    if (words[word + EntryWord.SEQUENCE] !== sequence >>> 0 && !this.#isGood(word, sequence)) return -1;
    return at;
  }

  /** Where the entry with this key lies; -1 when there is none. */
  #place(key: number): number {
    const recent = this.#recent;
    const place = (key & this.#recentMask) * 2;
    if (recent[place] === key && recent[place + 1] >= 0 && (++this.#finds & (TOUCH - 1)) !== 0)
      return recent[place + 1];
    const at = this.#entries.get(key);
    if (at === undefined) return -1;
    recent[place] = key;
    recent[place + 1] = at;
    return at;
  }

  /** Checks all that an answer was composed from; a good one need not be checked again until the next publication. */
  #isGood(word: number, sequence: number): boolean {
    const image = this.#image;
    const words = this.words;
    if ((sequence & 1) !== 0 || words[word + EntryWord.ZONE_SET] !== image.version(ZONE_SET)) return false;
    const counts = words[word + EntryWord.DEPENDENCIES];
    let at = word + EntryWord.WORDS + (((words[word] & 0xffff) + 3) >>> 2);
    for (let left = counts >>> 24; left > 0; left--, at += 2) {
      const now = image.slotValue(words[at]);
      if (now !== words[at + 1] && (left > 1 || !this.#renew(word, at, now))) return false;
    }
    for (let left = (counts >>> 16) & 255; left > 0; left--, at += 2)
      if (image.version(words[at]) !== words[at + 1]) return false;
    words[word + EntryWord.SEQUENCE] = sequence;
    return true;
  }

  /**
   * Puts the new serial into a negative answer: that of a zone moves with each of its changes, and is no reason to compose
   * all of them anew.
   * @param at word of the last dependency
   * @param now what its slot holds
   * @returns false when that is not all that has changed
   */
  #renew(word: number, at: number, now: number): boolean {
    const { words, octets } = this;
    if ((words[word + EntryWord.KIND] & SOA_AT_END) === 0) return false;
    const serial = this.#image.newSerial(words[at + 1], now);
    if (serial < 0) return false;
    const from = this.#image.texts;
    const to = (word + EntryWord.WORDS) * 4 + (words[word] & 0xffff) - SOA_NUMBERS;
    for (let i = 0; i < 4; i++) octets[to + i] = from[serial + i];
    words[at + 1] = now;
    return true;
  }

  /** Offset, in units of two octets, of an entry's list of record offsets; the list of pointers follows it. */
  lists(at: number): number {
    const word = at >>> 2;
    const counts = this.words[word + EntryWord.DEPENDENCIES];
    const dependencies = (counts >>> 24) + ((counts >>> 16) & 255);
    return (word + EntryWord.WORDS + (((this.words[word] & 0xffff) + 3) >>> 2) + dependencies * 2) * 2;
  }

  /** Keeps what the composer has composed, if it is of a size worth keeping and room can be made. */
  keep(key: number, query: Query, view: number, sizeClass: number, sequence: number, composer: Composer): void {
    const { message } = composer;
    const { sections, dependencies } = composer;
    if (message.length > MAX_CACHED || !dependencies.isWhole) return;
    const { turnCount } = sections;
    const { slotCount, zoneCount } = dependencies;
    const head = (EntryWord.WORDS + ((message.length + 3) >>> 2) + (slotCount + zoneCount) * 2) * 4;
    const at = this.#take(head + (turnCount + message.pointers) * 2, key);
    if (at < 0) return;
    if (view !== ANY_VIEW) this.hasViews = true;
    const words = this.words;
    const word = at >>> 2;
    words[word + EntryWord.TYPE_LENGTH] = (query.type << 16) | message.length;
    words[word + EntryWord.SEQUENCE] = sequence;
    words[word + EntryWord.KEY] = key;
    words[word + EntryWord.ZONE_SET] = this.#image.version(ZONE_SET);
    words[word + EntryWord.KIND] =
      (view << 16) |
      (sizeClass << 12) |
      (sections.isComplete ? COMPLETE : 0) |
      (composer.isAuthoritative ? AUTHORITATIVE : 0) |
      (dependencies.endsWithSoa ? SOA_AT_END : 0) |
      composer.rcode;
    words[word + EntryWord.COUNTS] = (message.answers << 16) | message.authorities;
    words[word + EntryWord.TURN] = (message.additionals << 16) | turnCount;
    words[word + EntryWord.TURN_RANGE] = (sections.turnStart << 16) | sections.turnEnd;
    words[word + EntryWord.DEPENDENCIES] = (slotCount << 24) | (zoneCount << 16) | message.pointers;
    const start = at + EntryWord.WORDS * 4;
    const octets = this.octets;
    const source = message.octets;
    for (let i = HEADER; i < message.length; i++) octets[start + i] = source[i];
    let to = word + EntryWord.WORDS + ((message.length + 3) >>> 2);
    for (let i = 0; i < slotCount * 2; i++) words[to++] = dependencies.slots[i];
    for (let i = 0; i < zoneCount * 2; i++) words[to++] = dependencies.zones[i];
    let list = to * 2;
    for (let i = 0; i < turnCount; i++) this.shorts[list++] = sections.recordAt[i];
    for (let i = 0; i < message.pointers; i++) this.shorts[list++] = message.pointerAt[i];
    this.#entries.set(key, at);
  }

  /** Takes a block of at least `size` octets. @returns its offset; -1 when there is none to be had */
  #take(size: number, key: number): number {
    let index = 0;
    while (MIN_BLOCK << index < size) index++;
    if (index >= this.#free.length) return -1;
    if (this.#free[index].length === 0 && this.#pagesUsed < this.#pages) this.#cutPage(index);
    if (!this.#hasRoom(index) && !this.#isWorthIt(key)) return -1;
    // What this answer replaces is given up first, so that its block can serve again.
    this.#entries.delete(key);
    for (let evictions = 0; !this.#hasRoom(index); evictions++)
      if (evictions === MAX_EVICTIONS || this.#entries.pop() === undefined) return -1;
    // A larger one does as well: pages never change their size of blocks, and what is asked may.
    let from = index;
    while (this.#free[from].length === 0) from++;
    return this.#free[from].pop()!;
  }

  /** Whether a block of this size, or a larger one, is free. */
  #hasRoom(index: number): boolean {
    for (let i = index; i < this.#free.length; i++) if (this.#free[i].length > 0) return true;
    return false;
  }

  /**
   * Whether an answer is worth that others give way to it: once it was refused before. So names that are asked for once,
   * random ones above all, push out little. One in `UNASKED` is let in all the same, lest two keys with one place keep each
   * other out for ever.
   */
  #isWorthIt(key: number): boolean {
    const place = key & this.#recentMask;
    if (this.#refused[place] === key || (++this.#refusals & (UNASKED - 1)) === 0) return true;
    this.#refused[place] = key;
    return false;
  }

  /** Cuts a page into free blocks of one size. */
  #cutPage(index: number): void {
    const start = this.#pagesUsed * PAGE;
    this.#sizes[this.#pagesUsed++] = index;
    for (let at = start; at < start + PAGE; at += MIN_BLOCK << index) this.#free[index].push(at);
  }

  #release(at: number): void {
    const place = (this.words[(at >>> 2) + EntryWord.KEY] & this.#recentMask) * 2;
    if (this.#recent[place + 1] === at) this.#recent[place + 1] = -1;
    this.#free[this.#sizes[Math.floor(at / PAGE)]].push(at);
  }
}
