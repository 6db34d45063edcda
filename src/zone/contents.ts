// What records say: type, TTL, views and rdata, each combination once, in columns. The names of one task say the same few
// things many times over, so a million records are a quarter of that in contents.
import type { Octets } from '../wire/name.ts';
import { NodeRecord } from '../wire/node-record.ts';
import type { RR } from '../wire/rr.ts';
import type { Views } from '../wire/views.ts';
import { EVERYWHERE } from '../wire/views.ts';
import { allocateOctets, LOOP_OCTETS, type OctetBuffer } from './octet-buffer.ts';
import { hashOctets, OctetHeap } from './octet-heap.ts';

const FIRST_CONTENTS = 1 << 10;

/** Words that a content takes, side by side: what is looked at together is fetched together. */
const WORDS = 5;
/** Next content in the same bucket of the hash table, or in the list of free numbers. */
const CHAIN = 0;
/** Index in `#kinds`. */
const KIND = 1;
/** Where its rdata lies in the heap. */
const RDATA = 2;
const REFERENCES = 3;
const HASH = 4;

/** Ends a chain, and stands for what is not there. */
export const NONE = -1;

/** All of a content but its rdata. */
interface Kind {
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  readonly views: Views;
}

/** Kinds that are looked through before a look into the table: a cluster's records have three or four. */
const COMMON_KINDS = 8;

/** A set of record contents, each known by a small number while anything refers to it. */
export class Contents {
  readonly #heap = new OctetHeap();
  readonly #kinds: Kind[] = [];
  /** Numbers of kinds: type and TTL -> views. */
  readonly #kindNumbers = new Map<number, Map<Views, number>>();
  #words = new Int32Array(FIRST_CONTENTS * WORDS);
  #buckets = new Int32Array(FIRST_CONTENTS).fill(NONE);
  #free = NONE;
  #used = 0;
  /** What was looked for last and what was found: a name's neighbours mostly say the same. */
  #last: RR | NodeRecord | undefined;
  #lastContent = NONE;
  /** The rdata that is looked for. */
  readonly #rdata = allocateOctets(65_536);

  /** Where the octets of rdata lie that `position` gives. */
  get heap(): OctetHeap {
    return this.#heap;
  }

  /** The number of what a record says; new if need be. It is to be referred to before anything else is let go. */
  of(rr: RR | NodeRecord): number {
    const last = this.#last;
    if (last !== undefined && isSame(last, rr)) return this.#lastContent;
    const kind = this.#kindOf(rr.type, rr.ttl, rr.views);
    const octets = this.#rdata;
    const length = writeRdata(octets, rr);
    const hash = hashOctets(octets, length, seedOf(kind));
    const words = this.#words;
    let content = this.#buckets[hash & (this.#buckets.length - 1)]!;
    for (; content !== NONE; content = words[content * WORDS + CHAIN]!) {
      const at = content * WORDS;
      if (
        words[at + HASH] === hash &&
        words[at + KIND] === kind &&
        this.#heap.equals(words[at + RDATA]! >>> 0, octets, length)
      )
        break;
    }
    if (content === NONE) content = this.#add(kind, hash, length);
    this.#last = rr;
    this.#lastContent = content;
    return content;
  }

  refer(content: number): void {
    this.#words[content * WORDS + REFERENCES]!++;
  }

  /** Takes a reference back; with the last one its number is free. */
  release(content: number): void {
    const words = this.#words;
    const at = content * WORDS;
    if (--words[at + REFERENCES]! > 0) return;
    const bucket = words[at + HASH]! & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === content) this.#buckets[bucket] = words[at + CHAIN]!;
    else {
      let before = this.#buckets[bucket]!;
      while (words[before * WORDS + CHAIN] !== content) before = words[before * WORDS + CHAIN]!;
      words[before * WORDS + CHAIN] = words[at + CHAIN]!;
    }
    this.#heap.remove(this.position(content));
    words[at + CHAIN] = this.#free;
    this.#free = content;
    this.#last = undefined;
    if (this.#heap.isSparse)
      this.#heap.compact(words, RDATA, WORDS, this.#used, (i) => words[i * WORDS + REFERENCES]! > 0);
  }

