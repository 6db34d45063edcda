// The owner names of all zones: each name once, as octets, found by the same hash as in the image. A name is in here while
// it owns records or has names below it (an empty non-terminal, RFC 8020).
import type { Name } from '../wire/name.ts';
import type { NameNode } from '../wire/name-node.ts';
import { NONE } from './contents.ts';
import { EMPTY } from './number-lists.ts';
import type { Move, Texts } from './texts.ts';

const FIRST_OWNERS = 1 << 8;

/** Words that an owner takes, side by side: what is looked at together is fetched together. */
const WORDS = 8;
/** Next owner with the same bucket, or next free number. */
const CHAIN = 0;
const HASH = 1;
/** Number of its zone; NONE in a free one. */
const ZONE = 2;
/** Where its name lies among the texts. */
const NAME = 3;
/** Where the list of its records lies, and how long it is. */
const LIST = 4;
const COUNT = 5;
const PARENT = 6;
/** Twice the number of names right below it; one more while it is to be laid out anew. */
const CHILDREN = 7;

export class Owners {
  readonly #texts: Texts;
  #words = new Int32Array(FIRST_OWNERS * WORDS);
  #buckets = new Int32Array(FIRST_OWNERS).fill(NONE);
  #used = 0;
  #free = NONE;
  #live = 0;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  get size(): number {
    return this.#live;
  }

  /** Numbers taken so far, given back ones included. */
  get taken(): number {
    return this.#used;
  }

  /** Makes room for that many more. */
  reserve(more: number): void {
    if ((this.#used + more) * WORDS > this.#words.length) this.#grow(this.#used + more);
  }

  /**
   * @param name its characters from `from` on are the name
   * @param hash `hashNode` of it, letter case aside; the image's nodes have the same
   * @returns the owner's number; NONE when the name is not there
   */
  find(zone: number, name: Name, from: number, hash: number): number {
    const words = this.#words;
    let owner = this.#buckets[hash & (this.#buckets.length - 1)]!;
    for (; owner !== NONE; owner = words[owner * WORDS + CHAIN]!) {
      const at = owner * WORDS;
      if (
        words[at + HASH] === hash &&
        words[at + ZONE] === zone &&
        this.#texts.isName(words[at + NAME]! >>> 0, name, from)
      )
        break;
    }
    return owner;
  }

  /** The same, of a name whose parent's number is known. */
  findChild(parent: number, name: NameNode, hash: number): number {
    const words = this.#words;
    let owner = this.#buckets[hash & (this.#buckets.length - 1)]!;
    for (; owner !== NONE; owner = words[owner * WORDS + CHAIN]!) {
      const at = owner * WORDS;
      if (
        words[at + HASH] === hash &&
        words[at + PARENT] === parent &&
        this.#texts.startsWithLabel(words[at + NAME]! >>> 0, name)
      )
        break;
    }
    return owner;
  }

  /**
   * Adds a name that is not there.
   * @param parent number of the name above it, whose children it counts among; NONE for an apex
   */
  add(zone: number, name: Name, hash: number, parent: number): number {
    return this.#add(zone, this.#texts.add(name), hash, parent);
  }

  /** The same, of a name whose parent's number is known. */
  addChild(parent: number, name: NameNode, hash: number): number {
    const place = this.#texts.addName(name, this.#words[parent * WORDS + NAME]! >>> 0);
    return this.#add(this.zone(parent), place, hash, parent);
  }

  #add(zone: number, name: number, hash: number, parent: number): number {
    const owner = this.#take();
    const words = this.#words;
    const bucket = hash & (this.#buckets.length - 1);
    const at = owner * WORDS;
    words[at + CHAIN] = this.#buckets[bucket]!;
    words[at + HASH] = hash;
    words[at + ZONE] = zone;
    words[at + NAME] = name;
    words[at + LIST] = EMPTY;
    words[at + COUNT] = 0;
    words[at + PARENT] = parent;
    words[at + CHILDREN] = 0;
    this.#buckets[bucket] = owner;
    if (parent !== NONE) words[parent * WORDS + CHILDREN]! += 2;
    this.#live++;
    return owner;
  }

  remove(owner: number): void {
    const words = this.#words;
    const at = owner * WORDS;
    const parent = words[at + PARENT]!;
    if (parent !== NONE) words[parent * WORDS + CHILDREN]! -= 2;
    const bucket = words[at + HASH]! & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === owner) this.#buckets[bucket] = words[at + CHAIN]!;
    else {
      let before = this.#buckets[bucket]!;
      while (words[before * WORDS + CHAIN] !== owner) before = words[before * WORDS + CHAIN]!;
      words[before * WORDS + CHAIN] = words[at + CHAIN]!;
    }
    this.#texts.remove(words[at + NAME]! >>> 0);
    words[at + ZONE] = NONE;
    words[at + PARENT] = NONE;
    words[at + CHILDREN] = 0;
    words[at + CHAIN] = this.#free;
    this.#free = owner;
    this.#live--;
  }

  /** The name as it was spelled when it came. */
  name(owner: number): Name {
    return this.#texts.text(this.place(owner));
  }

  /** Where its name lies among the texts. */
  place(owner: number): number {
    return this.#words[owner * WORDS + NAME]! >>> 0;
  }

  hash(owner: number): number {
    return this.#words[owner * WORDS + HASH]!;
  }

  /** NONE for a number that is free. */
  zone(owner: number): number {
    return this.#words[owner * WORDS + ZONE]!;
  }

  parent(owner: number): number {
    return this.#words[owner * WORDS + PARENT]!;
  }

  /** Whether there are names right below it. */
  hasChildren(owner: number): boolean {
    return this.#words[owner * WORDS + CHILDREN]! > 1;
  }

  /** The list of what its records say; `EMPTY` when it has none. */
  list(owner: number): number {
    return this.#words[owner * WORDS + LIST]!;
  }

  /** Length of that list. */
  count(owner: number): number {
    return this.#words[owner * WORDS + COUNT]!;
  }

  setList(owner: number, list: number, count: number): void {
    this.#words[owner * WORDS + LIST] = list;
    this.#words[owner * WORDS + COUNT] = count;
  }

  /** Notes that it is to be laid out anew. @returns whether that is news */
  makeStale(owner: number): boolean {
    const at = owner * WORDS + CHILDREN;
    const isNews = (this.#words[at]! & 1) === 0;
    this.#words[at]! |= 1;
    return isNews;
  }

  /** Takes the note back. @returns whether there was one */
  takeStale(owner: number): boolean {
    const at = owner * WORDS + CHILDREN;
    const wasStale = (this.#words[at]! & 1) === 1;
    this.#words[at]! &= ~1;
    return wasStale;
  }

  /** All owners of a zone, its apex first. */
  *ofZone(zone: number, apex: number): IterableIterator<number> {
    yield apex;
    for (let owner = 0; owner < this.#used; owner++) if (this.zone(owner) === zone && owner !== apex) yield owner;
  }

  #take(): number {
    if (this.#free === NONE) {
      if (this.#used * WORDS === this.#words.length) this.#grow(this.#used + 1);
      return this.#used++;
    }
    const owner = this.#free;
    this.#free = this.#words[owner * WORDS + CHAIN]!;
    return owner;
  }

  /** Takes note of where the names were moved to. */
  move(move: Move): void {
    const words = this.#words;
    for (let owner = 0; owner < this.#used; owner++)
      if (this.zone(owner) !== NONE) words[owner * WORDS + NAME] = move(0, this.place(owner));
  }

  #grow(needed: number): void {
    let size = this.#buckets.length * 2;
    while (size < needed) size *= 2;
    const words = new Int32Array(size * WORDS);
    words.set(this.#words.subarray(0, this.#used * WORDS));
    this.#words = words;
    const buckets = new Int32Array(size).fill(NONE);
    this.#buckets = buckets;
    for (let owner = 0; owner < this.#used; owner++) {
      // Free ones are in a chain of their own.
      if (this.zone(owner) === NONE) continue;
      const bucket = words[owner * WORDS + HASH]! & (size - 1);
      words[owner * WORDS + CHAIN] = buckets[bucket]!;
      buckets[bucket] = owner;
    }
  }
}