  type(content: number): number {
    return this.#kind(content).type;
  }

  ttl(content: number): number {
    return this.#kind(content).ttl;
  }

  views(content: number): Views {
    return this.#kind(content).views;
  }

  /** Where its rdata lies in `heap`, until the next content is let go. */
  position(content: number): number {
    return this.#words[content * WORDS + RDATA]! >>> 0;
  }

  rdata(content: number): Octets {
    return this.#heap.text(this.position(content));
  }

  /** Orders two by type, then by rdata. */
  compare(a: number, b: number): number {
    return this.type(a) - this.type(b) || this.#heap.compare(this.position(a), this.position(b));
  }

  #kind(content: number): Kind {
    return this.#kinds[this.#words[content * WORDS + KIND]!]!;
  }

  #kindOf(type: number, ttl: number, views: Views = EVERYWHERE): number {
    for (let kind = 0; kind < COMMON_KINDS && kind < this.#kinds.length; kind++) {
      const known = this.#kinds[kind]!;
      if (known.type === type && known.ttl === ttl && known.views === views) return kind;
    }
    const key = type * 2 ** 32 + ttl;
    let ofTtl = this.#kindNumbers.get(key);
    if (!ofTtl) {
      ofTtl = new Map();
      this.#kindNumbers.set(key, ofTtl);
    }
    let kind = ofTtl.get(views);
    if (kind === undefined) {
      kind = this.#kinds.push({ type, ttl, views }) - 1;
      ofTtl.set(views, kind);
    }
    return kind;
  }

  #add(kind: number, hash: number, length: number): number {
    const content = this.#take();
    const words = this.#words;
    const bucket = hash & (this.#buckets.length - 1);
    const at = content * WORDS;
    words[at + CHAIN] = this.#buckets[bucket]!;
    words[at + KIND] = kind;
    words[at + RDATA] = this.#heap.addOctets(this.#rdata, length);
    words[at + REFERENCES] = 0;
    words[at + HASH] = hash;
    this.#buckets[bucket] = content;
    return content;
  }

  #take(): number {
    if (this.#free === NONE) {
      if (this.#used * WORDS === this.#words.length) this.#grow();
      return this.#used++;
    }
    const content = this.#free;
    this.#free = this.#words[content * WORDS + CHAIN]!;
    return content;
  }

  #grow(): void {
    const words = new Int32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    // All numbers are in use, so the chains can be made anew from them.
    const size = this.#buckets.length * 2;
    const buckets = new Int32Array(size).fill(NONE);
    this.#buckets = buckets;
    for (let content = 0; content < this.#used; content++) {
      const bucket = words[content * WORDS + HASH]! & (size - 1);
      words[content * WORDS + CHAIN] = buckets[bucket]!;
      buckets[bucket] = content;
    }
  }
}

/** Whether two records say the same, as far as that is seen at a glance. */
function isSame(a: RR | NodeRecord, b: RR | NodeRecord): boolean {
  if (a.type !== b.type || a.ttl !== b.ttl || a.views !== b.views) return false;
  if (a instanceof NodeRecord) return b instanceof NodeRecord && a.data === b.data;
  return !(b instanceof NodeRecord) && a.rdata === b.rdata;
}

/** @returns octets written */
function writeRdata(octets: OctetBuffer, rr: RR | NodeRecord): number {
  const data = rr instanceof NodeRecord ? rr.data : rr.rdata;
  if (typeof data !== 'string') return data.write(octets, 0);
  if (data.length > LOOP_OCTETS) return octets.latin1Write(data, 0);
  for (let i = 0; i < data.length; i++) octets[i] = data.charCodeAt(i);
  return data.length;
}

function seedOf(kind: number): number {
  return Math.imul(kind + 1, 0x9e3779b1);
}
